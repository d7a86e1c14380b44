//! Shops: ask for a payment, confirm it, look at it, give money back.

use actix_web::{CustomizeResponder, HttpRequest, Responder, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    amounts::{self, Amount},
    answer::{Answer, Data, Failure},
    auth::{AnyKey, SecretKey},
    body::{Body, KnownFields},
    dto::{PaymentView, TransactionView, approval, iso},
    embed::{EMBEDDABLE, embeddable},
    fields::{self, payment_key, required},
    metadata,
    once::{Once, Settled},
    qr::QrLinks,
    redirects::redirects,
};
use crate::{
    actors::RefundRequest,
    domain::{
        AskedAgain, Authorization, By, MerchantId, Order, OrderId, Payment, QrClaims, Reason, RefundState, Status,
    },
    error::{ApiError, Code},
    vault::ApiKeyKind,
};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreatePayment)]
pub struct CreateBody {
    /// Won, 1 to 100,000,000.
    #[schema(value_type = i64, minimum = 1, maximum = 100_000_000)]
    amount: Option<Amount>,
    /// `KRW`.
    #[schema(pattern = "^KRW$")]
    currency: Option<String>,
    /// 1 to 100 characters; unique for the shop. No blank at either end, no character that cannot be seen or that
    /// turns the text around, none of `" \ & # + %`. Taken in the composed form (NFC).
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    order_id: Option<String>,
    /// 1 to 100 characters. Taken in the composed form (NFC).
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    order_name: Option<String>,
    /// An http(s) address without a user name. Where the merchant has registered websites, a client key may name
    /// addresses on these alone.
    #[schema(format = "uri", max_length = 2048)]
    success_url: Option<String>,
    /// As `successUrl`.
    #[schema(format = "uri", max_length = 2048)]
    fail_url: Option<String>,
    /// A JSON object of at most 2 KiB, returned byte for byte to the shop's secret key.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
}

/// What a page needs to show the payment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// Signed; its payload is readable by the phone.
    token: String,
    /// When the payment expires, for older clients alone: `2026/11/22,16:37:17-0000(`. Read `expiresAt` instead.
    expired_at: String,
    /// When the payment expires: ISO 8601, UTC, with `Z`.
    expires_at: String,
    checkout_url: String,
    qr_svg_url: String,
}

/// Begins a payment.
///
/// 409 when the order id was used. One exception keeps strangers from taking order ids away, since anybody can read a
/// client key: a payment that was created with the client key and that no customer has approved gives its order id
/// up. A create with the secret key cancels and replaces it at any time; one with the client key replaces it once it has
/// expired or was canceled.
#[utoipa::path(post, path = "/api/v1/p/merchant", tag = "shop", request_body = CreateBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 300 visible ASCII characters")),
    security(("key" = [])),
    responses((status = 200, body = Data<Created>, headers(("Checkout-Embeddable" = bool,
        description = "Whether the page that asks may show the checkout in a frame"))),
        (status = 409, body = Failure), (status = 400, body = Failure), (status = 429, body = Failure)))]
pub async fn create(
    app: web::Data<App>,
    shop: AnyKey,
    request: HttpRequest,
    body: Body,
) -> Result<CustomizeResponder<Answer>, ApiError> {
    let CreateBody { amount, currency, order_id, order_name, success_url, fail_url, metadata } = body.parse()?;
    amounts::currency(currency.as_deref())?;
    let given = order_id.clone().unwrap_or_default();
    let order = Order {
        merchant: shop.merchant.id,
        amount: amounts::won("amount", amount)?,
        order_id: fields::order_id(order_id)?,
        order_name: fields::order_name(order_name)?,
        expires_at: app.payments.deadline(),
        redirects: Box::new(redirects(&app, &request, &shop, success_url, fail_url).await?),
        metadata: metadata::metadata(metadata)?,
    };
    not_under_its_old_form(&app, &order, &given).await?;
    let by = match shop.kind {
        ApiKeyKind::Secret => By::Shop,
        ApiKeyKind::Client => By::ClientKey,
    };
    let (public_url, shared, merchant) = (app.public_url(&request), app.clone(), shop.merchant);
    let view = move |payment: &Payment, _| Settled::Is(created(&shared, payment, &merchant.name, &public_url));
    let once = Once::new(&app, &request, order.merchant.uuid(), body.bytes())?;
    let embeddable = embeddable(&app, &request, order.merchant).await?;
    let answer = once.ask(None, view, |claim| app.payments.create(order.clone(), by, claim)).await?;
    Ok(answer.customize().insert_header((EMBEDDABLE, embeddable)))
}

