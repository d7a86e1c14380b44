//! The customer's yes or no to a QR token.

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    answer::{Answer, Data, Failure},
    auth::SignedIn,
    body::Body,
    fields::required,
    once::{Once, Settled},
};
use crate::{
    domain::{CardId, CustomerId, Instrument, Payer, Payment, PaymentId, Status},
    error::{ApiError, Code},
};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApprovePayment)]
pub struct ApproveBody {
    /// What the QR code carries.
    #[schema(value_type = String)]
    token: Option<String>,
    /// The card to pay with; the representative one when absent.
    card_id: Option<String>,
    /// Another name of the same.
    instrument_id: Option<String>,
}

/// An approved payment, waiting for the shop.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    payment_key: String,
    order_id: String,
    /// Masked.
    card_number: String,
    amount: i64,
}

/// Approves a payment. The first customer to do so owns it; the same one again gets the same answer.
#[utoipa::path(post, path = "/api/v1/p/user/authentication/simple", tag = "customer", request_body = ApproveBody,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = Data<Approved>), (status = 400, body = Failure), (status = 409, body = Failure)))]
pub async fn approve(
    app: web::Data<App>,
    customer: SignedIn,
    request: HttpRequest,
    body: Body,
) -> Result<Answer, ApiError> {
    let SignedIn(customer) = customer;
    let ApproveBody { token, card_id, instrument_id } = body.parse()?;
    let token = required("token", token)?;
    let card_id = card_id.or(instrument_id);
    let once = Once::new(&app, &request, customer.id.uuid(), body.bytes())?;
    if let Some(answer) = once.answered(&approved).await? {
        return Ok(answer);
    }
    app.limits.approve(customer.id)?;
    let id = payment_of_token(&app, &token).await?;
    let instrument = match instrument(&app, customer.id, card_id).await {
        Ok(instrument) => instrument,
        // The payer again, whose card is gone since: the same answer as before.
        Err(error) => return approved_before(&app, id, customer.id).await?.ok_or(error),
    };
    let payer = Payer { id: customer.id, email: customer.email.as_str().into() };
    once.ask(None, approved, |claim| app.payments.approve(id, payer.clone(), instrument.clone(), claim)).await
}

async fn approved_before(app: &App, id: PaymentId, customer: CustomerId) -> Result<Option<Answer>, ApiError> {
    let payment = app.payments.look(id).await?;
    match approved(&payment, None) {
        Settled::Is(Ok(answer)) if payment.is_payer(customer) => Ok(Some(answer)),
        Settled::Is(Err(error)) if payment.is_payer(customer) && payment.status == Status::Canceled => Err(error),
        _ => Ok(None),
    }
}

async fn payment_of_token(app: &App, token: &str) -> Result<PaymentId, ApiError> {
    let claims = app.tokens.read_qr(token, app.payments.now()).map_err(|_| Code::InvalidToken)?;
    let merchant = claims.merchant_id.parse().map_err(|_| Code::InvalidToken)?;
    let payment = app.payments.look(app.payments.find(merchant, &claims.order_id).await?).await?;
    if claims.is_of(&payment) { Ok(payment.id) } else { Err(Code::PaymentCanceled.into()) }
}

async fn instrument(app: &App, customer: CustomerId, wanted: Option<String>) -> Result<Instrument, ApiError> {
    let missing = if wanted.is_some() { Code::RegisteredCardNotFound } else { Code::NoCard };
    let wanted: Option<CardId> =
        wanted.map(|id| id.parse().map_err(|_| ApiError::from(Code::RegisteredCardNotFound))).transpose()?;
    let card = app.store.card_to_pay_with(customer, wanted).await?.ok_or(missing)?;
    Ok(Instrument { method: card.method.into(), id: card.id, masked: card.masked.into(), issuer: card.company.into() })
}

/// What an approval is answered, read off the payment.
fn approved(payment: &Payment, _: Option<Uuid>) -> Settled {
    let failed = payment.failure.map(Code::from);
    Settled::Is(match (payment.status, payment.payment_key, &payment.instrument) {
        (Status::InVerificate, ..) => return Settled::Pending,
        (Status::Expired, ..) => Err(Code::PaymentExpired.into()),
        (Status::Aborted, ..) => Err(failed.unwrap_or(Code::PaymentAborted).into()),
        // Paid and given back in full, or never charged: either way there is nothing to pay any more.
        (Status::Canceled, ..) => Err(Code::PaymentCanceled.into()),
        (Status::Ready, ..) => Err(failed.unwrap_or(Code::CardNotValid).into()),
        (_, Some(payment_key), Some(instrument)) => Ok(Answer::ok(Approved {
            payment_key: payment_key.to_string(),
            order_id: payment.order.order_id.to_string(),
            card_number: instrument.masked.to_string(),
            amount: payment.order.amount.minor(),
        })),
        (_, _, _) => Err(Code::Internal.into()),
    })
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CancelRequest)]
pub struct CancelRequestBody {
    #[schema(value_type = String)]
    token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CanceledOrder {
    order_id: String,
    merchant_id: String,
    account_id: String,
    /// `CANCELED`.
    order_status: &'static str,
}

/// Gives a payment up before a confirm is under way: anyone signed in who holds the token while nobody
/// owns it, the payer alone afterwards.
#[utoipa::path(post, path = "/api/v1/p/user/request/cancel", tag = "customer", request_body = CancelRequestBody,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = Data<CanceledOrder>), (status = 409, body = Failure)))]
pub async fn cancel(
    app: web::Data<App>,
    customer: SignedIn,
    request: HttpRequest,
    body: Body,
) -> Result<Answer, ApiError> {
    let SignedIn(customer) = customer;
    let CancelRequestBody { token } = body.parse()?;
    let id = payment_of_token(&app, &required("token", token)?).await?;
    let once = Once::new(&app, &request, customer.id.uuid(), body.bytes())?;
    let account = customer.id;
    let view = move |payment: &Payment, _| Settled::Is(Ok(canceled(payment, account)));
    once.ask(None, view, |claim| app.payments.cancel_by_customer(id, account, claim)).await
}

fn canceled(payment: &Payment, account: CustomerId) -> Answer {
    Answer::ok(CanceledOrder {
        order_id: payment.order.order_id.to_string(),
        merchant_id: payment.order.merchant.to_string(),
        account_id: account.to_string(),
        order_status: payment.status.as_str(),
    })
}
