//! Amounts in requests: JSON numbers, read digit by digit as they were written. A parser's floating point
//! would round `15000.0000000000001` to a whole won.

use serde_json::value::RawValue;

use super::fields::{POSITIVE, WRONG_TYPE, required};
use crate::{
    domain::{Currency, Money, MoneyError},
    error::{ApiError, Problem},
};

const TOO_LARGE: Problem =
    Problem { ko: "한도를 초과했습니다 (최대 100,000,000원)", en: "is above the limit (100,000,000 KRW)" };
const WHOLE_WON: Problem = Problem { ko: "원 단위 정수여야 합니다", en: "must be a whole number of won" };
const OTHER_CURRENCY: Problem = Problem { ko: "KRW만 사용할 수 있습니다", en: "must be KRW" };
const FROM_ZERO: Problem = Problem { ko: "0 이상이어야 합니다", en: "must not be negative" };

/// A number as it stands in a body.
pub type Amount = Box<RawValue>;

/// A currency beside an amount: that of the payment, where it is named.
pub fn currency(value: Option<&str>) -> Result<(), ApiError> {
    match value {
        None => Ok(()),
        Some(code) if code == Currency::KRW.code() => Ok(()),
        Some(_) => Err(ApiError::field("currency", OTHER_CURRENCY)),
    }
}

/// An amount of won.
pub fn won(name: &'static str, value: Option<Amount>) -> Result<Money, ApiError> {
    let minor = whole(name, &required(name, value)?)?;
    Money::new(minor, Currency::KRW).map_err(|error| {
        ApiError::field(
            name,
            match error {
                MoneyError::NotPositive => POSITIVE,
                MoneyError::TooLarge => TOO_LARGE,
            },
        )
    })
}

/// An amount of won; everything when absent.
pub fn part(value: Option<Amount>) -> Result<Option<i64>, ApiError> {
    value.map(|value| won("amount", Some(value))).transpose().map(|money| money.map(Money::minor))
}

/// What is left of a payment: nothing, or an amount of won.
pub fn balance(name: &'static str, value: &RawValue) -> Result<i64, ApiError> {
    let minor = whole(name, value)?;
    if minor < 0 { Err(ApiError::field(name, FROM_ZERO)) } else { Ok(minor) }
}

fn whole(name: &'static str, value: &RawValue) -> Result<i64, ApiError> {
    let text = value.get();
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Err(ApiError::field(name, WRONG_TYPE));
    }
    let digits = digits(text).ok_or_else(|| ApiError::field(name, WHOLE_WON))?;
    digits.parse().map_err(|_| ApiError::field(name, TOO_LARGE))
}

/// A whole number without point and exponent. Some languages write 15000 as `15000.0` or `1.5E4`: that is
/// the same number, and no won is cut in pieces.
pub(super) fn digits(number: &str) -> Option<String> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let zeros = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let all = format!("{whole}{fraction}");
    let Ok(zeros) = usize::try_from(zeros) else {
        // The point moves to the left, over zeros alone.
        let end = all.len().checked_sub(usize::try_from(zeros.unsigned_abs()).ok()?)?;
        let (kept, cut) = all.split_at(end);
        return cut.bytes().all(|digit| digit == b'0').then(|| kept.to_owned());
    };
    // What has more digits than any amount is too large all the same.
    Some(all + &"0".repeat(zeros.min(32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Result<i64, String> {
        let value = serde_json::from_str(text).unwrap();
        won("amount", Some(value)).map(Money::minor).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn a_whole_number_of_won_is_taken_however_it_is_written() {
        for good in ["15000", "15000.0", "15000.000", "1.5e4", "1.5E+4", "150e2", "1500000e-2", "15000.00e0"] {
            assert_eq!(amount(good), Ok(15_000), "{good}");
        }
        assert_eq!(amount("100000000"), Ok(100_000_000));
        assert_eq!(amount("1e8"), Ok(100_000_000));
    }

    #[test]
    fn a_fraction_of_a_won_is_refused_however_small() {
        for bad in ["0.5", "15000.5", "15000.0000000000001", "99999999.9999999999", "0.99999999999999999999"] {
            assert!(amount(bad).unwrap_err().contains("a whole number"), "{bad}");
        }
        for bad in [
            "15e-1",
            "15000.0e-1000",
            "1e-99999999999999999999",
            "1.0e-9223372036854775808",
            "1.00000000000000000001e3",
        ] {
            assert!(amount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for bad in ["0", "-1", "0.0", "-0.0", "-1.5e4", "\"15000\"", "true", "[15000]", "{}"] {
            assert!(amount(bad).is_err(), "{bad}");
        }
        for large in ["100000001", "18446744073709551615", "1e30", "1e9999999", "100000000.000000001"] {
            assert!(amount(large).is_err(), "{large}");
        }
        assert!(won("amount", None).is_err());
        let left = |text: &str| balance("expectedBalance", &serde_json::from_str::<Amount>(text).unwrap());
        assert_eq!((left("0").ok(), left("12.0").ok(), left("-1").ok()), (Some(0), Some(12), None));
    }
}