/// Older versions stored order ids as they came. Such an order is not begun a second time under its composed form.
async fn not_under_its_old_form(app: &App, order: &Order, given: &str) -> Result<(), ApiError> {
    let mut old = order.order_id.other_forms();
    old.extend(OrderId::try_from(given.to_owned()).ok().filter(|given| *given != order.order_id));
    for old in old {
        if app.payments.find_exactly(order.merchant, &old).await.is_ok() {
            return Err(Code::OrderExists.into());
        }
    }
    Ok(())
}

fn created(app: &App, payment: &Payment, merchant_name: &str, public_url: &str) -> Result<Answer, ApiError> {
    let claims = QrClaims::of(&payment.order, merchant_name, payment.created_at);
    let token = app.tokens.qr(&claims).map_err(|error| ApiError::from(Code::Internal).because(error))?;
    let QrLinks { checkout_url, qr_svg_url } = QrLinks::of(public_url, &token);
    Ok(Answer::ok(Created {
        token,
        expired_at: app.compat.expired_at.write(payment.order.expires_at),
        expires_at: iso(payment.order.expires_at),
        checkout_url,
        qr_svg_url,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConfirmPayment)]
pub struct ConfirmBody {
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    order_id: Option<String>,
    #[schema(value_type = String)]
    payment_key: Option<String>,
    /// Won; must be the amount of the payment.
    #[schema(value_type = i64, minimum = 1, maximum = 100_000_000)]
    amount: Option<Amount>,
    /// The payment's, `KRW`.
    #[schema(pattern = "^KRW$")]
    currency: Option<String>,
}

/// A charged payment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confirmed {
    order_id: String,
    payment_key: String,
    amount: i64,
    status: &'static str,
    approved_at: String,
    method: String,
    card: CardOfPayment,
    approval_no: String,
    /// The shop's own object, byte for byte as it came with the create.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
}

#[derive(Serialize, ToSchema)]
pub struct CardOfPayment {
    issuer: String,
    /// Masked.
    number: String,
}

/// Takes the money of a payment that the customer approved.
#[utoipa::path(post, path = "/api/v1/p/merchant/confirm", tag = "shop", request_body = ConfirmBody,
    params(("Idempotency-Key" = Option<String>, Header)), security(("key" = [])),
    responses((status = 200, body = Data<Confirmed>), (status = 402, description = "Declined", body = Failure),
        (status = 503, description = "Not sent", body = Failure),
        (status = 504, description = "The outcome is not known yet: send the same request again", body = Failure)))]
pub async fn confirm(
    app: web::Data<App>,
    shop: SecretKey,
    request: HttpRequest,
    body: Body,
) -> Result<Answer, ApiError> {
    let SecretKey(merchant) = shop;
    let ConfirmBody { order_id, payment_key: key, amount, currency } = body.parse()?;
    let order_id = fields::known_order_id(order_id)?;
    let key = required("paymentKey", key)?;
    let amount = amounts::won("amount", amount)?.minor();
    amounts::currency(currency.as_deref())?;
    // All of the body is judged before anything is looked up.
    let key = payment_key(&key)?;
    // The way through the shop's own order: another shop's payment is not found.
    let id = app.payments.find(merchant.id, &order_id).await?;
    if key.payment() != id {
        return Err(Code::PaymentNotFound.into());
    }
    let once = Once::new(&app, &request, merchant.id.uuid(), body.bytes())?;
    once.ask(None, confirmed, |claim| app.payments.confirm(id, key, amount, claim)).await
}

