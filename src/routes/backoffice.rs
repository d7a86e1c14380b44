//! A business's own desk: sign up, sign in, see and filter its payments, give money back.

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    answer::{Answer, Data, Failure},
    auth::Operator,
    body::{Body, Query},
    customers::{access_token, known},
    dto::{PaymentView, PaymentsView, TransactionView},
    fields::{self, LastDay, required},
    history::{self, ListQuery},
    once::Once,
    password_lock, shop,
};
use crate::{
    actors::Services,
    domain::By,
    error::{ApiError, Code, Problem},
    store::{AccountHash, Bounded, Merchant, Owner, Page, PaymentFilter, StoreError},
    vault::Verified,
};

const SEARCH: Problem = Problem { ko: "100자 이하여야 합니다", en: "must have at most 100 characters" };
const MAX_SEARCH_CHARS: usize = 100;

/// Payments of a list that are counted.
const MAX_COUNT: u64 = 10_000;

#[derive(Deserialize, ToSchema)]
#[schema(as = BusinessSignUp)]
pub struct SignUpBody {
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Option<String>,
    /// 5 to 64 characters, at least a letter and a digit.
    #[schema(value_type = String, min_length = 5, max_length = 64)]
    password: Option<String>,
    /// What customers read on the phone, 1 to 100 characters.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Business {
    id: String,
    email: String,
    name: String,
}

/// Signs a business up.
#[utoipa::path(post, path = "/api/backoffice/v1/sign-up", tag = "back office", request_body = SignUpBody,
    responses((status = 200, body = Data<Business>), (status = 409, body = Failure), (status = 429, body = Failure)))]
pub async fn sign_up(app: web::Data<App>, request: HttpRequest, body: Body) -> Result<Answer, ApiError> {
    let SignUpBody { email, password, name } = body.parse()?;
    let Merchant { id, email, name, .. } = add_business(&app, &request, NewBusiness { email, password, name }).await?;
    Ok(Answer::ok(Business { id: id.to_string(), email, name }))
}

/// What somebody typed to sign a business up.
pub struct NewBusiness {
    pub email: Option<String>,
    pub password: Option<String>,
    pub name: Option<String>,
}

/// Signs a business up, through whatever door it came.
///
/// # Errors
/// A field is bad, the e-mail is taken, or there were too many.
pub async fn add_business(app: &App, request: &HttpRequest, new: NewBusiness) -> Result<Merchant, ApiError> {
    let email = fields::email(new.email)?;
    let password = fields::new_password(new.password)?;
    let name = fields::name(new.name)?;
    app.limits.sign_up(app.address(request))?;
    let hash = app.passwords.hash(password).await?;
    let merchant = Merchant::new(Services::fresh(), email, name);
    match app.store.add_merchant(&merchant, hash, app.payments.now()).await {
        Ok(()) => Ok(merchant),
        Err(StoreError::Exists) => Err(Code::EmailExists.into()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = BusinessSignIn)]
pub struct SignInBody {
    #[schema(value_type = String)]
    email: Option<String>,
    #[schema(value_type = String)]
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BusinessToken {
    access_token: String,
    id: String,
    name: String,
}

/// Signs a business in.
#[utoipa::path(post, path = "/api/backoffice/v1/sign-in", tag = "back office", request_body = SignInBody,
    responses((status = 200, body = Data<BusinessToken>), (status = 400, body = Failure),
        (status = 429, body = Failure)))]
pub async fn sign_in(app: web::Data<App>, request: HttpRequest, body: Body) -> Result<Answer, ApiError> {
    let SignInBody { email, password } = body.parse()?;
    let merchant = business_with(&app, &request, email, password).await?;
    let access_token = access_token(&app, &merchant)?;
    Ok(Answer::ok(BusinessToken { access_token, id: merchant.id.to_string(), name: merchant.name }))
}

/// The business with this e-mail and password, through whatever door it came.
///
/// # Errors
/// The pair is wrong, or was tried too often.
pub async fn business_with(
    app: &App,
    request: &HttpRequest,
    email: Option<String>,
    password: Option<String>,
) -> Result<Merchant, ApiError> {
    let email = fields::given_email(email)?;
    let password = required("password", password)?;
    app.limits.sign_in(app.address(request), &email)?;
    let (merchant, hash) = known(&email, app.store.merchant_by_email(&email)).await?.unzip();
    let verify = app.passwords.verify(password.into(), hash.clone());
    let verified = password_lock::guarded(app, AccountHash::of_merchant(&email), verify).await?;
    let merchant = merchant.filter(|_| verified.is_right()).ok_or(Code::SignInFailed)?;
    if let Some((old, Verified::Renewed(new))) = hash.zip(Some(verified)) {
        app.store.renew_merchant_password(merchant.id, &old, new).await?;
    }
    Ok(merchant)
}

