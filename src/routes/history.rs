//! What a customer has paid.

use actix_web::web;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    App,
    answer::{Answer, Data, Failure},
    auth::SignedIn,
    body::Query,
    dto::{PaymentView, PaymentsView},
    fields::{self, LastDay},
};
use crate::{
    error::{ApiError, Code, Problem},
    store::{Owner, PaymentFilter, TransactionKind},
};

pub const STATUS: Problem = Problem {
    ko: "APPROVED, CANCELED, REFUNDED 중 하나여야 합니다",
    en: "must be APPROVED, CANCELED or REFUNDED",
};

/// What lists are narrowed by.
#[derive(Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// `YYYY-MM-DD`, from 00:00 in Seoul.
    #[param(value_type = String, required = false, format = Date, pattern = "^(19[7-9][0-9]|[2-8][0-9]{3})-")]
    start_date: Option<String>,
    /// `YYYY-MM-DD`, to its end.
    #[param(value_type = String, required = false, format = Date, pattern = "^(19[7-9][0-9]|[2-8][0-9]{3})-")]
    end_date: Option<String>,
    /// `APPROVED`, `CANCELED` or `REFUNDED`: payments that have such a transaction.
    #[param(value_type = String, required = false, pattern = "^(APPROVED|CANCELED|REFUNDED)$")]
    status: Option<String>,
    /// `next` of the answer before: the payments that follow it. The way to read a whole list: a payment that is made
    /// meanwhile moves no other.
    after: Option<String>,
    /// From 0. Payments that are made between two calls move the others to later pages: see `after`.
    #[param(value_type = u64, required = false, minimum = 0, maximum = 1_000_000)]
    page: Option<String>,
    /// 1 to 20, 10 when absent.
    #[param(value_type = u64, required = false, minimum = 1, maximum = 20)]
    limit: Option<String>,
}

impl ListQuery {
    /// Everything but what only the back office knows.
    pub fn filter(self, last: LastDay) -> Result<PaymentFilter, ApiError> {
        let (created_from, created_until) = fields::days(self.start_date, self.end_date, last)?;
        let after = fields::after(self.after, self.page.as_deref())?;
        let (page, limit) = fields::paging(self.page, self.limit)?;
        let status = self
            .status
            .map(|name| TransactionKind::from_name(&name).ok_or_else(|| ApiError::field("status", STATUS)))
            .transpose()?;
        Ok(PaymentFilter { kind: status, created_from, created_until, after, page, limit, ..PaymentFilter::default() })
    }
}

/// The customer's payments in which money moved, newest first.
#[utoipa::path(get, path = "/api/v1/p/user/payments", tag = "customer", params(ListQuery), security(("bearer" = [])),
    responses((status = 200, body = Data<PaymentsView>), (status = 400, body = Failure)))]
pub async fn list(app: web::Data<App>, customer: SignedIn, query: Query<ListQuery>) -> Result<Answer, ApiError> {
    let SignedIn(customer) = customer;
    let filter = query.0.filter(LastDay::Utc)?;
    let now = app.payments.now();
    let page = app.store.list_payments(Owner::Customer(customer.id), &filter, now).await?;
    Ok(Answer::ok(PaymentsView::of(page, None)))
}

/// One of the customer's payments, with its transactions.
#[utoipa::path(get, path = "/api/v1/p/user/payments/{paymentKey}/transactions", tag = "customer",
    params(("paymentKey" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = Data<PaymentView>), (status = 404, body = Failure)))]
pub async fn transactions(app: web::Data<App>, customer: SignedIn, key: web::Path<String>) -> Result<Answer, ApiError> {
    let SignedIn(customer) = customer;
    one(&app, Owner::Customer(customer.id), &key).await
}

/// One payment of its owner, by key.
pub async fn one(app: &App, owner: Owner, key: &str) -> Result<Answer, ApiError> {
    let filter = PaymentFilter {
        payment_key: Some(fields::payment_key(key)?),
        include_unfinished: true,
        limit: 1,
        ..PaymentFilter::default()
    };
    let found = app.store.list_payments(owner, &filter, app.payments.earliest_now()).await?;
    let payment = found.payments.into_iter().next().ok_or(Code::PaymentNotFound)?;
    Ok(Answer::ok(PaymentView::from(payment)))
}
