//! The audit from the other side: what the acquirers have on record, held against the journals.

use std::{collections::HashSet, io::Write};

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{Audit, OperatorError};
use crate::{
    acquirer::{Acquirer, Acquirers, DayList, Listed},
    domain::{Authorization, Event, Outcome, TxnNo, business_day},
    store::{Audited, Store},
};

/// Days that are asked about although no payment of ours is as old.
const DAYS_BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A list that does not come is asked for again.
const TRIES: usize = 3;

/// What the journals' side of the audit has seen.
pub(super) struct Seen {
    begun_at: Timestamp,
    /// When the oldest payment began.
    oldest: Timestamp,
    /// Charges that were asked for and are not booked.
    unbooked: HashSet<TxnNo>,
}

/// Money that an acquirer holds, and of which no journal has been found yet.
struct Stray {
    method: &'static str,
    day: Date,
    record: Listed,
}

impl Seen {
    pub fn new(now: Timestamp) -> Self {
        Self { begun_at: now, oldest: now, unbooked: HashSet::new() }
    }

    pub fn note(&mut self, audited: &Audited) {
        let booked = audited.payment.as_ref().and_then(|payment| match payment.authorization {
            Authorization::Approved { txn_no, .. } => Some(txn_no),
            _ => None,
        });
        for event in &audited.events {
            self.oldest = self.oldest.min(event.at);
            match event.event {
                Event::AuthorizationRequested { txn_no, .. } if booked != Some(txn_no) => {
                    self.unbooked.insert(txn_no);
                }
                _ => {}
            }
        }
    }
}

/// Asks each acquirer for its records, day by day in Seoul, and names the money that no journal knows.
///
/// # Errors
/// The database failed, or the output cannot be written.
pub(super) async fn compare(
    store: &Store,
    acquirers: &Acquirers,
    seen: &Seen,
    audit: &mut Audit,
    out: &mut impl Write,
) -> Result<(), OperatorError> {
    let first = business_day(seen.oldest.checked_sub(DAYS_BEFORE).unwrap_or(seen.oldest));
    // The network's clock may be ahead of ours, and midnight may pass meanwhile.
    let last = business_day(seen.begun_at).tomorrow().unwrap_or(Date::MAX);
    let mut strays = Vec::new();
    for (method, acquirer) in acquirers.iter() {
        let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
        for day in days {
            match read_day(&**acquirer, day).await {
                Some(Some(records)) => {
                    audit.listed += records.len() as u64;
                    let unknown = unknown(store, seen, records).await?;
                    strays.extend(unknown.into_iter().map(|record| Stray { method, day, record }));
                }
                Some(None) => {
                    audit.unlisted += 1;
                    writeln!(out, "the {method} acquirer has no list of its records: audited from our side only")?;
                    break;
                }
                None => {
                    audit.differences += 1;
                    writeln!(out, "the {method} acquirer does not tell what it has on record of {day}")?;
                }
            }
        }
    }
    if strays.is_empty() {
        return Ok(());
    }
    // A payment may have been confirmed after its journal was read. The intent is durable before an acquirer hears of
    // it, so what is on record there by now is in a journal by now.
    let since = seen.begun_at.checked_sub(SignedDuration::from_hours(48)).unwrap_or(Timestamp::MIN);
    let requested = store.requested_since(since).await?;
    strays.retain(|stray| number(&stray.record).is_none_or(|txn_no| !requested.contains(&txn_no)));
    for Stray { method, day, record: Listed { txn_no, held } } in strays {
        audit.differences += 1;
        writeln!(out, "the {method} acquirer holds {held} of txn {txn_no} of {day}, which no journal knows")?;
    }
    Ok(())
}

/// All pages of one day: `None` when they do not come, and `None` within when there is no such list.
async fn read_day(acquirer: &dyn Acquirer, day: Date) -> Option<Option<Vec<Listed>>> {
    let (mut all, mut after) = (Vec::new(), None::<Box<str>>);
    loop {
        let mut tries = 0;
        let list = loop {
            match acquirer.list(day, after.as_deref()).await {
                Outcome::Approved(list) => break list,
                _ if tries + 1 >= TRIES => return None,
                _ => tries += 1,
            }
        };
        let DayList::Page { records, next } = list else { return Some(None) };
        all.extend(records);
        match next {
            // A list that leads back to where it was would never end.
            Some(next) if after.as_ref() != Some(&next) => after = Some(next),
            Some(_) => return None,
            None => return Some(Some(all)),
        }
    }
}

fn number(record: &Listed) -> Option<TxnNo> {
    record.txn_no.parse().ok()
}

/// Those records that hold money under no number that the journals were seen to know.
async fn unknown(store: &Store, seen: &Seen, records: Vec<Listed>) -> Result<Vec<Listed>, OperatorError> {
    let is_known = |record: &Listed| number(record).is_some_and(|txn_no| seen.unbooked.contains(&txn_no));
    let mut unknown: Vec<_> = records.into_iter().filter(|record| record.held != 0 && !is_known(record)).collect();
    for page in unknown.chunks(PAGE).map(<[Listed]>::to_vec).collect::<Vec<_>>() {
        let numbers: Vec<TxnNo> = page.iter().filter_map(number).collect();
        let booked = store.booked_charges(&numbers).await?;
        unknown.retain(|record| number(record).is_none_or(|txn_no| !booked.contains(&txn_no)));
    }
    Ok(unknown)
}

/// Numbers that are looked up at once.
const PAGE: usize = 500;