/// What only a business can ask for.
#[derive(Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct BusinessQuery {
    payment_key: Option<String>,
    /// Part of the order name or the customer's e-mail, in any case.
    name: Option<String>,
    /// `all` adds payments in which no money has moved.
    #[param(value_type = String, required = false, pattern = "^(all)?$")]
    include: Option<String>,
}

/// The business's payments, newest first.
#[utoipa::path(get, path = "/api/backoffice/v1/payments", tag = "back office", params(BusinessQuery, ListQuery),
    security(("bearer" = [])),
    responses((status = 200, body = Data<PaymentsView>), (status = 400, body = Failure)))]
pub async fn payments(
    app: web::Data<App>,
    operator: Operator,
    own: Query<BusinessQuery>,
    list: Query<ListQuery>,
) -> Result<Answer, ApiError> {
    let Operator(merchant) = operator;
    let BusinessQuery { payment_key, name, include } = own.0;
    let filter = PaymentFilter {
        name: search(name)?,
        include_unfinished: everything(include.as_deref())?,
        ..list.0.filter(LastDay::Seoul)?
    };
    let owner = Owner::Merchant(merchant.id);
    let Some(filter) = with_key(filter, payment_key) else {
        // No payment has a key like that: an empty list, as for any other key that finds nothing.
        return Ok(Answer::ok(PaymentsView::of(Page::default(), Some(Bounded::default()))));
    };
    let (page, count) = app.store.list_and_count(owner, &filter, MAX_COUNT, app.payments.earliest_now()).await?;
    Ok(Answer::ok(PaymentsView::of(page, Some(count))))
}

fn with_key(filter: PaymentFilter, key: Option<String>) -> Option<PaymentFilter> {
    match key.filter(|key| !key.is_empty()) {
        None => Some(filter),
        Some(key) => key.parse().ok().map(|key| PaymentFilter { payment_key: Some(key), ..filter }),
    }
}

/// What a name filter looks for, in the composed form (NFC), in which its characters are counted.
///
/// # Errors
/// It is too long, or no text.
pub fn search(name: Option<String>) -> Result<Option<String>, ApiError> {
    let name = name.filter(|name| !name.is_empty()).map(|name| name.nfc().collect::<String>());
    let is = |bad: fn(&String) -> bool| name.as_ref().is_some_and(bad);
    if is(|name| name.chars().count() > MAX_SEARCH_CHARS) {
        return Err(ApiError::field("name", SEARCH));
    }
    // No name has one, and PostgreSQL takes none.
    if is(|name| name.contains('\0')) { Err(ApiError::field("name", fields::CHARACTER)) } else { Ok(name) }
}

fn everything(include: Option<&str>) -> Result<bool, ApiError> {
    match include {
        None | Some("") => Ok(false),
        Some("all") => Ok(true),
        Some(_) => Err(ApiError::field("include", Problem { ko: "all만 사용할 수 있습니다", en: "can only be `all`" })),
    }
}

/// One payment with its transactions.
#[utoipa::path(get, path = "/api/backoffice/v1/payments/{paymentKey}/transactions", tag = "back office",
    params(("paymentKey" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = Data<PaymentView>), (status = 404, body = Failure)))]
pub async fn transactions(app: web::Data<App>, operator: Operator, key: web::Path<String>) -> Result<Answer, ApiError> {
    let Operator(merchant) = operator;
    history::one(&app, Owner::Merchant(merchant.id), &key).await
}

/// Gives back a part or all of a charged payment.
#[utoipa::path(post, path = "/api/backoffice/v1/payments/{paymentKey}/cancel", tag = "back office",
    request_body = shop::CancelBody,
    params(("paymentKey" = String, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = Data<TransactionView>), (status = 409, body = Failure)))]
pub async fn cancel(
    app: web::Data<App>,
    operator: Operator,
    request: HttpRequest,
    key: web::Path<String>,
    body: Body,
) -> Result<Answer, ApiError> {
    let Operator(merchant) = operator;
    let wanted = shop::WantedRefund::read(&body)?;
    let payment = shop::payment_of(&app, merchant.id, &key).await?;
    let once = Once::new(&app, &request, merchant.id.uuid(), body.bytes())?;
    shop::refund(&app, once, &payment, wanted, By::BackOffice(merchant.id)).await
}
