//! What is bought and with what it is paid.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CardId, CustomerId, MerchantId, Money};

/// Why a text is not an order id or order name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("must have 1 to 100 characters")]
    Length,
    #[error("contains a character that is not allowed")]
    Character,
    #[error("must have a character that can be seen")]
    Invisible,
}

const MAX_TEXT_CHARS: usize = 100;

fn checked(text: &str, refused: impl Fn(char) -> bool) -> Result<Box<str>, TextError> {
    let count = text.chars().take(MAX_TEXT_CHARS + 1).count();
    if count == 0 || count > MAX_TEXT_CHARS {
        return Err(TextError::Length);
    }
    if text.chars().any(refused) {
        return Err(TextError::Character);
    }
    Ok(text.into())
}

/// Line and paragraph separators break a line in many clients although they are no control characters.
fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// What turns the direction of a text around lets a name read as another one.
fn disguises(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Spaces, what joins or divides its neighbours without being there, and the blanks among letters and signs.
fn is_invisible(c: char) -> bool {
    let has_no_width = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    let is_blank = matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}');
    c.is_whitespace() || has_no_width || is_blank
}

/// Somebody reads it, and takes it for what it looks like.
fn readable(text: &str) -> Result<(), TextError> {
    if text.chars().any(disguises) {
        return Err(TextError::Character);
    }
    // That it is empty is said of its length.
    if !text.is_empty() && text.chars().all(is_invisible) { Err(TextError::Invisible) } else { Ok(()) }
}

/// A path loses such a segment.
fn no_dots(text: &str) -> Result<(), TextError> {
    if matches!(text, "." | "..") { Err(TextError::Character) } else { Ok(()) }
}

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

            fn from_str(text: &str) -> Result<Self, TextError> {
                let checked = checked(text, $refused)?;
                $taken(text)?;
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
    OrderId, |c| breaks_a_line(c) || matches!(c, '"' | '\\' | '&' | '#' | '+' | '%'), no_dots
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
