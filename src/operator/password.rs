//! `paygate reset-password`: the way back in for a business that has forgotten its password.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::OperatorError;
use crate::{
    domain::folded_email,
    store::{AccountHash, Store},
    vault::{PasswordHasher, random},
};

/// Gives the business with this e-mail a password of chance, and ends whatever was opened with the old one. Its API
/// keys stay good: they are stopped on their own page.
///
/// # Errors
/// There is no such business, or the database failed.
pub async fn reset_password(store: &Store, hasher: &PasswordHasher, email: &str) -> Result<String, OperatorError> {
    let email = folded_email(email);
    let (business, _) = store.merchant_by_email(&email).await?.ok_or(OperatorError::NoBusiness)?;
    let refused = |error: &dyn std::fmt::Display| OperatorError::Refused(error.to_string());
    let chance = random::<15>().map_err(|error| refused(&error))?;
    // As all passwords, it has a letter and a digit.
    let password = format!("pg1-{}", URL_SAFE_NO_PAD.encode(chance));
    let hash = hasher.hash(password.clone().into()).await.map_err(|error| refused(&error))?;
    store.reset_password(business.id, hash).await?;
    store.forget_password_failures(AccountHash::of_merchant(&email)).await?;
    Ok(password)
}

/// Lets the accounts with this e-mail, the customer's and the business's, be signed in to at once again.
///
/// # Errors
/// Neither was locked, or the database failed.
pub async fn unlock(store: &Store, email: &str) -> Result<(), OperatorError> {
    let email = folded_email(email);
    let customer = store.forget_password_failures(AccountHash::of_customer(&email)).await?;
    let merchant = store.forget_password_failures(AccountHash::of_merchant(&email)).await?;
    if customer || merchant { Ok(()) } else { Err(OperatorError::NotLocked) }
}
