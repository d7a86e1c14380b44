//! Past payments by the hundred thousand, so that lists and reports can be seen at the size they will have.
//!
//! Each is a whole journal of the real domain, written through the real commit path: `paygate audit` agrees
//! with all of them. (Not with a card network, which never heard of them: they bear a method of their own.)

use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use uuid::Uuid;

use crate::{
    actors::Services,
    domain::{
        Approval, By, Currency, CustomerId, Event, Instrument, MerchantId, Money, Order, Payer, Payment, PaymentId,
        PaymentKey, Reason, Recorded, RefundKind, create,
    },
    store::{Commit, Customer, Merchant, Records, Store, StoreError},
};

/// Payments written in one transaction.
const BATCH: u64 = 500;

/// Customers who share them.
const CUSTOMERS: usize = 500;

/// Every so manieth payment belongs to another business.
const OTHERS: u64 = 5;

/// The past that is made up.
const PAST: SignedDuration = SignedDuration::from_hours(24 * 730);

const GOODS: [&str; 12] = [
    "아메리카노",
    "카페라떼",
    "티셔츠",
    "운동화",
    "Coffee beans",
    "노트북 거치대",
    "김치 5kg",
    "Gift card",
    "영화 예매권",
    "화분",
    "Notebook",
    "한정판 100%_면",
];

/// What the past was like: how a payment ends, of a hundred.
const ENDS: [(u32, End); 7] = [
    (62, End::Done),
    (10, End::Canceled),
    (6, End::PartlyCanceled),
    (5, End::Refunded),
    (7, End::Declined),
    (7, End::Expired),
    (3, End::GivenUp),
];

#[derive(Clone, Copy)]
enum End {
    Done,
    Canceled,
    PartlyCanceled,
    Refunded,
    Declined,
    Expired,
    GivenUp,
}

/// Who the past belongs to.
struct Cast {
    shop: MerchantId,
    other: MerchantId,
    customers: Vec<Payer>,
}

/// Writes `count` payments of `shop` (and some of another business), spread over two years up to `now`.
/// `progress` hears how many are written.
///
/// # Errors
/// The database failed.
pub async fn make_past(
    store: &Store,
    shop: MerchantId,
    (count, seed): (u64, u64),
    now: Timestamp,
    mut progress: impl FnMut(u64),
) -> Result<(), StoreError> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let cast = cast(store, shop, now).await?;
    let begin = now.checked_sub(PAST).unwrap_or(now);
    let step = PAST.as_millis() / i128::from(count.max(1));
    let mut written = 0;
    while written < count {
        let until = (written + BATCH).min(count);
        let mut commits = Vec::with_capacity(usize::try_from(BATCH).unwrap_or(0));
        for number in written..until {
            let passed = i64::try_from(step * i128::from(number)).unwrap_or(0);
            let at = begin.checked_add(SignedDuration::from_millis(passed)).unwrap_or(now);
            if let Some((payment, events)) = life(&mut rng, &cast, number, at) {
                commits.push(Commit::new(&payment, &events, Vec::new())?);
            }
        }
        for result in store.write(&commits).await {
            result.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        }
        written = until;
        progress(written);
    }
    Ok(())
}

async fn cast(store: &Store, shop: MerchantId, now: Timestamp) -> Result<Cast, StoreError> {
    // No password fits an empty hash: nobody signs in as one of these.
    let nobody = String::new;
    let round: Uuid = Services::fresh();
    let other = Merchant::new(Services::fresh(), format!("other-{round}@example.com"), "다른 상점".to_owned());
    store.add_merchant(&other, nobody(), now).await?;
    let mut customers = Vec::with_capacity(CUSTOMERS);
    for number in 0..CUSTOMERS {
        let id: CustomerId = Services::fresh();
        let email = format!("customer-{number}-{round}@example.com");
        store.add_customer(&Customer { id, email: email.clone() }, nobody(), now).await?;
        customers.push(Payer { id, email: email.into() });
    }
    Ok(Cast { shop, other: other.id, customers })
}

/// The journal of one payment while it is being made up.
struct Story {
    payment: Payment,
    events: Vec<Recorded>,
    at: Timestamp,
}

impl Story {
    fn begin(id: PaymentId, order: Order, at: Timestamp) -> Option<Self> {
        let first = Recorded { seq: 1, at, by: By::Shop, event: create(order) };
        Some(Self { payment: Payment::created(id, &first)?, events: vec![first], at })
    }

    fn tell(&mut self, after_s: i64, by: By, event: Event) {
        self.at = self.at.checked_add(SignedDuration::from_secs(after_s)).unwrap_or(self.at);
        let recorded = Recorded { seq: self.payment.seq + 1, at: self.at, by, event };
        self.payment.apply(&recorded);
        self.events.push(recorded);
    }

