//! What a lagging standby lost is forgiven, and nothing else.

use crate::{
    acquirer::Sandbox,
    domain::TxnNo,
    lab::{
        forgiven::{Circumstances, Tail},
        judge::{Seen, judge},
        memory::{Memory, Story, Told},
    },
};

fn over(order: &str, told: Option<Told>) -> Story {
    let (memory, mut story) = (Memory::default(), Story::new(order.to_owned(), 1_000));
    told.into_iter().for_each(|told| story.tell(told));
    memory.keep(story);
    memory.take().remove(0)
}

fn approved() -> Told {
    Told::Approved { key: "key".to_owned(), account: "me".to_owned() }
}

#[test]
fn what_was_acknowledged_before_or_after_the_lost_tail_is_held_to() {
    let network = Sandbox::in_memory();
    let before = over("before", Some(Told::Created));
    let mut across = Story::new("across".to_owned(), 1_000);
    let mut tail = Tail::begin(&network);
    across.tell(Told::Created);
    tail.moved();
    across.tell(approved());
    let memory = Memory::default();
    memory.keep(across);
    let after = over("after", Some(Told::Created));

    let mut circumstances = Circumstances::default();
    circumstances.forgive(&tail, &network);
    let mut stories = vec![before, memory.take().remove(0), after];
    circumstances.apply(&mut stories);
    assert_eq!(stories[0].told, [Told::Created]);
    assert_eq!(stories[1].told, [approved()], "acknowledged after the address was moved");
    assert_eq!(stories[2].told, [Told::Created]);
    assert!(stories.iter().all(|story| judge(story, None).len() == 1), "none of them may be gone");
    let charged_in_the_tail =
        Seen { payment_key: Some("key".into()), account_id: Some("me".into()), ..Seen::default() };
    assert!(judge(&stories[1], Some(&charged_in_the_tail)).is_empty());
    let forgives = |order| circumstances.forgives(order);
    assert_eq!(["before", "across", "after"].map(forgives), [false, true, false]);
}

#[test]
fn a_difference_within_the_database_is_never_forgiven() {
    let network = Sandbox::in_memory();
    let (memory, story) = (Memory::default(), Story::new("across".to_owned(), 1_000));
    let mut tail = Tail::begin(&network);
    tail.moved();
    memory.keep(story);
    let mut circumstances = Circumstances::default();
    circumstances.forgive(&tail, &network);
    circumstances.apply(&mut memory.take());
    let line = |what: &str| circumstances.forgives_line(&format!("payment 1: {what}"), Some("across"));
    let txn_no = TxnNo::from(uuid::Uuid::from_u128(7));
    assert!(!line("the journal has event 9 where 1 belongs"));
    assert!(line(&format!("the acquirer holds 5 of txn {txn_no}, our journal says 0")));
    let unknown = format!("the card acquirer holds 5 of txn {txn_no} of 2026-01-01, which no journal knows");
    assert!(!circumstances.forgives_line(&unknown, None), "it moved at another time");
}
