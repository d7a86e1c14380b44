//! The sandbox's memory on disk: one JSON line per change of a transaction.
//!
//! A change is answered after its line is on the disk (`fdatasync`). A line that could not be written or synced
//! is never followed by another: the file is written anew beside, from what was acknowledged, and takes the
//! place of the old one before the next answer. Card numbers never come here, only their last four digits.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{totals::Totals, wire::Refusal};
use crate::{
    domain::{CancelNo, TxnNo},
    private_files,
};

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
    pub(super) file: File,
    path: PathBuf,
    lines: usize,
    rewrite_at: usize,
    /// A write or sync failed: what the file ends with is unknown.
    is_torn: bool,
}

impl LedgerFile {
    /// Opens or creates the file and hands every change in it to `fold`, oldest first. A last line that is cut
    /// short or damaged is removed: its change was never answered.
    ///
    /// # Errors
    /// The file cannot be read or written, another process has it open, or a line before the last is not ours.
    pub fn open(path: &Path, mut fold: impl FnMut(Change)) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            private_files::create_folder(parent)?;
        }
        private_files::close(path);
        let file = private_files::creating().read(true).append(true).open(path)?;
        lock(&file)?;
        let (mut length, mut lines) = (0, 0);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            let change = parse(&line, lines + 1);
            let is_last = reader.fill_buf()?.is_empty();
            match change {
                Ok(change) if line.ends_with(b"\n") => fold(change),
                Err(error) if !is_last => return Err(error),
                _ => break,
            }
            lines += 1;
            length += line.len() as u64;
            line.clear();
        }
        if !line.is_empty() {
            tracing::warn!(
                line = lines + 1,
                bytes = line.len(),
                "the last line of the sandbox's file is incomplete and is removed"
            );
            file.set_len(length)?;
            file.sync_all()?;
        }
        sync_folder(path)?;
        Ok(Self { file, path: path.to_owned(), lines, rewrite_at: next_rewrite(0), is_torn: false })
    }

    /// Adds a change; it is on the disk when this returns.
    ///
    /// # Errors
    /// It may be there or not, and [`is_torn`](Self::is_torn) from then on.
    pub fn append(&mut self, change: &Change) -> io::Result<()> {
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            self.is_torn = true;
            return Err(error);
        }
        self.lines += 1;
        Ok(())
    }

    /// Nothing may be appended before a [`rewrite`](Self::rewrite) has succeeded.
    pub const fn is_torn(&self) -> bool {
        self.is_torn
    }

    pub fn is_overgrown(&self) -> bool {
        self.lines >= self.rewrite_at
    }

    /// Puts `changes` in the place of everything before. A failure leaves the file as it was, and the
    /// next attempt is as far away as after a success.
    pub fn rewrite(&mut self, changes: impl Iterator<Item = Change>) -> io::Result<()> {
        self.rewrite_at = next_rewrite(self.lines);
        let beside = self.path.with_extension("rewrite");
        private_files::close(&beside);
        let file = private_files::creating().write(true).truncate(true).open(&beside)?;
        lock(&file)?;
        let mut lines = 0;
        let mut writer = BufWriter::new(&file);
        for change in changes {
            let mut line = serde_json::to_vec(&change)?;
            line.push(b'\n');
            writer.write_all(&line)?;
            lines += 1;
        }
        writer.flush()?;
        drop(writer);
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        // Appended to from here on, whether or not the new name is on the disk yet.
        *self = Self { file, path: self.path.clone(), lines, rewrite_at: next_rewrite(lines), is_torn: true };
        sync_folder(&self.path)?;
        self.is_torn = false;
        Ok(())
    }
}

pub(super) fn parse(line: &[u8], number: usize) -> io::Result<Change> {
    let damaged = || format!("line {number} of the sandbox's file is damaged");
    serde_json::from_slice(line).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, damaged()))
}

/// Makes the name of a new file durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
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
