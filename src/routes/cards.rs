//! A customer's cards.

use actix_web::{HttpRequest, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    App,
    answer::{Answer, Data, Failure},
    auth::SignedIn,
    body::Body,
    card_tries,
    dto::CardView,
    fields::{FORMAT, required},
    once::{Keep, Once},
};
use crate::{
    acquirer::{Acquirer, CARD},
    actors::Services,
    domain::{CardId, CustomerId, Outcome},
    error::{ApiError, Code, Problem},
    store::{NewCard, StoreError},
    vault::{Credential, Cvc, Expiry, FormatError, Pan, Purpose, Vault, card_context},
};

const MAX_COMPANY_CHARS: usize = 50;
const METHOD: Problem =
    Problem { ko: "지원하지 않는 결제 수단입니다", en: "is not a payment method of this server" };
const COMPANY: Problem = Problem { ko: "1자 이상 50자 이하여야 합니다", en: "must have 1 to 50 characters" };

/// The customer's cards, newest first.
#[utoipa::path(get, path = "/api/v1/p/user/cards", tag = "customer", security(("bearer" = [])),
    responses((status = 200, body = Data<Vec<CardView>>), (status = 401, body = Failure)))]
pub async fn list(app: web::Data<App>, customer: SignedIn) -> Result<Answer, ApiError> {
    let SignedIn(customer) = customer;
    cards_of(&app, customer.id).await
}

async fn cards_of(app: &App, customer: CustomerId) -> Result<Answer, ApiError> {
    let cards = app.store.cards(customer).await?;
    Ok(Answer::ok(cards.into_iter().map(CardView::from).collect::<Vec<_>>()))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RegisterCard)]
pub struct RegisterBody {
    /// 13 to 19 digits, with or without dashes.
    #[schema(value_type = String, pattern = "^([ -]*[0-9]){13,19}[ -]*$")]
    card_number: Option<String>,
    /// `MM/YY`.
    #[schema(value_type = String, pattern = "^(0[1-9]|1[0-2])/[0-9]{2}$")]
    expiration_period: Option<String>,
    /// 3 or 4 digits; asked of the card company once, then forgotten.
    #[schema(value_type = String, pattern = "^[0-9]{3,4}$")]
    cvc: Option<String>,
    #[schema(value_type = String, max_length = 50, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$")]
    card_company: Option<String>,
    is_representative: Option<bool>,
    /// The payment method; `card` when absent.
    #[schema(pattern = "^card$")]
    method: Option<String>,
}

/// Registers a card. The card company is asked once, with the CVC.
///
/// After several refusals for one card number, or from one address, further tries are answered 429
/// `TOO_MANY_CARD_FAILURES` for a while without asking the card company, whatever they say.
#[utoipa::path(post, path = "/api/v1/p/user/cards", tag = "customer", request_body = RegisterBody,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = Data<CardView>), (status = 400, body = Failure), (status = 409, body = Failure),
        (status = 429, body = Failure)))]
pub async fn register(
    app: web::Data<App>,
    customer: SignedIn,
    request: HttpRequest,
    body: Body,
) -> Result<Answer, ApiError> {
    let SignedIn(customer) = customer;
    let RegisterBody { card_number, expiration_period, cvc, card_company, is_representative, method } = body.parse()?;
    let parsed = |name, error: FormatError| ApiError::field(name, FORMAT).because(error);
    let pan = Pan::parse(&required("cardNumber", card_number)?).map_err(|e| parsed("cardNumber", e))?;
    let expiry =
        Expiry::parse(&required("expirationPeriod", expiration_period)?).map_err(|e| parsed("expirationPeriod", e))?;
    let cvc = Cvc::parse(&required("cvc", cvc)?).map_err(|e| parsed("cvc", e))?;
    let credential = Credential { pan, expiry, company: company(card_company)? };
    let once = Once::new(&app, &request, customer.id.uuid(), body.bytes())?;
    let method = method.unwrap_or_else(|| CARD.to_owned());
    let acquirer = app.payments.acquirers().get(&method).ok_or_else(|| ApiError::field("method", METHOD))?;
    let new =
        Registration { customer: customer.id, method: &method, is_representative: is_representative == Some(true) };
    once.store(async |keep| {
        app.limits.card(customer.id)?;
        card_tries::watched(&app, &request, &credential.pan, validate(&**acquirer, &credential, &cvc)).await?;
        add(&app, new, &credential, keep).await
    })
    .await
}

