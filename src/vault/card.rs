//! What is secret about a card. None of these types can be displayed, cloned or serialised; their debug
//! output is masked.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::Offset};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

/// The text is not a card number, expiry date or CVC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not in the expected format")]
pub struct FormatError;

/// A primary account number, 13 to 19 digits, held in groups of four as it is printed on the card
/// (the way the card network's protocol writes it).
pub struct Pan(SecretString);

const PAN_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

impl Pan {
    /// Reads a number typed with or without spaces and dashes.
    ///
    /// # Errors
    /// Other characters, or fewer than 13 or more than 19 digits (ISO/IEC 7812).
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let mut digits = Zeroizing::new(String::with_capacity(19));
        for c in text.chars() {
            match c {
                '0'..='9' if digits.len() < *PAN_DIGITS.end() => digits.push(c),
                ' ' | '-' => {}
                _ => return Err(FormatError),
            }
        }
        if !PAN_DIGITS.contains(&digits.len()) {
            return Err(FormatError);
        }
        let mut grouped = String::with_capacity(24);
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && i % 4 == 0 {
                grouped.push('-');
            }
            grouped.push(c);
        }
        Ok(Self(grouped.into()))
    }

    /// `****-****-****-3456`: every digit hidden but the last four.
    pub fn masked(&self) -> String {
        let grouped = self.0.expose_secret();
        let hidden = grouped.chars().filter(char::is_ascii_digit).count() - 4;
        let mut seen = 0;
        grouped
            .chars()
            .map(|c| {
                seen += usize::from(c.is_ascii_digit());
                if c.is_ascii_digit() && seen <= hidden { '*' } else { c }
            })
            .collect()
    }

    /// The number in clear, for an acquirer or for sealing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// A card verification code: 3 or 4 digits, asked once at registration and never kept.
pub struct Cvc(SecretString);

impl Cvc {
    /// # Errors
    /// Anything but 3 or 4 digits.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let good = matches!(text.len(), 3 | 4) && text.bytes().all(|b| b.is_ascii_digit());
        if good { Ok(Self(text.into())) } else { Err(FormatError) }
    }

    /// The code in clear, for the acquirer's validation only.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Cvc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The month up to whose end a card is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    month: i8,
    /// Two digits, 2000 to 2099.
    year: i16,
}

impl Expiry {
    /// Reads `MM/YY`.
    ///
    /// # Errors
    /// Anything else, or a month outside 01 to 12.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let bytes = text.as_bytes();
        let digits = |at: usize| match (bytes.get(at), bytes.get(at + 1)) {
            (Some(a @ b'0'..=b'9'), Some(b @ b'0'..=b'9')) => Ok((a - b'0') * 10 + (b - b'0')),
            _ => Err(FormatError),
        };
        if bytes.len() != 5 || bytes[2] != b'/' {
            return Err(FormatError);
        }
        let (month, year) = (digits(0)?, digits(3)?);
        if !(1..=12).contains(&month) {
            return Err(FormatError);
        }
        Ok(Self { month: month.cast_signed(), year: i16::from(year) })
    }

    /// Whether the month is over, on the calendar of Seoul.
    pub fn is_past(self, now: Timestamp) -> bool {
        let today: Date = Offset::constant(9).to_datetime(now).date();
        (2000 + self.year, self.month) < (today.year(), today.month())
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}/{:02}", self.month, self.year)
    }
}

/// What an acquirer needs to know of a registered instrument: the only thing that carries a card number
/// out of the vault.
#[derive(Debug)]
pub struct Credential {
    pub pan: Pan,
    pub expiry: Expiry,
    /// Card company, in the network's own spelling (`국민`, `UnionPay`, …).
    pub company: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_read_with_or_without_dashes_and_shown_masked() {
        for text in ["1234-5678-9012-3456", "1234567890123456", "1234 5678 9012 3456"] {
            let pan = Pan::parse(text).unwrap();
            assert_eq!(pan.expose(), "1234-5678-9012-3456");
            assert_eq!(pan.masked(), "****-****-****-3456");
            assert_eq!(format!("{pan:?}"), "****-****-****-3456");
        }
        assert_eq!(Pan::parse("371449635398431").unwrap().masked(), "****-****-***8-431");
        for bad in ["", "1234", "1234-5678-9012-345x", "12345678901234567890", "１２３４５６７８９０１２３４５６"]
        {
            assert!(Pan::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cvc_shows_nothing() {
        assert_eq!(format!("{:?}", Cvc::parse("123").unwrap()), "***");
        for bad in ["", "12", "12345", "12a", "１２３"] {
            assert!(Cvc::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_card_is_good_until_the_end_of_its_month_in_seoul() {
        let expiry = Expiry::parse("11/26").unwrap();
        assert!(!expiry.is_past("2026-11-30T14:59:59Z".parse().unwrap()));
        assert!(expiry.is_past("2026-11-30T15:00:00Z".parse().unwrap()));
        for bad in ["", "1/26", "13/26", "00/26", "11-26", "11/2026", "é1/26"] {
            assert!(Expiry::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(expiry.to_string(), "11/26");
    }
}
