//! The list of payments.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use jiff::Timestamp;

use super::{
    filter::{Asked, IN_DOUBT, SHOWN, day},
    form::Wrong,
    session::Desk,
    shell::{Section, Shell},
    tag::Tag,
};
use crate::{
    domain::{PaymentId, Status},
    error::{ApiError, Lang},
    pages::{
        language,
        page::Page,
        security::Policy,
        show::{minute, number, won},
        texts,
    },
    store::{Bounded, Cursor, Entry, Owner, PaymentFilter, Sort, UNDER_WAY},
};

#[derive(Template)]
#[template(path = "backoffice/payments.html")]
struct Payments<'a> {
    page: &'a Page,
    shell: &'a Shell,
    texts: &'static texts::Payments,
    asked: &'a Asked,
    wrong: Wrong,
    rows: Vec<Row>,
    count: String,
    statuses: Vec<(&'static str, &'static str)>,
    kinds: [(&'static str, &'static str); 4],
    methods: Vec<String>,
    sorts: [(&'static str, &'static str); 4],
    /// The list by date and by amount, the other way round when it is so already.
    by_date: String,
    by_amount: String,
    ranges: [(&'static str, String); 3],
    first: String,
    previous: String,
    next: String,
    csv: String,
    xlsx: String,
    /// Where it is asked what has changed; empty when the list is of nothing.
    news: String,
}

/// What has changed in a list: what is new, and how the payments on the screen stand.
#[derive(Template)]
#[template(path = "backoffice/news.html")]
struct News {
    text: String,
    /// Where the new ones are seen.
    href: String,
    rows: Vec<Row>,
    desk: &'static texts::Desk,
}

/// A payment on one line.
pub struct Row {
    pub id: PaymentId,
    pub href: String,
    pub at: String,
    pub order_name: String,
    pub order_id: String,
    pub customer: String,
    pub method: String,
    pub amount: String,
    pub given_back: String,
    pub tag: Tag,
    pub is_in_doubt: bool,
}

impl Row {
    pub fn of(entry: Entry, lang: Lang) -> Self {
        let given_back = entry.given_back();
        // The last four digits tell cards apart.
        let last = entry.card_masked.as_deref().and_then(|masked| masked.rsplit('-').next());
        let method = [entry.card_company.as_deref(), last];
        Self {
            id: entry.id,
            href: format!("/backoffice/payments/{}", entry.id),
            at: minute(entry.created_at),
            amount: won(entry.amount, lang),
            given_back: if given_back > 0 { won(-given_back, lang) } else { String::new() },
            tag: Tag::of(entry.status, lang),
            is_in_doubt: entry.is_in_doubt,
            method: method.into_iter().flatten().collect::<Vec<_>>().join(" "),
            customer: entry.customer.unwrap_or_default(),
            order_name: entry.order_name,
            order_id: entry.order_id,
        }
    }
}

/// Rows are counted up to this.
const MOST: u64 = 1_000;
/// New rows are counted up to this.
const MOST_NEW: u64 = 99;
const MOST_SHOWN: usize = 20;

/// `/backoffice/payments`.
pub async fn page(desk: Desk) -> Result<HttpResponse, ApiError> {
    let shell = Shell::of(&desk, Section::Payments).await?;
    let asked = Asked::of(desk.request.query_string());
    let made = desk.now();
    let found = match asked.filter() {
        Ok(filter) => Ok(found(&desk, &asked, filter).await?),
        Err(error) => Err(error),
    };
    let lang = shell.page.lang;
    let status = found.as_ref().err().map_or(StatusCode::OK, ApiError::status);
    let wrong = found.as_ref().err().map(|error| Wrong::of(error, lang)).unwrap_or_default();
    let found = found.unwrap_or_default();
    let texts = texts::Payments::of(lang);
    let list = |changes: &[(&str, &str)]| format!("/backoffice/payments?{}", asked.with(changes));
    let here = [("after", ""), ("before", "")];
    let sorted = |sort: &str| list(&[("sort", sort), ("after", ""), ("before", "")]);
    let step = |cursor: Option<Cursor>, name: &str, other: &str| {
        cursor.map(|cursor| list(&[(name, &cursor.to_string()), (other, "")])).unwrap_or_default()
    };
    let page = Payments {
        texts,
        wrong,
        count: found.count.map(|count| counted(count, texts.count, texts.count_more)).unwrap_or_default(),
        statuses: statuses(lang),
        kinds: kinds(lang),
        methods: desk.app.payments.acquirers().names().map(str::to_owned).collect(),
        sorts: [("", texts.newest), ("oldest", texts.oldest), ("highest", texts.highest), ("lowest", texts.lowest)],
        by_date: sorted(if asked.sort.is_empty() { "oldest" } else { "" }),
        by_amount: sorted(if asked.sort == "highest" { "lowest" } else { "highest" }),
        ranges: ranges(&desk, &asked, texts),
        first: if found.has_before { list(&here) } else { String::new() },
        previous: step(found.first.filter(|_| found.has_before), "before", "after"),
        next: step(found.last.filter(|_| found.has_after), "after", "before"),
        csv: format!("/backoffice/payments.csv?{}", asked.with(&here)),
        xlsx: format!("/backoffice/payments.xlsx?{}", asked.with(&here)),
        news: if status.is_success() { news_of(&asked, &found, made) } else { String::new() },
        rows: found.entries.into_iter().map(|entry| Row::of(entry, lang)).collect(),
        asked: &asked,
        page: &shell.page,
        shell: &shell,
    };
    shell.send_as(status, &page)
}

/// One page of a list, and where it lies.
#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    first: Option<Cursor>,
    last: Option<Cursor>,
    has_before: bool,
    has_after: bool,
    /// On the first page only: counting costs, and the number does not change much from page to page.
    count: Option<Bounded>,
    /// What was there already; the rest is new.
    newest: String,
}

