//! The dashboard's bars, drawn here: a picture that needs no script and says in words what it shows.

use jiff::civil::Date;

use crate::{
    error::Lang,
    pages::show::{number, won},
};

/// One day's money.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    pub date: Date,
    pub approved: i64,
    pub approvals: i64,
    /// Positive.
    pub given_back: i64,
}

/// A rectangle of the drawing, in its own units.
pub struct Bar {
    pub x: i64,
    pub y: i64,
    pub width: i64,
    pub height: i64,
}

/// A day's bars with the words for them.
pub struct Column {
    pub label: String,
    pub approved: String,
    pub approvals: String,
    pub given_back: String,
    pub up: Option<Bar>,
    pub down: Option<Bar>,
    /// Where its name stands under the bars; empty when there is no room for it.
    pub tick: String,
    pub middle: i64,
    /// The whole height, to point at.
    pub hit: Bar,
}

/// A line across, and the amount it stands for.
pub struct Line {
    pub y: i64,
    pub label: String,
}

pub struct Chart {
    /// Which screens it is for.
    pub class: &'static str,
    pub width: i64,
    pub height: i64,
    /// Where the bars begin, and where they stand.
    pub left: i64,
    pub base: i64,
    pub columns: Vec<Column>,
    pub lines: Vec<Line>,
}

/// For a screen: its units are about its pixels, so that its texts can be read there.
struct Frame {
    class: &'static str,
    width: i64,
    height: i64,
    left: i64,
}

const WIDE: Frame = Frame { class: "chart-wide", width: 900, height: 260, left: 64 };
const SMALL: Frame = Frame { class: "chart-small", width: 320, height: 200, left: 44 };
/// Days that a small screen has room for.
const FEW: usize = 15;
const TOP: i64 = 14;
/// Below the bars, for the names of the days.
const FOOT: i64 = 32;
/// A day in so many has its name under the bars.
const NAMED: usize = 5;

impl Chart {
    /// The days for a desk, and the last of them for a phone.
    pub fn both(days: &[Day], lang: Lang) -> [Self; 2] {
        let few = &days[days.len().saturating_sub(FEW)..];
        [Self::of(days, &WIDE, lang), Self::of(few, &SMALL, lang)]
    }

    fn of(days: &[Day], frame: &Frame, lang: Lang) -> Self {
        let &Frame { class, width, height: whole, left } = frame;
        let bottom = whole - FOOT;
        let most = days.iter().map(|day| day.approved.max(day.given_back)).max().unwrap_or(0);
        let top = round_up(most);
        let count = i64::try_from(days.len()).unwrap_or(1).max(1);
        let step = (width - left) / count;
        let height = |amount: i64| if amount == 0 { 0 } else { ((bottom - TOP) * amount / top).max(2) };
        let columns = days.iter().enumerate().map(|(i, day)| {
            let x = left + step * i64::try_from(i).unwrap_or(0);
            let bar = |amount: i64, offset: i64, width: i64| {
                let height = height(amount);
                (height > 0).then_some(Bar { x: x + offset, y: bottom - height, width, height })
            };
            let main = step * 58 / 100;
            Column {
                label: day.date.to_string(),
                approved: won(day.approved, lang),
                approvals: number(day.approvals.unsigned_abs()),
                given_back: won(day.given_back, lang),
                up: bar(day.approved, step * 12 / 100, main),
                down: bar(day.given_back, step * 12 / 100 + main + 1, step * 22 / 100),
                tick: if (days.len() - 1 - i).is_multiple_of(NAMED) {
                    day.date.strftime("%m/%d").to_string()
                } else {
                    String::new()
                },
                middle: x + step / 2,
                hit: Bar { x, y: TOP, width: step, height: bottom - TOP },
            }
        });
        let line = |part: i64| Line { y: bottom - (bottom - TOP) * part / 2, label: short(top * part / 2, lang) };
        let lines = if most == 0 { Vec::new() } else { vec![line(1), line(2)] };
        Self { class, width, height: whole, left, base: bottom, columns: columns.collect(), lines }
    }
}

/// The next amount that reads well and divides by two: 2, 4, 6, 8 or 10 of a power of ten.
fn round_up(amount: i64) -> i64 {
    let mut unit = 1;
    while unit * 10 < amount {
        unit *= 10;
    }
    let wanted = [2, 4, 6, 8, 10].into_iter().map(|digit| digit * unit);
    wanted.into_iter().find(|top| *top >= amount).unwrap_or(unit * 10)
}

/// `1,500만` or `₩15M`: what fits beside a line.
fn short(amount: i64, lang: Lang) -> String {
    let units: [(i64, &str); 3] = match lang {
        Lang::Ko => [(100_000_000, "억"), (10_000, "만"), (1_000, "천")],
        Lang::En => [(1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")],
    };
    match units.into_iter().find(|(unit, _)| amount >= *unit && amount % (unit / 10) == 0) {
        Some((unit, name)) => {
            let (whole, tenth) = (amount / unit, amount % unit * 10 / unit);
            let tenth = if tenth == 0 { String::new() } else { format!(".{tenth}") };
            format!("{}{tenth}{name}", number(whole.unsigned_abs()))
        }
        None => number(amount.unsigned_abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_a_number_that_reads_well_and_holds_the_highest_bar() {
        for (amount, top) in [(0, 2), (1, 2), (9, 10), (10, 10), (11, 20), (41, 60), (1_000, 1_000), (81_500, 100_000)]
        {
            assert_eq!(round_up(amount), top, "{amount}");
        }
    }

    #[test]
    fn amounts_beside_lines_are_short() {
        for (amount, ko, en) in [
            (500, "500", "500"),
            (3_000, "3천", "3K"),
            (15_000_000, "1,500만", "15M"),
            (250_000, "25만", "250K"),
            (1_500_000, "150만", "1.5M"),
        ] {
            assert_eq!((short(amount, Lang::Ko).as_str(), short(amount, Lang::En).as_str()), (ko, en));
        }
    }
}
