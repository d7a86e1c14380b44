//! Customers: sign up, sign in, who am I.

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    App,
    answer::{Answer, Data, Failure},
    auth::SignedIn,
    body::Body,
    fields::{self, required},
    password_lock,
    tokens::Account,
};
use crate::{
    actors::Services,
    error::{ApiError, Code},
    store::{AccountHash, Customer, StoreError},
    vault::Verified,
};

#[derive(Deserialize, ToSchema)]
#[schema(as = Credentials)]
pub struct CredentialsBody {
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Option<String>,
    /// 5 to 64 characters, at least a letter and a digit.
    #[schema(value_type = String, min_length = 5, max_length = 64)]
    password: Option<String>,
}

/// Opens an account.
#[utoipa::path(post, path = "/api/v1/p/user/sign-up", tag = "customer", request_body = CredentialsBody,
    responses((status = 201, description = "An empty object"), (status = 409, body = Failure),
        (status = 429, body = Failure)))]
pub async fn sign_up(app: web::Data<App>, request: HttpRequest, body: Body) -> Result<Answer, ApiError> {
    let CredentialsBody { email, password } = body.parse()?;
    let email = fields::email(email)?;
    let password = fields::new_password(password)?;
    app.limits.sign_up(app.address(&request))?;
    let hash = app.passwords.hash(password).await?;
    let customer = Customer { id: Services::fresh(), email };
    match app.store.add_customer(&customer, hash, app.payments.now()).await {
        Ok(()) => Ok(Answer::with_status(201, json!({}))),
        Err(StoreError::Exists) => Err(Code::EmailExists.into()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerToken {
    access_token: String,
}

/// Signs in. An unknown e-mail and a wrong password are answered alike, and take the same time.
#[utoipa::path(post, path = "/api/v1/p/user/sign-in", tag = "customer", request_body = CredentialsBody,
    responses((status = 200, body = Data<CustomerToken>), (status = 400, body = Failure), (status = 429, body = Failure)))]
pub async fn sign_in(app: web::Data<App>, request: HttpRequest, body: Body) -> Result<Answer, ApiError> {
    let CredentialsBody { email, password } = body.parse()?;
    let email = fields::given_email(email)?;
    let password = required("password", password)?;
    app.limits.sign_in(app.address(&request), &email)?;
    let found = known(&email, app.store.customer_by_email(&email)).await?;
    let (customer, hash) = found.unzip();
    let verify = app.passwords.verify(password.into(), hash.clone());
    let verified = password_lock::guarded(&app, AccountHash::of_customer(&email), verify).await?;
    let customer = customer.filter(|_| verified.is_right()).ok_or(Code::SignInFailed)?;
    if let Some((old, Verified::Renewed(new))) = hash.zip(Some(verified)) {
        app.store.renew_customer_password(customer.id, &old, new).await?;
    }
    let access_token = access_token(&app, &customer)?;
    Ok(Answer::ok(CustomerToken { access_token }))
}

/// Looks an e-mail up, unless it cannot be one (PostgreSQL takes no NUL).
pub async fn known<T>(
    email: &str,
    look_up: impl Future<Output = Result<Option<T>, StoreError>>,
) -> Result<Option<T>, StoreError> {
    if email.contains('\0') { Ok(None) } else { look_up.await }
}

/// A new access token.
pub fn access_token(app: &App, account: impl Into<Account>) -> Result<String, ApiError> {
    let token = app.tokens.access(account.into(), app.payments.now());
    token.map_err(|error| ApiError::from(Code::Internal).because(error))
}

#[derive(Serialize, ToSchema)]
pub struct Me {
    id: String,
    email: String,
}

/// The account behind the token.
#[utoipa::path(get, path = "/api/v1/p/user/me", tag = "customer", security(("bearer" = [])),
    responses((status = 200, body = Data<Me>), (status = 401, body = Failure)))]
pub async fn me(customer: SignedIn) -> Answer {
    let SignedIn(customer) = customer;
    Answer::ok(Me { id: customer.id.to_string(), email: customer.email.clone() })
}

/// There are no refresh tokens. An old client asks here on every 401, in a tight loop, and ignores the
/// answer: so it is the answer to missing credentials, rate limit included.
#[utoipa::path(post, path = "/auth/refresh", tag = "customer",
    responses((status = 401, body = Failure), (status = 429, body = Failure)))]
pub async fn refresh(app: web::Data<App>, request: HttpRequest) -> Result<Answer, ApiError> {
    Err(app.limits.unauthorized(app.address(&request)))
}
