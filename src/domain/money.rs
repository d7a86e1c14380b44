//! Money: whole minor units of one currency. There is no float and no rounding anywhere.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency this gateway can charge in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Currency {
    /// South Korean won. Its exponent is 0: one won is the smallest unit.
    KRW,
}

impl Currency {
    /// The three-letter ISO 4217 code.
    pub const fn code(self) -> &'static str {
        match self {
            Currency::KRW => "KRW",
        }
    }

    /// Digits after the decimal point (ISO 4217 "minor unit").
    pub const fn exponent(self) -> u32 {
        match self {
            Currency::KRW => 0,
        }
    }

    /// The largest amount of one payment, in minor units (wire contract, section 1: 100,000,000 KRW).
    pub const fn max_amount(self) -> i64 {
        match self {
            Currency::KRW => 100_000_000,
        }
    }

    /// Looks a currency up by its ISO code.
    pub fn from_code(code: &str) -> Option<Self> {
        (code == "KRW").then_some(Currency::KRW)
    }
}

/// A positive amount a payment or refund may have: `1 ..= currency.max_amount()` minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawMoney", into = "RawMoney")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

#[derive(Serialize, Deserialize)]
struct RawMoney {
    minor: i64,
    currency: Currency,
}

/// Why a number is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("the amount must be greater than zero")]
    NotPositive,
    #[error("the amount is larger than the limit")]
    TooLarge,
}

impl Money {
    /// Takes `minor` units of `currency`.
    ///
    /// # Errors
    /// Zero and negative amounts, and amounts above [`Currency::max_amount`].
    pub const fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor <= 0 {
            return Err(MoneyError::NotPositive);
        }
        if minor > currency.max_amount() {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self { minor, currency })
    }

    /// The amount in minor units, always positive.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    pub const fn currency(self) -> Currency {
        self.currency
    }
}

impl TryFrom<RawMoney> for Money {
    type Error = MoneyError;

    fn try_from(raw: RawMoney) -> Result<Self, MoneyError> {
        Money::new(raw.minor, raw.currency)
    }
}

impl From<Money> for RawMoney {
    fn from(money: Money) -> Self {
        RawMoney { minor: money.minor, currency: money.currency }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.minor, self.currency.code())
    }
}
