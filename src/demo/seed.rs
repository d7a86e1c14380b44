//! Demo data for an empty local database.

use crate::{
    acquirer::{CARD, SPECIAL_CARDS},
    actors::Services,
    error::ApiError,
    routes::{App, Registration, new_card, renew_keys},
    store::{Customer, Merchant, StoreError},
    vault::{Credential, Expiry, Pan},
};

pub const SHOP_EMAIL: &str = "shop@example.com";
pub const CUSTOMER_EMAIL: &str = "customer@example.com";
/// Of both demo accounts.
pub const PASSWORD: &str = "paygate1";

const SHOP_NAME: &str = "데모 상점";

/// Makes the demo shop with a pair of keys, and the demo customer with a card that always works. What
/// exists already is left alone.
///
/// # Errors
/// The store refused.
pub async fn seed(app: &App) -> Result<(), ApiError> {
    if app.store.merchant_by_email(SHOP_EMAIL).await?.is_some() {
        return Ok(());
    }
    let now = app.payments.now();
    let hash = app.passwords.hash(PASSWORD.into()).await?;
    let shop = Merchant::new(Services::fresh(), SHOP_EMAIL.to_owned(), SHOP_NAME.to_owned());
    match app.store.add_merchant(&shop, hash.clone(), now).await {
        Ok(()) => drop(renew_keys(app, shop.id, None, |_| None).await?),
        // Another process seeds at this moment.
        Err(StoreError::Exists) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let customer = Customer { id: Services::fresh(), email: CUSTOMER_EMAIL.to_owned() };
    app.store.add_customer(&customer, hash, now).await?;
    let Some(card) = SPECIAL_CARDS.first() else { return Ok(()) };
    let (Ok(pan), Ok(expiry)) = (Pan::parse(card.number), Expiry::parse(card.expiry)) else { return Ok(()) };
    let credential = Credential { pan, expiry, company: card.company.into() };
    let new = Registration { customer: customer.id, method: CARD, is_representative: true };
    let new = new_card(&app.vault, new, &credential);
    app.store.add_card(new, now, |_| None).await?;
    Ok(())
}
