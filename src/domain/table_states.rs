//! The states of the table, each made by the events that lead there.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::*;

pub const PRICE: i64 = 1_000;
pub const OWNER: u128 = 1;
pub const STRANGER: u128 = 2;
/// Numbers of calls that were made, that are about to be made, and that never were.
pub const USED: u128 = 10;
pub const FRESH: u128 = 11;
pub const NEVER: u128 = 12;
const SECOND: u128 = 13;

pub struct State {
    pub name: &'static str,
    pub payment: Payment,
    pub now: Timestamp,
    pub policy: Policy,
}

fn start() -> Timestamp {
    "2026-03-01T05:00:00Z".parse().unwrap()
}

fn deadline() -> Timestamp {
    start() + SignedDuration::from_mins(10)
}

/// When the calls of the states are taken for lost.
fn look_at() -> Timestamp {
    policy(true).lost_at(start())
}

fn policy(resolves: bool) -> Policy {
    let seconds = SignedDuration::from_secs;
    Policy {
        call_limit: seconds(8),
        inquiry_every: seconds(3),
        inquiry_for: seconds(45),
        retry_after: [5, 15, 60].map(seconds).into(),
        resolves,
        refunds: resolves,
        is_circuit_open: false,
    }
}

pub fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

pub fn key(secret: u128) -> PaymentKey {
    PaymentKey::new(id(7), secret)
}

fn won(minor: i64) -> Money {
    Money::new(minor, Currency::KRW).unwrap()
}

pub fn payer(who: u128) -> Payer {
    Payer { id: id(who), email: "somebody@example.com".into() }
}

pub fn card(number: u128) -> Instrument {
    Instrument { method: "card".into(), id: id(number), masked: "****-1234".into(), issuer: "KB".into() }
}

pub fn approval() -> Approval {
    Approval { approval_no: "A1".into(), approved_at: start() }
}

fn created() -> Event {
    create(Order {
        merchant: id(3),
        order_id: "order-1".parse().unwrap(),
        order_name: "coffee".parse().unwrap(),
        amount: won(PRICE),
        expires_at: deadline(),
        redirects: Box::default(),
        metadata: None,
    })
}

fn refund_requested(cancel_no: u128, minor: i64) -> Event {
    let (cancel_no, amount, refund_kind) = (id(cancel_no), won(minor), RefundKind::Canceled);
    Event::RefundRequested {
        cancel_no,
        amount,
        refund_kind,
        look_at: look_at(),
        reason: None,
        keyless: true,
        expected_balance: None,
    }
}

fn fold(events: &[Event]) -> Payment {
    let journal =
        events.iter().zip(1..).map(|(event, seq)| Recorded { seq, at: start(), by: By::Gateway, event: event.clone() });
    Payment::replay(id(7), journal).unwrap()
}

/// `path` and then `more`.
fn and(path: &[Event], more: impl IntoIterator<Item = Event>) -> Vec<Event> {
    path.iter().cloned().chain(more).collect()
}

fn at(now: Timestamp, name: &'static str, events: &[Event]) -> State {
    State { name, payment: fold(events), now, policy: policy(true) }
}

fn in_time(name: &'static str, events: &[Event]) -> State {
    at(start(), name, events)
}

fn lost(name: &'static str, events: &[Event]) -> State {
    at(look_at(), name, events)
}

fn late(name: &'static str, events: &[Event]) -> State {
    at(deadline(), name, events)
}

/// Created with the client key.
fn by_client_key(state: State) -> State {
    State { payment: Payment { is_by_client_key: true, ..state.payment }, ..state }
}

/// At an acquirer that cannot be asked.
fn mute(state: State) -> State {
    State { policy: policy(false), ..state }
}

