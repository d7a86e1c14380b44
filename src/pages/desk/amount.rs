//! Amounts of money as people type them into forms.

/// Won, as `12000`, `12,000`, `₩12,000` or `12,000원`; full-width characters count as the plain ones.
/// `None` for everything else: `1,5` may be a decimal comma or a slip, and a guess would move money.
pub fn typed_won(text: &str) -> Option<i64> {
    let plain: String = text.trim().chars().map(half_width).collect();
    let number = plain.strip_prefix('₩').map_or(plain.as_str(), str::trim_start);
    let number = number.strip_suffix('원').map_or(number, str::trim_end);
    let mut groups = number.split(',');
    let first = groups.next().filter(|first| is_digits(first))?;
    let rest: Vec<&str> = groups.collect();
    let is_grouped = !rest.is_empty();
    let has_good_groups = rest.iter().all(|group| group.len() == 3 && is_digits(group));
    if is_grouped && !(has_good_groups && first.len() <= 3 && !first.starts_with('0')) {
        return None;
    }
    number.replace(',', "").parse().ok()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A Korean keyboard may be set to full-width characters (U+FF01 to U+FF5E), and has a won sign of that width.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '￦' => '₩',
        '\u{3000}' => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_won_with_commas_at_thousands_are_a_number() {
        for (typed, won) in [
            ("12000", 12_000),
            ("12,000", 12_000),
            ("1,234,567", 1_234_567),
            (" 900 ", 900),
            ("₩12,000", 12_000),
            ("₩ 12,000", 12_000),
            ("12,000원", 12_000),
            ("12,000 원", 12_000),
            ("１２，０００", 12_000),
            ("￦９００", 900),
            ("0", 0),
            ("007", 7),
        ] {
            assert_eq!(typed_won(typed), Some(won), "{typed}");
        }
        for typed in [
            "",
            ",",
            "1,5",
            "9,00",
            "1,5000",
            "1234,567",
            "0,100",
            "1,,000",
            ",100",
            "100,",
            "1.5",
            "1.000",
            "1 000",
            "1'000",
            "-5",
            "+5",
            "5e3",
            "0x10",
            "원",
            "₩",
            "만원",
            "1만",
            "$5",
            "12,000,00",
            "1,00,000",
            "₩₩5",
            "5원원",
            "99999999999999999999",
        ] {
            assert_eq!(typed_won(typed), None, "{typed}");
        }
    }
}