    fn refund(&mut self, after_s: i64, minor: i64, reason: &str) {
        let approved = self.at;
        let cancel_no = Services::fresh();
        self.at = self.at.checked_add(SignedDuration::from_secs(after_s)).unwrap_or(self.at);
        let (at, amount) = (self.at, Money::new(minor, self.payment.order.amount.currency()));
        let Ok(amount) = amount else { return };
        let (refund_kind, reason) = (RefundKind::on(approved, at), Some(reason.into()));
        let by = By::BackOffice(self.payment.order.merchant);
        self.tell(
            0,
            by,
            Event::RefundRequested {
                cancel_no,
                amount,
                refund_kind,
                look_at: at,
                reason,
                keyless: false,
                expected_balance: None,
            },
        );
        self.tell(1, By::Gateway, Event::RefundSucceeded { cancel_no });
    }
}

fn life(rng: &mut Xoshiro256PlusPlus, cast: &Cast, number: u64, at: Timestamp) -> Option<(Payment, Vec<Recorded>)> {
    let millis = u64::try_from(at.as_millisecond()).ok()?;
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &rng.random()).into_uuid();
    let order = Order {
        merchant: if number % OTHERS == OTHERS - 1 { cast.other } else { cast.shop },
        order_id: format!("{}-{number}", id.simple()).parse().ok()?,
        order_name: format!("{} {}", GOODS[rng.random_range(0..GOODS.len())], rng.random_range(1..1_000))
            .parse()
            .ok()?,
        amount: Money::new(rng.random_range(10..3_000) * 100, Currency::KRW).ok()?,
        expires_at: at.checked_add(SignedDuration::from_mins(10)).ok()?,
        redirects: Box::default(),
        metadata: None,
    };
    let mut story = Story::begin(id.into(), order, at)?;
    let mut drawn = rng.random_range(0..100);
    let end = ENDS.iter().find_map(|(share, end)| {
        if drawn < *share {
            return Some(*end);
        }
        drawn -= share;
        None
    });
    let end = end.unwrap_or(End::Done);
    if matches!(end, End::Expired) && rng.random_bool(0.5) {
        story.tell(600, By::Gateway, Event::Expired);
        return Some((story.payment, story.events));
    }
    let payer = &cast.customers[rng.random_range(0..cast.customers.len())];
    approved(rng, &mut story, payer);
    ended(rng, &mut story, end);
    Some((story.payment, story.events))
}

fn approved(rng: &mut Xoshiro256PlusPlus, story: &mut Story, payer: &Payer) {
    let masked = format!("****-****-****-{:04}", rng.random_range(0..10_000));
    let instrument =
        Instrument {
            method: "past".into(), id: Services::fresh(), masked: masked.into(), issuer: "국민카드".into()
        };
    let by = By::Customer(payer.id);
    story.tell(rng.random_range(3..90), by, Event::Claimed { payer: payer.clone() });
    let look_at = story.at;
    story.tell(0, by, Event::VerificationStarted { instrument, look_at });
    let payment_key = PaymentKey::new(story.payment.id, rng.random());
    story.tell(1, By::Gateway, Event::VerificationPassed { payment_key });
}

fn ended(rng: &mut Xoshiro256PlusPlus, story: &mut Story, end: End) {
    let (txn_no, look_at) = (Services::fresh(), story.at);
    match end {
        End::Expired => return story.tell(600, By::Gateway, Event::Expired),
        End::GivenUp => return story.tell(5, By::Shop, Event::Canceled { reason: Some("품절".into()) }),
        _ => story.tell(1, By::Shop, Event::AuthorizationRequested { txn_no, look_at }),
    }
    if matches!(end, End::Declined) {
        let reason = Reason::LimitExceeded;
        story.tell(1, By::Gateway, Event::Declined { txn_no, reason });
        return story.tell(0, By::Gateway, Event::Aborted { reason });
    }
    let approval =
        Approval { approval_no: format!("{:08}", rng.random_range(0..100_000_000)).into(), approved_at: look_at };
    story.tell(1, By::Gateway, Event::Approved { txn_no, approval });
    let amount = story.payment.order.amount.minor();
    match end {
        End::Canceled => story.refund(rng.random_range(10..1_800), amount, "고객 변심"),
        End::PartlyCanceled => story.refund(rng.random_range(10..1_800), amount / 2, "일부 품절"),
        End::Refunded => story.refund(rng.random_range(90_000..500_000), amount, "반품"),
        _ => {}
    }
}
