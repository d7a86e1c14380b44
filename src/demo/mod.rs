//! A demo shop, a demo customer, and a whole payment played as the real parties would.

mod many;
mod pay;
mod seed;
mod welcome;
mod wire;

pub use many::make_past;
pub use pay::{PayError, pay};
pub use seed::{CUSTOMER_EMAIL, PASSWORD, SHOP_EMAIL, seed};
pub use welcome::welcome;
