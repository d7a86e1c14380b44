//! Demo data for an empty local database.

use crate::{
    acquirer::{CARD, SPECIAL_CARDS},
    actors::{Services, card_context},
    domain::CardId,
    error::ApiError,
    routes::{App, renew},
    store::{Customer, Merchant, NewCard, StoreError},
    vault::{Pan, Purpose},
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
    let now = app.payments.services().now();
    let hash = app.passwords.hash(PASSWORD.into()).await?;
    let shop = Merchant { id: Services::fresh(), email: SHOP_EMAIL.to_owned(), name: SHOP_NAME.to_owned() };
    match app.store.add_merchant(&shop, hash.clone(), now).await {
        Ok(()) => drop(renew(app, shop.id, |_| None).await?),
        // Another process seeds at this moment.
        Err(StoreError::Exists) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let customer = Customer { id: Services::fresh(), email: CUSTOMER_EMAIL.to_owned() };
    app.store.add_customer(&customer, hash, now).await?;
    let Some((card, Ok(pan))) = SPECIAL_CARDS.first().map(|card| (card, Pan::parse(card.number))) else {
        return Ok(());
    };
    let id: CardId = Services::fresh();
    let number = pan.expose().as_bytes();
    let new = NewCard {
        id,
        customer: customer.id,
        method: CARD.to_owned(),
        fingerprints: app.vault.digests(Purpose::CardFingerprint, number),
        sealed_pan: app.vault.seal(number, &card_context(id)),
        masked: pan.masked(),
        expiry: card.expiry.to_owned(),
        company: card.company.to_owned(),
        wants_representative: true,
    };
    app.store.add_card(new, now, |_| None).await?;
    Ok(())
}