fn company(name: Option<String>) -> Result<Box<str>, ApiError> {
    let name = required("cardCompany", name)?;
    let name = name.trim();
    let good = (1..=MAX_COMPANY_CHARS).contains(&name.chars().count()) && !name.contains(char::is_control);
    if good { Ok(name.into()) } else { Err(ApiError::field("cardCompany", COMPANY)) }
}

async fn validate(acquirer: &dyn Acquirer, credential: &Credential, cvc: &Cvc) -> Result<(), ApiError> {
    match acquirer.validate(credential, cvc).await {
        Outcome::Approved(()) => Ok(()),
        Outcome::Declined(reason) => Err(Code::from(reason).into()),
        // No money is involved: not knowing is as good as not having asked.
        Outcome::NotSent | Outcome::Unknown => Err(Code::NetworkUnavailable.into()),
    }
}

/// What is registered besides the credential.
#[derive(Clone, Copy)]
pub struct Registration<'a> {
    pub customer: CustomerId,
    pub method: &'a str,
    pub is_representative: bool,
}

/// A validated card, sealed and ready to be stored.
pub fn new_card(vault: &Vault, new: Registration<'_>, credential: &Credential) -> NewCard {
    let id: CardId = Services::fresh();
    let number = credential.pan.expose().as_bytes();
    NewCard {
        id,
        customer: new.customer,
        method: new.method.to_owned(),
        fingerprints: vault.digests(Purpose::CardFingerprint, number),
        sealed_pan: vault.seal(number, &card_context(id.uuid())),
        masked: credential.pan.masked(),
        expiry: credential.expiry.to_string(),
        company: credential.company.to_string(),
        wants_representative: new.is_representative,
    }
}

async fn add(app: &App, new: Registration<'_>, credential: &Credential, keep: Keep) -> Result<Answer, ApiError> {
    let card = new_card(&app.vault, new, credential);
    let now = app.payments.now();
    let added = app.store.add_card(card, now, |card| keep.answer(&Answer::ok(CardView::from(card.clone())))).await;
    match added {
        Ok(card) => Ok(Answer::ok(CardView::from(card))),
        Err(StoreError::Exists) => Err(Code::CardExists.into()),
        Err(StoreError::Full) => Err(Code::TooManyCards.into()),
        Err(error) => Err(error.into()),
    }
}

fn card_id(text: &str) -> Result<CardId, ApiError> {
    text.parse().map_err(|_| Code::RegisteredCardNotFound.into())
}

/// Makes a card the representative one.
#[utoipa::path(patch, path = "/api/v1/p/user/cards/{id}", tag = "customer", params(("id" = String, Path)),
    security(("bearer" = [])),
    responses((status = 200, body = Data<Vec<CardView>>), (status = 404, body = Failure)))]
pub async fn choose(app: web::Data<App>, customer: SignedIn, id: web::Path<String>) -> Result<Answer, ApiError> {
    let SignedIn(customer) = customer;
    if !app.store.choose_card(customer.id, card_id(&id)?).await? {
        return Err(Code::RegisteredCardNotFound.into());
    }
    cards_of(&app, customer.id).await
}

/// Removes a card; the newest one left takes over as the representative one.
#[utoipa::path(delete, path = "/api/v1/p/user/cards/{id}", tag = "customer", params(("id" = String, Path)),
    security(("bearer" = [])),
    responses((status = 200, body = Data<CardView>), (status = 404, body = Failure)))]
pub async fn remove(app: web::Data<App>, customer: SignedIn, id: web::Path<String>) -> Result<Answer, ApiError> {
    let SignedIn(customer) = customer;
    let removed = app.store.remove_card(customer.id, card_id(&id)?, app.payments.now()).await?;
    let card = removed.ok_or(Code::RegisteredCardNotFound)?;
    Ok(Answer::ok(CardView::from(card)))
}
