//! Another payment method, added as ARCHITECTURE.md says: a type, and a line in the table.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use paygate::{
    acquirer::{Acquirer, Acquirers, Authorization, Capabilities, Record, RefundCall},
    domain::{Approval, Money, Outcome, Reason, TxnNo},
    vault::{Credential, Cvc},
};
use serde_json::json;

use crate::support::{CARDS, TestApp, card};

/// A prepaid card with a balance on it.
struct Prepaid {
    balance: AtomicI64,
}

#[async_trait]
impl Acquirer for Prepaid {
    fn capabilities(&self) -> Capabilities {
        Capabilities { verify: true, inquire: false, reverse: false, refund: true }
    }

    async fn validate(&self, _: &Credential, _: &Cvc) -> Outcome<()> {
        Outcome::Approved(())
    }

    async fn verify(&self, _: &Credential) -> Outcome<()> {
        Outcome::Approved(())
    }

    async fn authorize(&self, call: Authorization<'_>) -> Outcome<Approval> {
        let amount = call.amount.minor();
        let enough = |left: i64| (left >= amount).then_some(left - amount);
        match self.balance.fetch_update(Ordering::SeqCst, Ordering::SeqCst, enough) {
            Ok(_) => Outcome::Approved(Approval { approval_no: "PREPAID".into(), approved_at: jiff::Timestamp::now() }),
            Err(_) => Outcome::Declined(Reason::LimitExceeded),
        }
    }

    async fn inquire(&self, _: TxnNo) -> Outcome<Record> {
        Outcome::NotSent
    }

    async fn reverse(&self, _: TxnNo, _: Money) -> Outcome<()> {
        Outcome::NotSent
    }

    async fn refund(&self, call: &RefundCall) -> Outcome<()> {
        self.balance.fetch_add(call.amount.minor(), Ordering::SeqCst);
        Outcome::Approved(())
    }
}

#[tokio::test]
async fn a_new_method_is_a_type_and_a_line_in_the_table() {
    let prepaid = Arc::new(Prepaid { balance: AtomicI64::new(20_000) });
    let table = Acquirers::new([("prepaid", prepaid.clone() as Arc<dyn Acquirer>)]);
    let app = TestApp::with(|_| {}).acquirers(table).start().await;
    let (shop, customer) = (app.shop().await, app.customer().await);
    let mut body = card(&CARDS[0]);
    customer.add_card(&body).await.refused(400, "INVALID_REQUEST");
    body["method"] = json!("prepaid");
    customer.add_card(&body).await.data();

    let paid = shop.paid_by(&customer, 15_000).await;
    let payment = shop.payment(&paid.key).await.data();
    assert_eq!((&payment["paymentType"], &payment["status"]), (&json!("PREPAID"), &json!("DONE")));
    shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.data();
    assert_eq!(prepaid.balance.load(Ordering::SeqCst), 10_000);

    let too_much = shop.approved_by(&customer, 10_001).await;
    shop.confirm_of(&too_much).await.refused(402, "LIMIT_EXCEEDED");
}
