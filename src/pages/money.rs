//! Money as people read it.

use crate::error::Lang;

/// `15,000원` or `₩15,000`.
pub fn won(amount: i64, lang: Lang) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if amount < 0 {
        grouped.push('−');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match lang {
        Lang::Ko => format!("{grouped}원"),
        Lang::En => format!("₩{grouped}"),
    }
}
