//! What the sandbox remembers: over a restart, after a torn line, and up to its limit.

use std::{fs, io::Write, path::PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::acquirer::sandbox::ledger::Charge;
use crate::domain::CancelNo;

fn file() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deeper").join("sandbox.jsonl");
    (dir, path)
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let (_dir, path) = file();
    let [charged, declined, reversed, cancel_no] = [new_no(), new_no(), new_no(), new_no()];
    let refused_card = approve_body(&declined, "9999-0000-0000-0102", 10);

    let before = Sandbox::open(&path).unwrap();
    let approved = approve(&before, &charged, 10_000).await;
    let refusal = post(&before, "/card/approve", refused_card.clone()).await;
    let canceled = cancel(&before, &charged, &cancel_no, 4_000).await;
    assert_eq!(cancel(&before, &charged, &new_no(), 500).await.0, 200);
    assert_eq!(reverse(&before, &reversed, 7).await.0, 200);
    let (totals, record) = (before.totals(), inquire(&before, &charged).await);
    drop(before);

    let after = Sandbox::open(&path).unwrap();
    assert_eq!(after.totals(), totals);
    assert_eq!(inquire(&after, &charged).await, record);
    assert_eq!(approve(&after, &charged, 10_000).await, approved, "the same approval number, the same time");
    assert_eq!(post(&after, "/card/approve", refused_card).await, refusal);
    assert_eq!(cancel(&after, &charged, &cancel_no, 4_000).await, canceled);
    assert_eq!(code(approve(&after, &reversed, 7).await), refused(409, "TXN_REVERSED"));
    assert_eq!(code(approve(&after, &charged, 10_001).await), refused(409, "TXN_CONFLICT"));
    let next = approve(&after, &new_no(), 1).await;
    assert_ne!(next.1["approvalNo"], approved.1["approvalNo"], "numbers go on where they ended");
}

#[tokio::test]
async fn a_refused_cancel_is_refused_in_the_same_words_for_ever() {
    let (_dir, path) = file();
    let [charged, small, large] = [new_no(), new_no(), new_no()];
    let too_much = refused(409, "EXCEEDS_BALANCE");
    let sandbox = Sandbox::open(&path).unwrap();
    approve(&sandbox, &charged, 10_000).await;
    let done = cancel(&sandbox, &charged, &small, 4_000).await;
    assert_eq!(code(cancel(&sandbox, &charged, &large, 6_001).await), too_much);
    assert_eq!(
        code(cancel(&sandbox, &charged, &large, 6_000).await),
        refused(409, "TXN_CONFLICT"),
        "its number is used"
    );
    reverse(&sandbox, &charged, 10_000).await;
    assert_eq!(code(cancel(&sandbox, &charged, &large, 6_001).await), too_much, "though it is reversed now");
    sandbox.desk.books().rewrite().unwrap();
    let books = sandbox.charges(charged.parse().unwrap());
    drop(sandbox);

    let sandbox = Sandbox::open(&path).unwrap();
    assert_eq!(code(cancel(&sandbox, &charged, &large, 6_001).await), too_much);
    assert_eq!(cancel(&sandbox, &charged, &small, 4_000).await, done);
    assert_eq!(sandbox.charges(charged.parse().unwrap()), Charges { approve_calls: 1, ..books });
    assert_eq!(sandbox.totals().refunded, Sum { count: 1, amount: 4_000 });
}