pub fn states() -> Vec<State> {
    let started = || Event::VerificationStarted { instrument: card(1), look_at: look_at() };
    let failed = || Event::VerificationFailed { reason: Reason::CardExpired };
    let attempts = |count| (0..count).flat_map(|_| [failed(), started()]);

    let ready = vec![created()];
    let in_verificate = and(&ready, [Event::Claimed { payer: payer(OWNER) }, started()]);
    let last_try = and(&in_verificate, attempts(MAX_REFUSED_VERIFICATIONS - 1));
    let in_progress = and(&in_verificate, [Event::VerificationPassed { payment_key: key(1) }]);
    let guesses = || (1..MAX_CONFIRM_ATTEMPTS).map(|_| Event::ConfirmRefused { amount: 1 });
    let before_the_charge = [
        in_time("ready", &ready),
        late("ready, late", &ready),
        by_client_key(in_time("ready, by client key", &ready)),
        by_client_key(late("ready, by client key, late", &ready)),
        by_client_key(in_time("given up, by client key", &and(&ready, [Event::Canceled { reason: None }]))),
        by_client_key(late(
            "expired, by client key, order released",
            &and(&ready, [Event::Expired, Event::OrderReleased]),
        )),
        by_client_key(in_time("in progress, by client key", &in_progress)),
        in_time("ready, card failed", &and(&in_verificate, [failed()])),
        in_time("verifying", &in_verificate),
        lost("verifying, lost", &in_verificate),
        late("verifying, late", &in_verificate),
        in_time("verifying, last try", &last_try),
        in_time("in progress", &in_progress),
        late("in progress, late", &in_progress),
        in_time("in progress, last try", &and(&in_progress, guesses())),
        in_time("given up before the charge", &and(&in_progress, [Event::Canceled { reason: None }])),
        late("expired", &and(&in_progress, [Event::Expired])),
    ];
    before_the_charge.into_iter().chain(charging(&in_progress, guesses())).chain(refunding(&in_progress)).collect()
}

fn charging(in_progress: &[Event], guesses: impl Iterator<Item = Event>) -> Vec<State> {
    let txn_no = id(USED);
    let requested = and(in_progress, [Event::AuthorizationRequested { txn_no, look_at: look_at() }]);
    let unknown = and(&requested, [Event::AuthorizationUnknown { txn_no, next_at: Some(start()) }]);
    let by_hand = and(&requested, [Event::AuthorizationUnknown { txn_no, next_at: None }]);
    let inquiring = and(&unknown, [Event::InquiryRequested { txn_no, look_at: look_at() }]);
    let reversing = and(&unknown, [Event::ReversalRequested { txn_no, look_at: look_at() }]);
    let reversal_failed = and(&reversing, [Event::ReversalFailed { txn_no, next_at: Some(look_at()) }]);
    let not_reversible = and(&reversing, [Event::ReversalFailed { txn_no, next_at: None }]);
    let aborted = |reason| Event::Aborted { reason };
    let reversed = and(&reversing, [Event::Reversed { txn_no }, aborted(Reason::OutcomeUnknown)]);
    let resolved = Event::ResolvedByHand { txn_no, approved: false, note: "telephoned".into() };
    let reversed_by_hand = and(&by_hand, [resolved, Event::Reversed { txn_no }, aborted(Reason::OutcomeUnknown)]);
    let late_approval = |before: &[Event]| {
        let late = Event::LateApproval { txn_no, approval: approval() };
        and(before, [late, Event::ReversalRequested { txn_no, look_at: look_at() }])
    };
    let approved = || Event::Approved { txn_no, approval: approval() };
    let reason = Reason::LimitExceeded;
    let declined = and(&requested, [Event::Declined { txn_no, reason }, aborted(reason)]);
    let not_sent = and(&requested, [Event::AuthorizationNotSent { txn_no }]);
    let asked_enough = start() + policy(true).inquiry_for;
    vec![
        in_time("not sent", &not_sent),
        late("not sent, expired", &and(&not_sent, [Event::Expired])),
        in_time("authorizing", &requested),
        lost("authorizing, lost", &requested),
        late("authorizing, late", &requested),
        in_time("authorizing, last try", &and(&requested, guesses)),
        mute(lost("authorizing, lost, mute", &requested)),
        in_time("in doubt, due", &unknown),
        in_time("in doubt, inquiry under way", &inquiring),
        lost("in doubt, inquiry lost", &inquiring),
        at(asked_enough, "in doubt, asked enough", &inquiring),
        late("in doubt, late", &inquiring),
        late("in doubt, late, never asked", &unknown),
        mute(lost("in doubt, mute since", &inquiring)),
        mute(in_time("waits for a person", &by_hand)),
        mute(late("waits for a person, late", &by_hand)),
        in_time("reversing", &reversing),
        lost("reversing, lost", &reversing),
        in_time("reversing, failed", &reversal_failed),
        late("reversing, late", &reversing),
        mute(lost("reversing, mute since", &reversing)),
        mute(in_time("reversing, waits for a person", &not_reversible)),
        in_time("reversed", &reversed),
        mute(in_time("reversed by hand", &reversed_by_hand)),
        in_time("reversing a late approval", &late_approval(&reversed)),
        lost("reversing a late approval, lost", &late_approval(&reversed)),
        mute(lost("reversing a late approval, mute", &late_approval(&reversed_by_hand))),
        in_time("declined", &declined),
        in_time("done after doubt", &and(&unknown, [approved()])),
        in_time("done after a withheld answer", &and(&requested, [Event::AnswerWithheld, approved()])),
    ]
}

