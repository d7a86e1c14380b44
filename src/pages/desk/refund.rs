//! Giving money back, or a payment up.

use actix_web::{HttpResponse, http::StatusCode, web};
use askama::Template;
use uuid::{Builder, Uuid};

use super::{
    amount::typed_won,
    form::{Fields, Sent, Wrong},
    payment::{Summary, can_give_up, own},
    session::Desk,
    shell::{Section, Shell},
};
use crate::{
    actors::{RefundRequest, Services},
    domain::{Authorization, By, CancelNo, Currency, Money, Payment, PaymentId, business_day},
    error::{ApiError, Problem},
    pages::{
        page::{Page, see},
        show::won,
        texts,
    },
    routes::fields,
    vault::{Purpose, Vault},
};

#[derive(Template)]
#[template(path = "backoffice/refund.html")]
struct Refund<'a> {
    page: &'a Page,
    shell: &'a Shell,
    texts: &'static texts::Payment,
    payment: Summary,
    /// What can be given back, as a number and in words; 0: nothing.
    most: i64,
    most_text: String,
    can_give_up: bool,
    /// The charge is under way or in doubt.
    must_wait: bool,
    is_same_day: bool,
    number: String,
    amount: String,
    reason: String,
    wrong: Wrong,
}

const AMOUNT: Problem = Problem {
    ko: "1원 이상의 정수여야 합니다 (예: 12,000)",
    en: "must be a whole number of won, such as 12,000",
};

/// `GET /backoffice/payments/{id}/refund`.
pub async fn page(desk: Desk, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let payment = own(&desk, &id).await?;
    show(&desk, &payment, &Fields::default(), None).await
}

/// `POST /backoffice/payments/{id}/refund`.
pub async fn refund(sent: Sent, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    let payment = own(&desk, &id).await?;
    match ask(&desk, &payment, &form).await {
        Ok(number) => Ok(see(&format!("/backoffice/payments/{}?refund={number}", payment.id))),
        Err(error) if error.code.status() < 500 => {
            let payment = own(&desk, &id).await?;
            show(&desk, &payment, &form, Some(&error)).await
        }
        Err(error) => Err(error),
    }
}

async fn ask(desk: &Desk, payment: &Payment, form: &Fields) -> Result<CancelNo, ApiError> {
    let amount = amount(form.get("amount"))?;
    let reason = reason(form)?;
    form.sure()?;
    let cancel_no = number(&desk.app.vault, payment.id, form.get("number"));
    let request = RefundRequest {
        cancel_no,
        amount: Some(amount),
        expected_balance: form.get("balance").parse().ok(),
        reason: Some(reason.clone()),
        is_numbered: true,
        by: By::BackOffice(desk.merchant.id),
    };
    let payment = desk.app.payments.refund(payment.id, request, None).await?;
    // The form was sent before: what it did then is what it does, and nobody is told of another amount.
    match payment.refund(cancel_no) {
        Some(refund) if refund.amount.minor() == amount && refund.reason.as_deref() == Some(&*reason) => Ok(cancel_no),
        _ => Err(ApiError::field("number", OTHER)),
    }
}

const OTHER: Problem = Problem {
    ko: "이 양식은 이미 다른 금액이나 사유로 보냈습니다. 결과를 확인한 뒤 새로 시작해 주세요.",
    en: "This form was sent before with another amount or reason. Look at its result and start again.",
};

/// `POST /backoffice/payments/{id}/cancel`: the shop gives up what was not charged.
pub async fn give_up(sent: Sent, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    let payment = own(&desk, &id).await?;
    let asked = async {
        let reason = reason(&form)?;
        form.sure()?;
        Ok(desk.app.payments.cancel_by_shop(payment.id, Some(reason), None).await?)
    };
    match asked.await {
        Ok(_) => Ok(see(&format!("/backoffice/payments/{}", payment.id))),
        Err(error) => {
            let error: ApiError = error;
            if error.code.status() >= 500 {
                return Err(error);
            }
            let payment = own(&desk, &id).await?;
            show(&desk, &payment, &form, Some(&error)).await
        }
    }
}

/// The number of the refund that a form asks for: the same form, sent twice, asks for one refund. It is
/// bound to the payment, and nobody can choose it, because the acquirer takes equal numbers for one refund.
fn number(vault: &Vault, payment: PaymentId, form: &str) -> CancelNo {
    let hash = vault.digest(Purpose::RefundNumber, &[payment.uuid().as_bytes(), form.as_bytes()].concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid().into()
}

fn amount(text: &str) -> Result<i64, ApiError> {
    let money = typed_won(text).and_then(|minor| Money::new(minor, Currency::KRW).ok());
    money.map(Money::minor).ok_or_else(|| ApiError::field("amount", AMOUNT))
}

fn reason(form: &Fields) -> Result<Box<str>, ApiError> {
    let reason = form.filled("reason").ok_or_else(|| ApiError::field("reason", fields::REQUIRED))?;
    let reason = fields::reason(Some(reason.trim().to_owned()))?;
    reason.ok_or_else(|| ApiError::field("reason", fields::REQUIRED))
}

async fn show(
    desk: &Desk,
    payment: &Payment,
    form: &Fields,
    error: Option<&ApiError>,
) -> Result<HttpResponse, ApiError> {
    let shell = Shell::of(desk, Section::Payments).await?;
    let lang = shell.page.lang;
    let most = payment.refundable();
    let fresh = Services::fresh::<Uuid>().simple().to_string();
    // What was refused may be sent again with a correction; what was sent is not sent again by the same form.
    let kept = form
        .filled("number")
        .filter(|_| error.is_some_and(|error| error.field.as_ref().is_none_or(|(name, _)| name != "number")));
    let approved = match &payment.authorization {
        Authorization::Approved { approval, .. } => Some(approval.approved_at),
        _ => None,
    };
    let template = Refund {
        texts: texts::Payment::of(lang),
        payment: Summary::of(payment, lang),
        most,
        most_text: won(most, lang),
        can_give_up: can_give_up(payment),
        must_wait: payment.authorization.is_open(),
        is_same_day: approved.is_some_and(|at| business_day(at) >= business_day(desk.now())),
        number: kept.unwrap_or(fresh),
        amount: form.text("amount").unwrap_or_else(|| crate::pages::show::number(most.unsigned_abs())),
        reason: form.get("reason").to_owned(),
        wrong: error.map(|error| Wrong::of(error, lang)).unwrap_or_default(),
        page: &shell.page,
        shell: &shell,
    };
    shell.send_as(error.map_or(StatusCode::OK, ApiError::status), &template)
}