#[tokio::test]
async fn the_file_holds_no_card_number() {
    let (_dir, path) = file();
    let sandbox = Sandbox::open(&path).unwrap();
    approve(&sandbox, &new_no(), 10).await;
    post(&sandbox, "/card/approve", approve_body(&new_no(), "1234-1234-1234-9876", 10)).await;
    post(&sandbox, "/card/approve", approve_body(&new_no(), "not a card 4444333322221111", 10)).await;
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains(r#""0001""#) && text.contains(r#""9876""#), "{text}");
    for secret in ["9999-0000", "99990000", "1234-1234", "12341234", "44443333", "22221111"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off() {
    let (_dir, path) = file();
    let [first, torn, next] = [new_no(), new_no(), new_no()];
    let sandbox = Sandbox::open(&path).unwrap();
    approve(&sandbox, &first, 10).await;
    let whole = fs::read(&path).unwrap().len();
    approve(&sandbox, &torn, 20).await;
    drop(sandbox);
    let bytes = fs::read(&path).unwrap();
    for length in whole + 1..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let sandbox = Sandbox::open(&path).unwrap();
        assert_eq!(sandbox.totals().approved, Sum { count: 1, amount: 10 }, "cut at {length}");
        assert_eq!(code(inquire(&sandbox, &torn).await), refused(404, "TXN_NOT_FOUND"));
        assert_eq!(approve(&sandbox, &next, 30).await.0, 200);
        drop(sandbox);
        assert_eq!(Sandbox::open(&path).unwrap().totals().approved, Sum { count: 2, amount: 40 });
    }
}

#[tokio::test]
async fn a_last_line_of_which_only_the_end_was_written_is_cut_off() {
    let (_dir, path) = file();
    let [first, torn] = [new_no(), new_no()];
    let sandbox = Sandbox::open(&path).unwrap();
    approve(&sandbox, &first, 10).await;
    let whole = fs::read(&path).unwrap().len();
    approve(&sandbox, &torn, 20).await;
    drop(sandbox);
    // Sectors of one line reach a disk in any order.
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len();
    bytes[whole..last - 10].fill(0);
    fs::write(&path, &bytes).unwrap();
    let sandbox = Sandbox::open(&path).unwrap();
    assert_eq!(sandbox.totals().approved, Sum { count: 1, amount: 10 });
    assert_eq!(fs::read(&path).unwrap().len(), whole);
    assert_eq!(approve(&sandbox, &torn, 20).await.0, 200);
}

/// A file that refuses every write, in the place of the one that is open.
fn refuse_writes(sandbox: &Sandbox, path: &std::path::Path) {
    let file = fs::OpenOptions::new().read(true).open(path).unwrap();
    sandbox.desk.books().replace_file(file);
}

#[tokio::test]
async fn after_a_failed_write_the_file_is_written_anew_before_anything_is_answered() {
    let (_dir, path) = file();
    let [first, failed, next] = [new_no(), new_no(), new_no()];
    let sandbox = Sandbox::open(&path).unwrap();
    approve(&sandbox, &first, 10).await;
    let looks = Sandbox::look_on(&path).unwrap();
    refuse_writes(&sandbox, &path);
    // Half of the line gets there all the same.
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"change\":\"app").unwrap();
    assert_eq!(code(approve(&sandbox, &failed, 20).await), refused(503, "UNAVAILABLE"));
    assert_eq!(inquire(&looks, &first).await.0, 200, "half a line is not read");

    // Nothing can take the place of the file: a folder is in the way.
    let beside = path.with_extension("rewrite");
    fs::create_dir(&beside).unwrap();
    assert_eq!(code(approve(&sandbox, &next, 30).await), refused(503, "UNAVAILABLE"));
    assert_eq!(inquire(&sandbox, &failed).await.0, 503, "whether the line is there is unknown");
    fs::remove_dir(&beside).unwrap();

    assert_eq!(code(inquire(&sandbox, &failed).await), refused(404, "TXN_NOT_FOUND"));
    assert_eq!(approve(&sandbox, &next, 30).await.0, 200);
    assert_eq!(inquire(&looks, &next).await, inquire(&sandbox, &next).await, "who looks on reads the new file");
    let totals = sandbox.totals();
    drop(sandbox);
    assert_eq!(Sandbox::open(&path).unwrap().totals(), totals);
}

#[tokio::test]
async fn who_looks_on_sees_what_happens_and_does_nothing() {
    let (_dir, path) = file();
    let [first, second, third] = [new_no(), new_no(), new_no()];
    let works = Sandbox::open(&path).unwrap();
    approve(&works, &first, 10).await;
    let looks = Sandbox::look_on(&path).unwrap();
    assert_eq!(inquire(&looks, &first).await, inquire(&works, &first).await);
    assert_eq!(code(inquire(&looks, &second).await), refused(404, "TXN_NOT_FOUND"));
    approve(&works, &second, 20).await;
    cancel(&works, &first, &new_no(), 4).await;
    for txn_no in [&first, &second] {
        assert_eq!(inquire(&looks, txn_no).await, inquire(&works, txn_no).await);
    }
    works.desk.books().rewrite().unwrap();
    approve(&works, &third, 30).await;
    for txn_no in [&first, &second, &third] {
        assert_eq!(inquire(&looks, txn_no).await, inquire(&works, txn_no).await, "another file by the same name");
    }
    assert_eq!(approve(&looks, &new_no(), 40).await.0, 503);
    assert_eq!(looks.totals(), works.totals());
    drop(works);
    // The writer died in the middle of a line.
    let written = fs::read(&path).unwrap();
    fs::write(&path, [&written[..], b"{\"change\":\"rev"].concat()).unwrap();
    let torn = Sandbox::look_on(&path).unwrap();
    assert_eq!(torn.totals(), looks.totals());
}

#[test]
fn a_file_that_is_damaged_or_in_use_is_refused() {
    let (_dir, path) = file();
    let sandbox = Sandbox::open(&path).unwrap();
    assert!(Sandbox::open(&path).is_err(), "in use");
    drop(sandbox);
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"not ours\n{\"change\":\"rev").unwrap();
    let error = Sandbox::open(&path).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

fn ledger_charge(ledger: &mut Ledger, txn_no: TxnNo, amount: i64) -> Result<(), Refusal> {
    let charge = Charge { txn_no, last_four: "0001".into(), amount, verdict: Ok(()), now: Timestamp::UNIX_EPOCH };
    ledger.approve(charge).map(|_| ())
}

fn number(n: u128) -> TxnNo {
    Uuid::from_u128(n).into()
}

#[test]
fn the_oldest_transaction_is_forgotten_and_its_money_is_not() {
    let mut ledger = Ledger::in_memory(3);
    for n in 1..=5 {
        ledger_charge(&mut ledger, number(n), 100).unwrap();
    }
    assert_eq!(ledger.inquire(number(2)).err(), Some(Refusal::TxnNotFound));
    assert!(ledger.inquire(number(3)).is_ok());
    assert_eq!(ledger.totals().approved, Sum { count: 5, amount: 500 });
}

/// Something the gateway might ask for, in any order.
#[derive(Debug, Clone)]
enum Ask {
    Approve { txn: u128, amount: i64, good: bool },
    Cancel { txn: u128, cancel: u128, amount: i64 },
    Reverse { txn: u128, amount: i64 },
    Rewrite,
    Restart,
}

fn asks() -> impl Strategy<Value = Ask> {
    let (txn, amount) = (1..6_u128, prop_oneof![Just(1_000_i64), Just(600), Just(300)]);
    prop_oneof![
        4 => (txn.clone(), amount.clone(), prop::bool::weighted(0.8))
            .prop_map(|(txn, amount, good)| Ask::Approve { txn, amount, good }),
        4 => (txn.clone(), 1..5_u128, amount.clone())
            .prop_map(|(txn, cancel, amount)| Ask::Cancel { txn, cancel, amount }),
        2 => (txn, amount).prop_map(|(txn, amount)| Ask::Reverse { txn, amount }),
        1 => Just(Ask::Rewrite),
        1 => Just(Ask::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_asked_the_books_add_up_and_a_restart_changes_nothing(
        asked in prop::collection::vec(asks(), 1..60),
        limit in 2..8_usize,
    ) {
        let (_dir, path) = file();
        let mut ledger = Ledger::open(&path, limit).unwrap();
        let mut approvals = std::collections::HashSet::new();
        for ask in asked {
            match ask {
                Ask::Approve { txn, amount, good } => {
                    let verdict = if good { Ok(()) } else { Err(Refusal::CardDeclined) };
                    let seen = ledger.inquire(number(txn)).is_ok();
                    let charge = Charge {
                        txn_no: number(txn), last_four: "0001".into(), amount, verdict, now: Timestamp::UNIX_EPOCH,
                    };
                    if let Ok(approved) = ledger.approve(charge) {
                        prop_assert!(approvals.insert(approved.approval_no) != seen, "one number, one charge");
                    }
                }
                Ask::Cancel { txn, cancel, amount } => {
                    let held = ledger.charges(number(txn)).held();
                    let cancel_no: CancelNo = Uuid::from_u128(cancel).into();
                    if ledger.cancel(number(txn), cancel_no, amount).is_ok() {
                        prop_assert!([held, held - amount].contains(&ledger.charges(number(txn)).held()));
                    }
                }
                Ask::Reverse { txn, amount } => {
                    if ledger.reverse(number(txn), amount).is_ok() {
                        prop_assert_eq!(ledger.charges(number(txn)).held(), 0);
                    }
                }
                Ask::Rewrite => ledger.rewrite().unwrap(),
                Ask::Restart => {
                    let before = state(&ledger);
                    drop(ledger);
                    ledger = Ledger::open(&path, limit).unwrap();
                    prop_assert_eq!(state(&ledger), before);
                }
            }
            for txn in 1..6 {
                prop_assert!(ledger.charges(number(txn)).held() >= 0);
            }
            prop_assert!(ledger.totals().held() >= 0);
        }
        let held: i64 = (1..6).map(|txn| ledger.charges(number(txn)).held()).sum();
        if limit >= 5 {
            prop_assert_eq!(ledger.totals().held(), held, "nothing was forgotten, so the sums agree");
        }
    }
}

type Seen = (Charges, Option<(&'static str, Option<u64>, i64, i64)>);

/// All that can be seen of the books, apart from how often somebody asked.
fn state(ledger: &Ledger) -> (Totals, Vec<Seen>) {
    let seen = (1..6).map(number).map(|txn_no| {
        let entry = ledger.inquire(txn_no).ok();
        let entry = entry.map(|entry| (entry.status, entry.approval_no, entry.amount, entry.canceled_amount));
        (Charges { approve_calls: 0, ..ledger.charges(txn_no) }, entry)
    });
    (ledger.totals(), seen.collect())
}
