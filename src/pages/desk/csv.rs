//! Rows as CSV (RFC 4180): plain, for programs. A spreadsheet changes order numbers such as `0012` when it opens one;
//! for spreadsheets there is [`super::xlsx`].

use super::file::Cell;

/// Excel takes a file for UTF-8 only if it begins with this.
pub const BOM: &str = "\u{feff}";

pub fn line(cells: impl IntoIterator<Item = Cell>) -> String {
    let cells: Vec<_> = cells.into_iter().map(written).collect();
    format!("{}\r\n", cells.join(","))
}

fn written(cell: Cell) -> String {
    match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => {
            let text = harmless(&text);
            let needs_quotes = text.contains(['"', ',', '\n', '\r', '\t', ';', '|', '\'', ' ']);
            if needs_quotes { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
        }
    }
}

/// A spreadsheet runs what stands at the beginning of a cell and looks like a formula. Where it begins a cell depends on
/// its country: a line is divided at semicolons where the comma is the decimal sign.
fn harmless(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for c in text.chars() {
        let is_divider = matches!(c, ',' | ';' | '|' | '\t' | '\r' | '\n');
        if begins
            && (matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') || (is_divider && written.is_empty()))
        {
            written.push('\'');
        }
        written.push(c);
        begins = is_divider || (begins && matches!(c, '"' | ' ' | '\''));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_cell_is_a_formula_in_any_country() {
        for (text, expected) in [
            ("커피", "커피"),
            ("0012", "0012"),
            ("a-b=c", "a-b=c"),
            ("=1+1", "'=1+1"),
            ("-1", "'-1"),
            ("\t=1", "'\t'=1"),
            ("x;=1+1;y", "x;'=1+1;y"),
            ("x; =1", "x; '=1"),
            ("x;\"=1\"", "x;\"'=1\""),
            ("x,@a|+b", "x,'@a|'+b"),
            ("＝1", "'＝1"),
        ] {
            assert_eq!(harmless(text), expected, "{text}");
        }
    }

    #[test]
    fn cells_are_quoted_where_a_reader_would_divide_them() {
        let cells = ["a", "b c", "d\"e", "f;g"].map(|text| Cell::Text(text.to_owned()));
        assert_eq!(line(cells.into_iter().chain([Cell::Number(-5)])), "a,\"b c\",\"d\"\"e\",\"f;g\",-5\r\n");
    }
}
