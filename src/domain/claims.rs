//! What the QR code tells the phone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Order, OrderId, Payment};

/// The readable payload of the signed token behind a QR code (wire contract, section 2). It names the
/// payment by shop and order, and repeats what the customer must see before approving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QrClaims {
    pub merchant_id: String,
    pub merchant_name: String,
    pub order_id: OrderId,
    pub order_name: String,
    /// Minor units of the payment's currency.
    pub amount: i64,
    /// Seconds since the epoch, as RFC 7519 wants them.
    pub iat: i64,
    pub exp: i64,
}

impl QrClaims {
    pub fn of(order: &Order, merchant_name: &str, issued_at: Timestamp) -> Self {
        Self {
            merchant_id: order.merchant.to_string(),
            merchant_name: merchant_name.to_owned(),
            order_id: order.order_id.clone(),
            order_name: order.order_name.as_str().to_owned(),
            amount: order.amount.minor(),
            iat: issued_at.as_second(),
            exp: order.expires_at.as_second(),
        }
    }

    /// Whether this is the token of `payment`, and not of an earlier one with the same order id, which was replaced: its
    /// customer would pay something else than what the phone shows.
    pub fn is_of(&self, payment: &Payment) -> bool {
        let own = Self::of(&payment.order, &self.merchant_name, payment.created_at);
        *self == own
    }
}
