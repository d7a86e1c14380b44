//! What is bought and with what it is paid.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{
    CardId, CustomerId, MerchantId, Money,
    text::{TextError, breaks_a_line, checked, readable, unmistakable},
};

/// `$refused` is what it never has, `$taken` what is asked of a new one besides.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $refused:expr, $taken:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            /// In the composed form (NFC), in which texts are compared.
            fn from_str(text: &str) -> Result<Self, TextError> {
                let text: String = text.nfc().collect();
                let checked = checked(&text, $refused)?;
                $taken(&text)?;
                Ok(Self(checked))
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            /// As the journal holds it: what was taken once stays readable.
            fn try_from(text: String) -> Result<Self, TextError> {
                checked(&text, $refused).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// The shop's own name of an order, unique for this shop. Clients paste it raw into URLs and SSE
    /// data, so everything that would need escaping there is refused, and so is what a URL's path loses.
    OrderId, |c| breaks_a_line(c) || matches!(c, '"' | '\\' | '&' | '#' | '+' | '%'), unmistakable
}
impl OrderId {
    /// The composed and the decomposed form, where they are others than this one. Older versions stored ids as they came.
    pub fn other_forms(&self) -> Vec<Self> {
        let (composed, decomposed): (String, String) = (self.0.nfc().collect(), self.0.nfd().collect());
        let mut forms = vec![composed, decomposed];
        forms.dedup();
        forms.into_iter().filter(|form| **form != *self.0).map(|form| Self(form.into())).collect()
    }
}

text! {
    /// What the customer reads on the phone.
    OrderName, breaks_a_line, readable
}

/// Where the shop's page goes when the payment has ended. Plain http(s) URLs, checked at the door.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirects {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_url: Option<String>,
}

/// A shop's request for money: what a payment is created from and never changes afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub merchant: MerchantId,
    pub order_id: OrderId,
    pub order_name: OrderName,
    pub amount: Money,
    pub expires_at: Timestamp,
    #[serde(default)]
    pub redirects: Box<Redirects>,
    /// The shop's own JSON object, as text; Paygate stores and returns it, and never looks inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<str>>,
}

/// The account that owns a payment since its first approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    pub id: CustomerId,
    pub email: Box<str>,
}

/// The means of payment a customer chose: enough to show it and to find it again, nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Which payment method it belongs to (`card`, …): a key of the acquirer table.
    pub method: Box<str>,
    pub id: CardId,
    /// Masked number, last four digits kept.
    pub masked: Box<str>,
    /// Card company or bank.
    pub issuer: Box<str>,
}
