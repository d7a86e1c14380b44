//! How business goes: today, the last thirty days, and the latest payments.

use actix_web::HttpResponse;
use askama::Template;
use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{
    chart::{Chart, Day},
    payments::Row,
    session::Desk,
    shell::{Section, Shell},
};
use crate::{
    domain::business_day,
    error::ApiError,
    pages::{
        page::Page,
        show::{number, won},
        texts,
    },
    store::{DaySum, Ends, Owner, PaymentFilter, TransactionKind, Window},
};

#[derive(Template)]
#[template(path = "backoffice/dashboard.html")]
struct Dashboard<'a> {
    page: &'a Page,
    shell: &'a Shell,
    texts: &'static texts::Dashboard,
    /// Today, and the last thirty days.
    periods: [Period; 2],
    /// For a desk and for a phone.
    charts: [Chart; 2],
    /// What the chart shows, in a sentence.
    told: String,
    recent: Vec<Row>,
    doubts: String,
}

/// What happened in some time.
struct Period {
    name: &'static str,
    /// The list of its payments.
    href: String,
    approved: Sum,
    canceled: Sum,
    refunded: Sum,
    net: String,
    success: String,
    success_hint: String,
}

struct Sum {
    amount: String,
    count: String,
}

const DAYS: i64 = 30;
const RECENT: u64 = 5;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// `/backoffice/`.
pub async fn page(desk: Desk) -> Result<HttpResponse, ApiError> {
    let shell = Shell::of(&desk, Section::Dashboard).await?;
    let lang = shell.page.lang;
    let texts = texts::Dashboard::of(lang);
    let (store, merchant, now) = (&desk.app.store, desk.merchant.id, desk.now());
    let today = midnight(now);
    let first = before(today, DAYS - 1);
    // A day that ends after now holds what comes while the page is made.
    let end = before(today, -1);
    let sums = store.day_sums(merchant, first, end).await?;
    let ends = (store.ends(merchant, today, end).await?, store.ends(merchant, first, end).await?);
    let number_of_today = day_number(business_day(now));
    let window = Window { limit: RECENT, ..Window::default() };
    let filter = PaymentFilter { include_unfinished: true, ..PaymentFilter::default() };
    let (recent, _) = store.browse(Owner::Merchant(merchant), &filter, window, now).await?;
    let days = days(&sums, business_day(now));
    let period = |name, from: i64, ends| {
        period(&shell, texts, name, business_day(before(today, from)), &sums, number_of_today - from, ends)
    };
    shell.send(&Dashboard {
        periods: [period(texts.today, 0, ends.0), period(texts.month, DAYS - 1, ends.1)],
        told: told(&days, &shell, texts),
        charts: Chart::both(&days, lang),
        recent: recent.into_iter().map(|entry| Row::of(entry, lang)).collect(),
        doubts: format!("{}{}", number(shell.doubts.count), if shell.doubts.is_more { "+" } else { "" }),
        texts,
        page: &shell.page,
        shell: &shell,
    })
}

fn period(
    shell: &Shell,
    texts: &texts::Dashboard,
    name: &'static str,
    from: Date,
    sums: &[DaySum],
    first: i64,
    ends: Ends,
) -> Period {
    let lang = shell.page.lang;
    let total = |status: TransactionKind| {
        let wanted = sums.iter().filter(|sum| sum.day >= first && sum.status == status);
        wanted.fold((0, 0), |(count, amount), sum| (count + sum.count, amount + sum.sum))
    };
    let sum = |(count, amount): (i64, i64)| Sum {
        amount: won(amount, lang),
        count: texts.times.replace("{n}", &number(count.unsigned_abs())),
    };
    let [approved, canceled, refunded] =
        [TransactionKind::Approved, TransactionKind::Canceled, TransactionKind::Refunded].map(total);
    Period {
        name,
        href: format!("/backoffice/payments?startDate={from}"),
        net: won(approved.1 + canceled.1 + refunded.1, lang),
        approved: sum(approved),
        canceled: sum(canceled),
        refunded: sum(refunded),
        success: percent(ends),
        success_hint: match ends.ended {
            0 => texts.no_ends.to_owned(),
            ended => texts.success_hint.replace("{n}", &number(ended.unsigned_abs())),
        },
    }
}

/// To a tenth, rounded down: 100 % means all.
fn percent(ends: Ends) -> String {
    if ends.ended <= 0 {
        return "–".to_owned();
    }
    let thousandths = ends.charged * 1000 / ends.ended;
    match thousandths % 10 {
        0 => format!("{}%", thousandths / 10),
        tenth => format!("{}.{tenth}%", thousandths / 10),
    }
}

/// One entry for each day, those without money, too.
fn days(sums: &[DaySum], today: Date) -> Vec<Day> {
    let day = |back: i64| {
        let date = today.checked_sub(jiff::Span::new().days(back)).unwrap_or(today);
        let number = day_number(date);
        let mut day = Day { date, approved: 0, approvals: 0, given_back: 0 };
        for sum in sums.iter().filter(|sum| sum.day == number) {
            match sum.status {
                TransactionKind::Approved => (day.approved, day.approvals) = (sum.sum, sum.count),
                TransactionKind::Canceled | TransactionKind::Refunded => day.given_back -= sum.sum,
            }
        }
        day
    };
    (0..DAYS).rev().map(day).collect()
}

fn told(days: &[Day], shell: &Shell, texts: &texts::Dashboard) -> String {
    match days.iter().filter(|day| day.approved > 0).max_by_key(|day| day.approved) {
        Some(best) => {
            texts.highest.replace("{d}", &best.date.to_string()).replace("{n}", &won(best.approved, shell.page.lang))
        }
        None => texts.nothing.to_owned(),
    }
}

/// Days since 1970-01-01, as the store numbers them.
fn day_number(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    i64::from(date.since(epoch).map(|span| span.get_days()).unwrap_or_default())
}

/// 00:00 in Seoul of the day that holds `now`.
fn midnight(now: Timestamp) -> Timestamp {
    let seoul = jiff::tz::Offset::constant(9);
    seoul.to_timestamp(business_day(now).at(0, 0, 0, 0)).unwrap_or(now)
}

fn before(at: Timestamp, days: i64) -> Timestamp {
    i32::try_from(days).ok().and_then(|days| at.checked_sub(DAY * days).ok()).unwrap_or(at)
}