/// What a confirm is answered, read off the payment.
fn confirmed(payment: &Payment, _: Option<Uuid>) -> Settled {
    let failed = || payment.failure.map_or(Code::PaymentAborted, Code::from);
    Settled::Is(match (&payment.authorization, payment.status) {
        (Authorization::Requested { .. }, _) => return Settled::Pending,
        (Authorization::Unknown { .. } | Authorization::Reversing { .. }, _) => Err(Code::OutcomeUnknown.into()),
        (Authorization::Approved { .. }, _) => Ok(Answer::ok(confirmation(payment))),
        (_, Status::Aborted) => Err(failed().into()),
        (_, Status::Expired) => Err(Code::PaymentExpired.into()),
        (_, Status::Canceled) => Err(Code::PaymentCanceled.into()),
        (Authorization::None | Authorization::Closed { .. }, _) => Err(Code::NetworkUnavailable.into()),
    })
}

fn confirmation(payment: &Payment) -> Confirmed {
    let instrument = payment.instrument.as_ref();
    let text = |text: Option<&Box<str>>| text.map(ToString::to_string).unwrap_or_default();
    Confirmed {
        order_id: payment.order.order_id.to_string(),
        payment_key: payment.payment_key.map(|key| key.to_string()).unwrap_or_default(),
        amount: payment.order.amount.minor(),
        status: payment.status.as_str(),
        approved_at: approval(payment).map(|approval| iso(approval.approved_at)).unwrap_or_default(),
        method: text(instrument.map(|instrument| &instrument.method)),
        card: CardOfPayment {
            issuer: text(instrument.map(|instrument| &instrument.issuer)),
            number: text(instrument.map(|instrument| &instrument.masked)),
        },
        approval_no: text(approval(payment).map(|approval| &approval.approval_no)),
        metadata: metadata::shown(payment.order.metadata.as_deref()),
    }
}

/// A payment of the shop, with its transactions.
#[utoipa::path(get, path = "/api/v1/p/merchant/payments/{paymentKey}", tag = "shop",
    params(("paymentKey" = String, Path)), security(("key" = [])),
    responses((status = 200, body = Data<PaymentView>), (status = 404, body = Failure)))]
pub async fn payment(app: web::Data<App>, shop: SecretKey, key: web::Path<String>) -> Result<Answer, ApiError> {
    let SecretKey(merchant) = shop;
    let payment = payment_of(&app, merchant.id, &key).await?;
    Ok(Answer::ok(PaymentView::for_shop(&payment, &merchant.name)))
}

/// A business's payment by its key.
pub async fn payment_of(app: &App, merchant: MerchantId, key: &str) -> Result<std::sync::Arc<Payment>, ApiError> {
    let key = payment_key(key)?;
    let payment = app.payments.look(key.payment()).await?;
    let is_theirs = payment.order.merchant == merchant && payment.payment_key == Some(key);
    if is_theirs { Ok(payment) } else { Err(Code::PaymentNotFound.into()) }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CancelPayment)]
pub struct CancelBody {
    /// Won; all that is left when absent.
    #[schema(value_type = i64, required = false, minimum = 1, maximum = 100_000_000)]
    amount: Option<Amount>,
    /// The payment's, `KRW`.
    #[schema(value_type = String, required = false, pattern = "^KRW$")]
    currency: Option<String>,
    /// What the caller believes is left; 409 when it is not.
    #[schema(value_type = i64, required = false, minimum = 0, maximum = 100_000_000)]
    expected_balance: Option<Amount>,
    /// At most 200 characters.
    #[schema(value_type = String, required = false, max_length = 200, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    reason: Option<String>,
}

