//! A demo shop, a demo customer, and a whole payment played as the real parties would.

mod pay;
mod seed;
mod wire;

pub use pay::{PayError, pay};
pub use seed::{CUSTOMER_EMAIL, PASSWORD, SHOP_EMAIL, seed};