async fn found(desk: &Desk, asked: &Asked, filter: Option<PaymentFilter>) -> Result<Found, ApiError> {
    let Some(filter) = filter else { return Ok(Found { count: Some(Bounded::default()), ..Found::default() }) };
    let (owner, window) = (Owner::Merchant(desk.merchant.id), asked.window());
    let (entries, is_more) = desk.app.store.browse(owner, &filter, window, desk.app.payments.earliest_now()).await?;
    let is_first = window.from.is_none();
    let count = match (is_first, is_more) {
        (false, _) => None,
        (true, false) => Some(Bounded { count: entries.len() as u64, is_more: false }),
        // Looking for a text reads row after row: once is enough.
        (true, true) if filter.name.is_some() => Some(Bounded { count: SHOWN, is_more: true }),
        (true, true) => Some(desk.app.store.count_entries(owner, &filter, None, MOST).await?),
    };
    let newest_shown = entries.first().filter(|_| is_first && asked.sort() == (Sort::Date, false));
    let newest = match newest_shown {
        Some(entry) => Ord::max(entry.cursor(Sort::Date), early(desk.now())),
        // The first of all: whatever comes is new.
        None if is_first && entries.is_empty() => early(desk.now()),
        None => Cursor { value: desk.now().as_microsecond(), id: uuid::Uuid::max().into() },
    };
    Ok(Found {
        first: entries.first().map(|entry| entry.cursor(window.sort)),
        last: entries.last().map(|entry| entry.cursor(window.sort)),
        has_before: if window.is_backwards { is_more } else { !is_first },
        has_after: if window.is_backwards { true } else { is_more },
        entries,
        count,
        newest: newest.to_string(),
    })
}

/// What was asked for before is not new in a list made then, or it has come to be in it since: the search for what is new
/// need not go further back, however old the newest payment of a list is.
fn early(made: Timestamp) -> Cursor {
    let early = made.checked_sub(UNDER_WAY).unwrap_or(Timestamp::MIN);
    Cursor { value: early.as_microsecond(), id: uuid::Uuid::nil().into() }
}

/// Where it is asked what has changed since the page was made.
fn news_of(asked: &Asked, found: &Found, made: Timestamp) -> String {
    let shown: Vec<_> = found.entries.iter().map(|entry| entry.id.to_string()).collect();
    let asked = asked.with(&[("after", &found.newest), ("before", "")]);
    format!("/backoffice/payments/news?{asked}&made={}&shown={}", made.as_microsecond(), shown.join(","))
}

/// `/backoffice/payments/news`: how many payments the list has that came after the one in `after`, or that entered
/// it since it was `made`, and how those stand that are `shown`.
pub async fn news(desk: Desk) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(desk.request.query_string());
    let lang = language::of(&desk.request);
    let texts = texts::Payments::of(lang);
    let (store, merchant) = (&desk.app.store, desk.merchant.id);
    let made = desk.asked("made").parse().ok().and_then(|at| Timestamp::from_microsecond(at).ok());
    let new = match (asked.filter()?, asked.after.parse().ok()) {
        (Some(filter), Some(after)) => {
            let after = Ord::max(after, early(made.unwrap_or(desk.now())));
            store.count_news(merchant, &filter, after, made, MOST_NEW).await?
        }
        _ => Bounded::default(),
    };
    let shown = desk.asked("shown");
    let shown = shown.split(',').take(MOST_SHOWN).filter_map(|id| id.parse().ok());
    let entries = store.entries(merchant, shown, desk.app.payments.earliest_now()).await?;
    let news = News {
        text: if new.count > 0 { counted(new, texts.news, texts.news_more) } else { String::new() },
        href: format!("/backoffice/payments?{}", asked.with(&[("after", ""), ("before", ""), ("sort", "")])),
        rows: entries.into_iter().map(|entry| Row::of(entry, lang)).collect(),
        desk: texts::Desk::of(lang),
    };
    Page::of(&desk.request).send_secret(StatusCode::OK, &Policy::default(), &news)
}

/// A count in words.
pub fn counted(count: Bounded, exactly: &str, more: &str) -> String {
    let text = if count.is_more { more } else { exactly };
    text.replace("{n}", &number(count.count))
}

fn statuses(lang: Lang) -> Vec<(&'static str, &'static str)> {
    let all = Status::ALL.map(|status| (status.as_str(), Tag::of(status, lang).text));
    all.into_iter().chain([(IN_DOUBT, Tag::in_doubt(lang).text)]).collect()
}

fn kinds(lang: Lang) -> [(&'static str, &'static str); 4] {
    let (texts, statuses) = (texts::Payments::of(lang), texts::Statuses::of(lang));
    [("", texts.kind_any), ("payment", texts.kind_payment), ("cancel", statuses.cancel), ("refund", statuses.refund)]
}

fn ranges(desk: &Desk, asked: &Asked, texts: &'static texts::Payments) -> [(&'static str, String); 3] {
    [(texts.today, 0), (texts.week, 6), (texts.month, 29)].map(|(text, days)| {
        let from = day(desk.now(), days);
        let changes = [("startDate", from.as_str()), ("endDate", ""), ("after", ""), ("before", "")];
        (text, format!("/backoffice/payments?{}", asked.with(&changes)))
    })
}