fn refunding(in_progress: &[Event]) -> Vec<State> {
    let (txn_no, cancel_no) = (id(USED), id(USED));
    let requested = Event::AuthorizationRequested { txn_no, look_at: look_at() };
    let done = and(in_progress, [requested, Event::Approved { txn_no, approval: approval() }]);
    let succeeded = || Event::RefundSucceeded { cancel_no };
    let withheld = || Event::RefundAnswerWithheld { cancel_no };
    let refunding = and(&done, [refund_requested(USED, 400)]);
    let in_doubt = and(&refunding, [Event::RefundUnknown { cancel_no, next_at: Some(look_at()) }]);
    let retried = and(&refunding, [Event::RefundRetried { cancel_no, look_at: look_at() }]);
    let by_hand = and(&refunding, [Event::RefundUnknown { cancel_no, next_at: None }]);
    let of_all = and(&done, [refund_requested(USED, PRICE)]);
    let reason = Reason::LimitExceeded;
    let failed = and(&refunding, [Event::RefundFailed { cancel_no, reason }]);
    // The rest was asked for again while the first one was given up, which succeeded all the same.
    let given_up = [Event::RefundFailed { cancel_no: id(SECOND), reason }, refund_requested(USED, PRICE)];
    let unknown = Event::RefundUnknown { cancel_no, next_at: None };
    let late = Event::RefundSucceeded { cancel_no: id(SECOND) };
    let too_much = and(&and(&done, [refund_requested(SECOND, PRICE)]), given_up.into_iter().chain([unknown, late]));
    let all_failed = (0..MAX_REFUNDS as u128).flat_map(|number| {
        let failed = Event::RefundFailed { cancel_no: id(100 + number), reason };
        [refund_requested(100 + number, 1), failed]
    });
    let late_doubt = || Event::RefundUnknown { cancel_no, next_at: Some(deadline()) };
    // The older one is in no hurry.
    let second_retried = Event::RefundRetried { cancel_no: id(SECOND), look_at: look_at() };
    let two_in_doubt = and(&refunding, [late_doubt(), refund_requested(SECOND, 100), second_retried]);
    vec![
        in_time("done", &done),
        in_time("refund of 400 under way", &refunding),
        lost("refund of 400 lost", &refunding),
        mute(lost("refund of 400 lost, mute", &refunding)),
        in_time("refund of 400 in doubt", &in_doubt),
        lost("refund of 400 in doubt, due", &in_doubt),
        lost("refund of 400 retried, lost", &retried),
        mute(in_time("refund of 400 waits for a person", &by_hand)),
        in_time("refund of 400 told as unknown", &and(&in_doubt, [withheld()])),
        in_time("400 refunded, told as unknown", &and(&in_doubt, [withheld(), succeeded()])),
        lost("refunds of 400 and 100 in doubt", &two_in_doubt),
        in_time("refund of 400 failed", &failed),
        mute(in_time("all refunded late, another refund of all waits for a person", &too_much)),
        in_time("refund of all under way", &of_all),
        in_time("refund of all in doubt", &and(&of_all, [late_doubt()])),
        in_time("done, no refunds left", &and(&done, all_failed)),
        in_time("400 refunded", &and(&refunding, [succeeded()])),
        in_time("all refunded", &and(&of_all, [succeeded()])),
    ]
}
