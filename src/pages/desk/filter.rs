//! The filters of the list, as its address spells them.

use jiff::Timestamp;

use super::amount::typed_won;
use crate::{
    domain::{OrderId, Status},
    error::{ApiError, Problem},
    routes::{
        fields::{self, LastDay},
        search,
    },
    store::{Cursor, PaymentFilter, Sort, TransactionKind, Window},
};

const WHOLE: Problem = Problem {
    ko: "0 이상의 정수여야 합니다 (예: 12,000)",
    en: "must be a whole number of won, such as 12,000",
};
const ORDER: Problem =
    Problem { ko: "최소 금액보다 작을 수 없습니다", en: "must not be below the lowest amount" };
const DAYS: Problem =
    Problem { ko: "시작일보다 빠를 수 없습니다", en: "must not be before the day in “From”" };
const CHOICE: Problem = Problem { ko: "고를 수 있는 값이 아닙니다", en: "is not one of the choices" };

/// Payments on one page.
pub const SHOWN: u64 = 20;
/// Among the choices of the status: where a payment stands, it may be in doubt whether money has moved.
pub const IN_DOUBT: &str = "IN_DOUBT";

/// What somebody typed, as it was typed.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    pub name: String,
    /// An order number or a payment key, as a whole.
    pub key: String,
    pub start: String,
    pub end: String,
    /// `payment`, `cancel` or `refund`.
    pub kind: String,
    /// Where the payment stands, or `IN_DOUBT`.
    pub status: String,
    pub method: String,
    pub min: String,
    pub max: String,
    /// `newest`, `oldest`, `highest` or `lowest`.
    pub sort: String,
    pub after: String,
    pub before: String,
}

impl Asked {
    pub fn of(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if let Some(field) = asked.field(&name) {
                value.trim().clone_into(field);
            }
        }
        asked
    }

    fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "name" => &mut self.name,
            "key" => &mut self.key,
            "startDate" => &mut self.start,
            "endDate" => &mut self.end,
            "type" => &mut self.kind,
            "status" => &mut self.status,
            "method" => &mut self.method,
            "min" => &mut self.min,
            "max" => &mut self.max,
            "sort" => &mut self.sort,
            "after" => &mut self.after,
            "before" => &mut self.before,
            _ => return None,
        })
    }

    /// The address of the same list with some of it changed; an empty value takes a part away.
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut asked = self.clone();
        for (name, value) in changes {
            if let Some(field) = asked.field(name) {
                (*value).clone_into(field);
            }
        }
        let pairs = [
            ("name", &asked.name),
            ("key", &asked.key),
            ("startDate", &asked.start),
            ("endDate", &asked.end),
            ("type", &asked.kind),
            ("status", &asked.status),
            ("method", &asked.method),
            ("min", &asked.min),
            ("max", &asked.max),
            ("sort", &asked.sort),
            ("after", &asked.after),
            ("before", &asked.before),
        ];
        let filled = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filled).finish()
    }

    /// Something narrows the list.
    pub fn narrows(&self) -> bool {
        let Self { name, key, start, end, .. } = self;
        self.narrows_more() || [name, key, start, end].iter().any(|text| !text.is_empty())
    }

    /// Something of the less common filters does.
    pub fn narrows_more(&self) -> bool {
        let Self { kind, method, min, max, .. } = self;
        [kind, method, min, max].iter().any(|text| !text.is_empty())
    }

    /// The filter; `None` when no order can have such a number.
    ///
    /// # Errors
    /// A field is wrong; the error names it.
    pub fn filter(&self) -> Result<Option<PaymentFilter>, ApiError> {
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        // Each by itself: what is said of both is said in the words of the form.
        let (created_from, _) = fields::days(text(&self.start), None, LastDay::Seoul)?;
        let (_, created_until) = fields::days(None, text(&self.end), LastDay::Seoul)?;
        if created_from.zip(created_until).is_some_and(|(from, until)| until <= from) {
            return Err(ApiError::field("endDate", DAYS));
        }
        let (amount_from, amount_to) = (won("min", &self.min)?, won("max", &self.max)?);
        if amount_from.zip(amount_to).is_some_and(|(from, to)| to < from) {
            return Err(ApiError::field("max", ORDER));
        }
        let is_in_doubt = self.status == IN_DOUBT;
        let status = if is_in_doubt { "" } else { &self.status };
        let filter = PaymentFilter {
            name: search(text(&self.name))?,
            kind: chosen("type", &self.kind, kind)?,
            is_in_doubt,
            status: chosen("status", status, |name| Status::ALL.into_iter().find(|status| status.as_str() == name))?,
            // A method that is offered no more may have payments still.
            method: chosen("method", &self.method, |name| is_word(name).then(|| name.to_owned()))?,
            amount_from,
            amount_to,
            created_from,
            created_until,
            include_unfinished: true,
            ..PaymentFilter::default()
        };
        if self.key.is_empty() {
            return Ok(Some(filter));
        }
        if let Ok(key) = self.key.parse() {
            return Ok(Some(PaymentFilter { payment_key: Some(key), ..filter }));
        }
        // Also a number that would not be taken any more.
        let order = OrderId::try_from(self.key.clone()).ok();
        Ok(order.map(|order| PaymentFilter { order_id: Some(order.into()), ..filter }))
    }

    pub fn sort(&self) -> (Sort, bool) {
        match self.sort.as_str() {
            "oldest" => (Sort::Date, true),
            "highest" => (Sort::Amount, false),
            "lowest" => (Sort::Amount, true),
            _ => (Sort::Date, false),
        }
    }

    /// The part of the list that is asked for. A cursor that makes no sense means the beginning.
    pub fn window(&self) -> Window {
        let (sort, is_ascending) = self.sort();
        let (after, before) = (self.after.parse::<Cursor>().ok(), self.before.parse().ok());
        Window {
            sort,
            is_ascending,
            from: after.or(before),
            is_backwards: after.is_none() && before.is_some(),
            limit: SHOWN,
        }
    }
}

/// What was chosen, if anything. A list narrowed by less than was asked for would be taken for the whole answer.
fn chosen<T>(name: &'static str, text: &str, known: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    known(text).map(Some).ok_or_else(|| ApiError::field(name, CHOICE))
}

fn kind(name: &str) -> Option<TransactionKind> {
    match name {
        "payment" => Some(TransactionKind::Approved),
        "cancel" => Some(TransactionKind::Canceled),
        "refund" => Some(TransactionKind::Refunded),
        _ => None,
    }
}

/// As the names of payment methods are.
fn is_word(text: &str) -> bool {
    text.len() <= 40
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

fn won(name: &'static str, text: &str) -> Result<Option<i64>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    typed_won(text).map(Some).ok_or_else(|| ApiError::field(name, WHOLE))
}

/// The day in Seoul, `days` before today.
pub fn day(now: Timestamp, days: i64) -> String {
    let at = now.checked_sub(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(now);
    crate::pages::show::seoul(at).date().to_string()
}
