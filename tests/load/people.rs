//! Who takes part: the demo shop with its keys, and customers with a card each.

use std::{error::Error, net::SocketAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use paygate::{
    acquirer::{Behaviour, SPECIAL_CARDS},
    demo::{CUSTOMER_EMAIL, PASSWORD, SHOP_EMAIL},
};
use serde_json::json;

use super::http::{Connection, Head, text};

/// Customers besides the demo's own.
const CUSTOMERS: usize = 16;

/// Values of `Authorization`.
pub struct People {
    /// The shop's page: creates and watches.
    pub page: String,
    /// The shop's server: confirms.
    pub shop: String,
    /// The customers' phones.
    pub phones: Vec<String>,
}

impl People {
    pub async fn gather(address: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let mut wire = Connection::open(address).await?;
        let desk = sign_in(&mut wire, address, "/api/backoffice/v1/sign-in", SHOP_EMAIL).await?;
        let keys = wire.call(&Head::new("GET", "/api/backoffice/v1/my-key", address, &desk), "").await?;
        let basic = |key: &str| format!("Basic {}", STANDARD.encode(format!("{key}:")));
        let (page, shop) = (basic(text(keys, "clientKey")?), basic(text(keys, "apiKey")?));
        let mut phones = vec![sign_in(&mut wire, address, "/api/v1/p/user/sign-in", CUSTOMER_EMAIL).await?];
        for number in 0..CUSTOMERS {
            phones.push(customer(&mut wire, address, number).await?);
        }
        Ok(Self { page, shop, phones })
    }
}

async fn customer(wire: &mut Connection, address: SocketAddr, number: usize) -> Result<String, Box<dyn Error>> {
    let email = format!("load-{number}@example.com");
    let body = json!({ "email": email, "password": PASSWORD });
    wire.call(&Head::new("POST", "/api/v1/p/user/sign-up", address, ""), &body.to_string()).await?;
    let phone = sign_in(wire, address, "/api/v1/p/user/sign-in", &email).await?;
    let good: Vec<_> = SPECIAL_CARDS.iter().filter(|card| card.behaviour == Behaviour::Good).collect();
    let card = good.get(number % good.len().max(1)).ok_or("the sandbox has no good card")?;
    let body = json!({
        "cardNumber": card.number,
        "expirationPeriod": card.expiry,
        "cvc": card.cvc,
        "cardCompany": card.company,
        "isRepresentative": true,
    });
    wire.call(&Head::new("POST", "/api/v1/p/user/cards", address, &phone), &body.to_string()).await?;
    Ok(phone)
}

async fn sign_in(
    wire: &mut Connection,
    address: SocketAddr,
    path: &str,
    email: &str,
) -> Result<String, Box<dyn Error>> {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = wire.call(&Head::new("POST", path, address, ""), &body.to_string()).await?;
    Ok(format!("Bearer {}", text(answer, "accessToken")?))
}
