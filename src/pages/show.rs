//! How pages write amounts and times.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::Offset};

use crate::error::Lang;

/// Seoul has no daylight saving time, so its offset is a constant.
const SEOUL: Offset = Offset::constant(9);

/// `15,000원` or `₩15,000`.
pub fn won(amount: i64, lang: Lang) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    let grouped = number(amount.unsigned_abs());
    match lang {
        Lang::Ko => format!("{sign}{grouped}원"),
        Lang::En => format!("{sign}₩{grouped}"),
    }
}

/// `15,000`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The wall clock in Seoul.
pub fn seoul(at: Timestamp) -> DateTime {
    SEOUL.to_datetime(at)
}

/// `2026-11-22 23:59`.
pub fn minute(at: Timestamp) -> String {
    seoul(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2026-11-22 23:59:59`.
pub fn second(at: Timestamp) -> String {
    seoul(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `250 ms`, `2.5 s`, `12 s`, `3 min 20 s`, `5 h 2 min`, `3 d 4 h`: as exact as its size is worth.
pub fn span(span: SignedDuration, lang: Lang) -> String {
    let units = match lang {
        Lang::Ko => ["초", "분", "시간", "일"],
        Lang::En => [" s", " min", " h", " d"],
    };
    let [second, minute, hour, day] = units;
    let seconds = span.as_secs().max(0);
    let two = |big: i64, unit: &str, small: i64, part: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit} {small}{part}"),
    };
    match seconds {
        0 => format!("{} ms", span.as_millis().max(0)),
        1..10 => format!("{seconds}.{}{second}", span.as_millis() % 1000 / 100),
        10..60 => format!("{seconds}{second}"),
        60..3_600 => two(seconds / 60, minute, seconds % 60, second),
        3_600..86_400 => two(seconds / 3_600, hour, seconds % 3_600 / 60, minute),
        _ => two(seconds / 86_400, day, seconds % 86_400 / 3_600, hour),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_signed() {
        for (amount, ko, en) in [
            (0, "0원", "₩0"),
            (999, "999원", "₩999"),
            (1_000, "1,000원", "₩1,000"),
            (-1_234_567, "−1,234,567원", "−₩1,234,567"),
        ] {
            assert_eq!((won(amount, Lang::Ko).as_str(), won(amount, Lang::En).as_str()), (ko, en));
        }
    }

    #[test]
    fn times_are_those_of_seoul() {
        let at: Timestamp = "2026-11-22T15:04:05Z".parse().unwrap();
        assert_eq!((minute(at).as_str(), second(at).as_str()), ("2026-11-23 00:04", "2026-11-23 00:04:05"));
    }

    #[test]
    fn spans_are_as_exact_as_they_are_worth() {
        for (millis, text) in [
            (0, "0 ms"),
            (257, "257 ms"),
            (12_900, "12 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (18_120_000, "5 h 2 min"),
            (273_600_000, "3 d 4 h"),
            (-5, "0 ms"),
        ] {
            assert_eq!(span(SignedDuration::from_millis(millis), Lang::En), text);
        }
    }
}
