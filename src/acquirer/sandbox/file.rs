//! The sandbox's memory on disk: one JSON line per change of a transaction.
//!
//! Lines go to the operating system at once and are never fsynced: the file outlives a killed process,
//! not a power cut. It is a stand-in for a network that remembers, nothing of ours depends on it. Card
//! numbers never come here, only their last four digits.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{totals::Totals, wire::Refusal};
use crate::domain::{CancelNo, TxnNo};

/// The file is rewritten without what it no longer needs to say when it has grown by this many lines
/// and at least doubled.
const REWRITE_AFTER_LINES: usize = 1_000_000;

/// One thing that happened to a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(super) enum Change {
    /// Begins a rewritten file: what it no longer tells line by line.
    Carried {
        dropped: Totals,
        next_approval_no: u64,
    },
    Approved {
        txn_no: TxnNo,
        last_four: Box<str>,
        amount: i64,
        approval_no: u64,
        at: Timestamp,
    },
    Declined {
        txn_no: TxnNo,
        last_four: Box<str>,
        amount: i64,
        refusal: Refusal,
    },
    Canceled {
        txn_no: TxnNo,
        cancel_no: CancelNo,
        amount: i64,
    },
    CancelRefused {
        txn_no: TxnNo,
        cancel_no: CancelNo,
        amount: i64,
        refusal: Refusal,
    },
    Reversed {
        txn_no: TxnNo,
        amount: i64,
    },
}

pub(super) struct LedgerFile {
    file: File,
    path: PathBuf,
    /// Bytes of complete lines.
    length: u64,
    lines: usize,
    rewrite_at: usize,
}

impl LedgerFile {
    /// Opens or creates the file and hands every change in it to `fold`, oldest first. A last line that
    /// was not finished is cut off: its change was never answered.
    ///
    /// # Errors
    /// The file cannot be read or written, another process has it open, or a finished line is not ours.
    pub fn open(path: &Path, mut fold: impl FnMut(Change)) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        lock(&file)?;
        let (mut length, mut lines) = (0, 0);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            lines += 1;
            fold(parse(&line, lines)?);
            length += read as u64;
        }
        file.set_len(length)?;
        Ok(Self { file, path: path.to_owned(), length, lines, rewrite_at: next_rewrite(0) })
    }

    pub fn append(&mut self, change: &Change) -> io::Result<()> {
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // Half a line in the middle would make the rest unreadable.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        self.lines += 1;
        Ok(())
    }

    pub fn is_overgrown(&self) -> bool {
        self.lines >= self.rewrite_at
    }

    /// Puts `changes` in the place of everything before. A failure leaves the file as it was, and the
    /// next attempt is as far away as after a success.
    pub fn rewrite(&mut self, changes: impl Iterator<Item = Change>) -> io::Result<()> {
        self.rewrite_at = next_rewrite(self.lines);
        let beside = self.path.with_extension("rewrite");
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&beside)?;
        lock(&file)?;
        let (mut length, mut lines) = (0, 0);
        let mut writer = BufWriter::new(&file);
        for change in changes {
            let mut line = serde_json::to_vec(&change)?;
            line.push(b'\n');
            writer.write_all(&line)?;
            length += line.len() as u64;
            lines += 1;
        }
        writer.flush()?;
        drop(writer);
        fs::rename(&beside, &self.path)?;
        *self = Self { file, path: self.path.clone(), length, lines, rewrite_at: next_rewrite(lines) };
        Ok(())
    }
}

pub(super) fn parse(line: &[u8], number: usize) -> io::Result<Change> {
    let damaged = || format!("line {number} of the sandbox's file is damaged");
    serde_json::from_slice(line).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, damaged()))
}

fn next_rewrite(lines: usize) -> usize {
    lines * 2 + REWRITE_AFTER_LINES
}

/// Two processes that append to one file would each know half of the truth.
fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::other("another process uses this sandbox file"),
        TryLockError::Error(error) => error,
    })
}
