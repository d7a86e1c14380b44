//! A business's money in doubt: what is being done about it, and the decision where only a person can find
//! out.

use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    answer::{Answer, Data, Failure},
    auth::Operator,
    body::Body,
    dto::{PaymentView, ResolutionView},
    fields::{self, required},
    shop,
};
use crate::{
    actors::Decision,
    domain::{By, CancelNo},
    error::{ApiError, Problem},
    store::Doubts,
};

/// Payments in doubt that are shown at once; there are more only when a network has been silent for long.
const MAX_SHOWN: u64 = 200;

const REFUND: Problem = Problem { ko: "올바른 취소 번호가 아닙니다", en: "is not the number of a refund" };

/// A payment with everything about it that is in doubt.
#[derive(Serialize, ToSchema)]
pub struct DoubtView {
    payment: PaymentView,
    doubts: Vec<ResolutionView>,
}

#[derive(Serialize, ToSchema)]
pub struct DoubtsView {
    /// Oldest first, 200 at most.
    payments: Vec<DoubtView>,
}

/// The business's payments with money in doubt.
#[utoipa::path(get, path = "/api/backoffice/v1/doubts", tag = "back office", security(("bearer" = [])),
    responses((status = 200, body = Data<DoubtsView>)))]
pub async fn list(app: web::Data<App>, operator: Operator) -> Result<Answer, ApiError> {
    let Operator(merchant) = operator;
    let payments = app.store.payments_in_doubt(Doubts::Of(merchant.id), MAX_SHOWN).await?;
    let payments = payments.iter().map(|payment| DoubtView {
        payment: PaymentView::of(payment, &merchant.name),
        doubts: payment.doubts().map(ResolutionView::from).collect(),
    });
    Ok(Answer::ok(DoubtsView { payments: payments.collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ResolveDoubt)]
pub struct ResolveBody {
    /// Whether the card company did it: took the money, or gave the refund back.
    #[schema(value_type = bool)]
    approved: Option<bool>,
    /// Who said so, and how it was found out: 1 to 200 characters, kept for ever.
    #[schema(value_type = String, max_length = 200, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    note: Option<String>,
    /// The refund in doubt; the charge when absent.
    #[schema(value_type = Option<String>, format = "uuid")]
    refund_id: Option<String>,
}

/// Decides about money in doubt that nobody can be asked about.
#[utoipa::path(post, path = "/api/backoffice/v1/payments/{paymentKey}/resolve", tag = "back office",
    request_body = ResolveBody, params(("paymentKey" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = Data<PaymentView>), (status = 404, body = Failure), (status = 409, body = Failure)))]
pub async fn resolve(
    app: web::Data<App>,
    operator: Operator,
    key: web::Path<String>,
    body: Body,
) -> Result<Answer, ApiError> {
    let Operator(merchant) = operator;
    let ResolveBody { approved, note, refund_id } = body.parse()?;
    let approved = required("approved", approved)?;
    let note = fields::note(note)?;
    let number = |id: String| id.parse::<CancelNo>().map_err(|_| ApiError::field("refundId", REFUND));
    let refund = refund_id.map(number).transpose()?;
    let payment = shop::payment_of(&app, merchant.id, &key).await?;
    let decision = Decision { refund, approved, note, by: By::BackOffice(merchant.id) };
    let payment = app.payments.resolve_by_hand(payment.id, decision).await?;
    Ok(Answer::ok(PaymentView::of(&payment, &merchant.name)))
}
