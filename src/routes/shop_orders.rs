//! Shops, by their own order id: for pages that poll, and for orders that have no payment key yet.

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    amounts::{self, Amount},
    answer::{Answer, Data, Failure},
    auth::{AnyKey, SecretKey},
    body::{Body, KnownFields},
    dto::PaymentView,
    fields,
    once::{Once, Settled},
    shop::refunded,
};
use crate::{
    actors::RefundRequest,
    domain::{AskedAgain, By, MerchantId, Payment, Status},
    error::{ApiError, Code, Problem},
};

/// A payment of the shop by its order id, in whatever state.
#[utoipa::path(get, path = "/api/v1/p/merchant/orders/{orderId}", tag = "shop",
    params(("orderId" = String, Path)), security(("key" = [])),
    responses((status = 200, body = Data<PaymentView>), (status = 404, body = Failure)))]
pub async fn order(app: web::Data<App>, shop: SecretKey, order: web::Path<String>) -> Result<Answer, ApiError> {
    let SecretKey(merchant) = shop;
    let payment = payment_of(&app, merchant.id, order.into_inner()).await?;
    Ok(Answer::ok(PaymentView::for_shop(&payment, &merchant.name)))
}

async fn payment_of(app: &App, merchant: MerchantId, order: String) -> Result<std::sync::Arc<Payment>, ApiError> {
    // What cannot be an order id is the id of no order.
    let order = fields::known_order_id(Some(order)).map_err(|_| ApiError::from(Code::PaymentNotFound))?;
    let id = app.payments.find(merchant, &order).await?;
    Ok(app.payments.look(id).await?)
}

/// What a page may poll.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderStatus {
    order_id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_key: Option<String>,
    amount: i64,
}

/// The state of an order.
#[utoipa::path(get, path = "/api/v1/p/merchant/orders/{orderId}/status", tag = "shop",
    params(("orderId" = String, Path)), security(("key" = [])),
    responses((status = 200, body = Data<OrderStatus>), (status = 404, body = Failure)))]
pub async fn status(app: web::Data<App>, shop: AnyKey, order: web::Path<String>) -> Result<Answer, ApiError> {
    let AnyKey { merchant, .. } = shop;
    let payment = payment_of(&app, merchant.id, order.into_inner()).await?;
    Ok(Answer::ok(OrderStatus {
        order_id: payment.order.order_id.to_string(),
        status: payment.status.as_str(),
        payment_key: payment.payment_key.map(|key| key.to_string()),
        amount: payment.order.amount.minor(),
    }))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CancelOrder)]
pub struct CancelOrderBody {
    /// At most 200 characters.
    #[schema(value_type = String, required = false, max_length = 200, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    reason: Option<String>,
    /// A part cannot be asked for here; all that is left may be named.
    #[schema(value_type = i64, required = false, minimum = 1, maximum = 100_000_000)]
    amount: Option<Amount>,
    /// The payment's, `KRW`.
    #[schema(value_type = String, required = false, pattern = "^KRW$")]
    currency: Option<String>,
}

impl KnownFields for CancelOrderBody {
    const FIELDS: &[&str] = &["amount", "currency", "reason"];
}

const A_PART: Problem = Problem {
    ko: "이 주소는 남은 금액 전체를 취소합니다. 일부 취소는 /payments/{paymentKey}/cancel을 사용하세요",
    en: "everything that is left is canceled here; for a part use /payments/{paymentKey}/cancel",
};

/// Gives an order up: before the charge the payment is canceled, after it everything left is given back.
#[utoipa::path(post, path = "/api/v1/p/merchant/orders/{orderId}/cancel", tag = "shop",
    request_body = CancelOrderBody,
    params(("orderId" = String, Path), ("Idempotency-Key" = Option<String>, Header)), security(("key" = [])),
    responses((status = 200, description = "The payment before the charge, a transaction after it",
        body = Data<PaymentView>), (status = 409, body = Failure)))]
pub async fn cancel(
    app: web::Data<App>,
    shop: SecretKey,
    request: HttpRequest,
    order: web::Path<String>,
    body: Body,
) -> Result<Answer, ApiError> {
    let SecretKey(merchant) = shop;
    let CancelOrderBody { reason, amount, currency } = body.parse_known()?;
    let reason = fields::reason(reason)?;
    let amount = amounts::part(amount)?;
    amounts::currency(currency.as_deref())?;
    let mut payment = payment_of(&app, merchant.id, order.into_inner()).await?;
    let once = Once::new(&app, &request, merchant.id.uuid(), body.bytes())?;
    let (id, name) = (payment.id, merchant.name);
    let view = move |payment: &Payment, operation: Option<Uuid>| canceled(payment, operation, &name);
    if let Some(answer) = once.answered(&view).await? {
        return Ok(answer);
    }
    if payment.doubts().any(|doubt| doubt.refund.is_none()) {
        // Which of the two it is depends on what became of the charge.
        payment = app.payments.retry_now(id, None).await?;
    }
    if payment.is_charged() {
        let (expected_balance, by) = (None, By::Shop);
        let asked = AskedAgain { amount, expected_balance, reason: reason.as_deref(), by };
        let cancel_no = once.refund_number(&payment, asked);
        let is_new = payment.refund(cancel_no).is_none();
        // More than is left is judged by the payment.
        if is_new && amount.is_some_and(|amount| amount < payment.refundable()) {
            return Err(ApiError::field("amount", A_PART));
        }
        return once
            .ask(Some(cancel_no.uuid()), view, |claim| {
                let reason = reason.clone();
                let request = RefundRequest { cancel_no, amount, expected_balance, reason, is_numbered: false, by };
                app.payments.refund(id, request, claim)
            })
            .await;
    }
    if amount.is_some_and(|amount| amount != payment.order.amount.minor()) {
        return Err(ApiError::field("amount", A_PART));
    }
    once.ask(None, view, |claim| app.payments.cancel_by_shop(id, reason.clone(), claim)).await
}

/// The payment when it was canceled before the charge, the transaction when everything was given back.
fn canceled(payment: &Payment, operation: Option<Uuid>, merchant_name: &str) -> Settled {
    match operation {
        Some(_) => refunded(payment, operation),
        None if payment.status == Status::Canceled => {
            Settled::Is(Ok(Answer::ok(PaymentView::for_shop(payment, merchant_name))))
        }
        None => Settled::Is(Err(Code::Internal.into())),
    }
}