/// Gives back a part or all of a charged payment.
///
/// Send an `Idempotency-Key`: without one, a call that is made again is known again only when its caller
/// was told that the outcome is unknown, and not when the answer was lost on the way.
#[utoipa::path(post, path = "/api/v1/p/merchant/payments/{paymentKey}/cancel", tag = "shop",
    request_body = CancelBody,
    params(("paymentKey" = String, Path), ("Idempotency-Key" = Option<String>, Header)), security(("key" = [])),
    responses((status = 200, body = Data<TransactionView>), (status = 409, body = Failure),
        (status = 504, description = "The outcome is not known yet", body = Failure)))]
pub async fn cancel(
    app: web::Data<App>,
    shop: SecretKey,
    request: HttpRequest,
    key: web::Path<String>,
    body: Body,
) -> Result<Answer, ApiError> {
    let SecretKey(merchant) = shop;
    let wanted = WantedRefund::read(&body)?;
    let payment = payment_of(&app, merchant.id, &key).await?;
    let once = Once::new(&app, &request, merchant.id.uuid(), body.bytes())?;
    refund(&app, once, &payment, wanted, By::Shop).await
}

impl KnownFields for CancelBody {
    const FIELDS: &[&str] = &["amount", "currency", "expectedBalance", "reason"];
}

/// What a refund's body asks for.
pub struct WantedRefund {
    amount: Option<i64>,
    expected_balance: Option<i64>,
    reason: Option<Box<str>>,
}

impl WantedRefund {
    /// # Errors
    /// A field is unknown or not what it must be.
    pub fn read(body: &Body) -> Result<Self, ApiError> {
        let CancelBody { amount, currency, expected_balance, reason } = body.parse_known()?;
        amounts::currency(currency.as_deref())?;
        Ok(Self {
            amount: amounts::part(amount)?,
            expected_balance: expected_balance
                .map(|balance| amounts::balance("expectedBalance", &balance))
                .transpose()?,
            reason: fields::reason(reason)?,
        })
    }
}

/// The story of a refund, for API keys and the back office alike.
pub async fn refund(
    app: &App,
    once: Once<'_>,
    payment: &Payment,
    wanted: WantedRefund,
    by: By,
) -> Result<Answer, ApiError> {
    let WantedRefund { amount, expected_balance, reason } = wanted;
    let asked = AskedAgain { amount, expected_balance, reason: reason.as_deref(), by };
    let cancel_no = once.refund_number(payment, asked);
    once.ask(Some(cancel_no.uuid()), refunded, |claim| {
        let reason = reason.clone();
        let request = RefundRequest { cancel_no, amount, expected_balance, reason, is_numbered: false, by };
        app.payments.refund(payment.id, request, claim)
    })
    .await
}

/// What a refund is answered, read off the payment.
pub fn refunded(payment: &Payment, operation: Option<Uuid>) -> Settled {
    let refund = operation.and_then(|number| payment.refund(number.into()));
    // Only refunds that never left are forgotten.
    let Some(refund) = refund else { return Settled::Is(Err(Code::NetworkUnavailable.into())) };
    Settled::Is(match refund.state {
        RefundState::Requested { .. } => return Settled::Pending,
        RefundState::Unknown { .. } => Err(Code::OutcomeUnknown.into()),
        RefundState::Done { .. } => match TransactionView::of_refund(payment, refund.cancel_no) {
            Some(transaction) => Ok(Answer::ok(transaction)),
            None => Err(Code::Internal.into()),
        },
        RefundState::Failed(Reason::NetworkUnavailable) => Err(Code::NetworkUnavailable.into()),
        RefundState::Failed(reason @ (Reason::ExceedsBalance | Reason::NotSupported)) => Err(Code::from(reason).into()),
        RefundState::Failed(_) => Err(Code::RefundDeclined.into()),
    })
}
