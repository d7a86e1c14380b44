//! What shops and customers were told, against what the API says in the end.

use serde::Deserialize;

use super::{
    finding::{Finding, Kind},
    memory::{Refund, Story, Told},
};

/// A payment as the shop's API shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Seen {
    pub payment_key: Option<String>,
    pub account_id: Option<String>,
    pub status: String,
    pub amount: i64,
    pub balance_amount: i64,
    pub transactions: Vec<Transaction>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Transaction {
    pub id: String,
    /// Negative when money went back.
    pub amount: i64,
}

impl Seen {
    fn charges(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.iter().filter(|transaction| transaction.amount > 0)
    }

    fn refunds(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.iter().filter(|transaction| transaction.amount < 0)
    }

    fn is_charged(&self) -> bool {
        self.charges().next().is_some()
    }
}

/// Everything that was told and is not so. `seen` is `None` when there is no payment of this order.
pub fn judge(story: &Story, seen: Option<&Seen>) -> Vec<Finding> {
    let key = story.key().map(str::to_owned).or_else(|| seen?.payment_key.clone());
    let mut wrong = Vec::new();
    match seen {
        None if story.told.is_empty() => {}
        None => wrong.push("nothing is known of it".to_owned()),
        Some(seen) => {
            wrong.extend(story.told.iter().filter_map(|told| contradiction(story, told, seen)));
            if !story.is_forgiven {
                wrong.extend(confirm_contradiction(story, seen));
                wrong.extend(refund_contradictions(&story.refunds, seen));
            }
        }
    }
    let finding = |what| Finding::new(Kind::ToldWrongly, key.clone(), format!("order {}: {what}", story.order));
    wrong.into_iter().map(finding).collect()
}

fn contradiction(story: &Story, told: &Told, seen: &Seen) -> Option<String> {
    let (status, charges) = (&seen.status, seen.charges().count());
    let holds = match told {
        Told::Created => seen.amount == story.amount,
        Told::Approved { key, account } => {
            seen.payment_key.as_ref() == Some(key) && seen.account_id.as_ref() == Some(account)
        }
        Told::Charged => charges == 1 && seen.charges().all(|charge| charge.amount == story.amount),
        Told::Declined => charges == 0 && matches!(status.as_str(), "ABORTED" | "EXPIRED"),
        Told::Ended(ended) => charges == 0 && status == ended,
        Told::OutOfOrder { .. } => false,
    };
    (!holds).then(|| format!("told {told:?}, but it is {status} with {charges} charges"))
}

/// Money was taken although each confirm was refused, or never reached the acquirer.
fn confirm_contradiction(story: &Story, seen: &Seen) -> Option<String> {
    let was_told = story.told.contains(&Told::Charged);
    let taken_in_silence = seen.is_charged() && !was_told && story.is_confirm_open != Some(true);
    taken_in_silence.then(|| "charged, but every confirm was refused".to_owned())
}

fn refund_contradictions(refunds: &[Refund], seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    for refund in refunds {
        let mut done = refund.done();
        let Some(first) = done.next() else { continue };
        if let Some(other) = done.find(|other| *other != first) {
            wrong.push(format!("one refund was answered twice, as {first:?} and as {other:?}"));
        }
        if !seen.refunds().any(|refund| (refund.id.as_str(), refund.amount) == first) {
            wrong.push(format!("the refund {first:?} is not there"));
        }
    }
    let possible = refunds.iter().filter(|refund| refund.may_be_done()).count();
    let there = seen.refunds().count();
    if there > possible {
        wrong.push(format!("{there} refunds are there, and only {possible} were asked for and not refused"));
    }
    let balance: i64 = seen.transactions.iter().map(|transaction| transaction.amount).sum();
    if balance != seen.balance_amount || balance < 0 {
        wrong.push(format!("the balance is {}, the transactions say {balance}", seen.balance_amount));
    }
    wrong
}
