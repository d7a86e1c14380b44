//! What goes wrong with a disk, and for how long.

use std::time::Duration;

/// How a call fails. The numbers are those of `enum kind` in `faults.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFault {
    /// ENOSPC.
    NoSpace = 1,
    /// EIO.
    IoError = 2,
    /// EROFS.
    ReadOnly = 3,
    /// Half of it is written, then EIO.
    Torn = 4,
    /// It waits until the window is over.
    Hang = 5,
    /// ENOSPC for what makes a file longer.
    NoRoom = 6,
}

/// A set of files, as bits of `enum file`.
#[derive(Debug, Clone, Copy)]
pub struct Files(u32);

impl Files {
    pub const DATABASE: Self = Self(1);
    /// The write-ahead log of the database.
    pub const LOG: Self = Self(2);
    pub const SANDBOX: Self = Self(4);
    pub const ALL: Self = Self(7);

    pub const fn bits(self) -> u32 {
        self.0
    }

    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A set of calls, as bits of `enum call`.
#[derive(Debug, Clone, Copy)]
pub struct Calls(u32);

impl Calls {
    pub const WRITE: Self = Self(1);
    pub const SYNC: Self = Self(2);
    /// Writes, truncates and opens for writing.
    pub const CHANGE: Self = Self(1 | 4 | 8);
    pub const ALL: Self = Self(15);

    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// A time in which calls fail.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub name: &'static str,
    pub files: Files,
    pub calls: Calls,
    pub kind: DiskFault,
    /// Of a thousand calls so many fail.
    pub per_mille: u32,
    /// No more than this many; without a limit when absent.
    pub most: Option<u32>,
    pub lasts: Duration,
}

const DATABASE: Files = Files::DATABASE.and(Files::LOG);

const fn window(
    name: &'static str,
    files: Files,
    calls: Calls,
    kind: DiskFault,
    per_mille: u32,
    lasts_ms: u64,
) -> Window {
    Window { name, files, calls, kind, per_mille, most: None, lasts: Duration::from_millis(lasts_ms) }
}

/// What a run goes through, again and again.
pub const WINDOWS: [Window; 11] = [
    Window {
        most: Some(1),
        ..window("one write of the log refused (ENOSPC)", Files::LOG, Calls::WRITE, DiskFault::NoSpace, 1_000, 500)
    },
    window("disk full (ENOSPC)", Files::ALL, Calls::WRITE, DiskFault::NoSpace, 1_000, 5_000),
    window("one write of the log in ten fails (EIO)", Files::LOG, Calls::WRITE, DiskFault::IoError, 100, 6_000),
    Window {
        most: Some(1),
        ..window("one fsync of the log fails (EIO)", Files::LOG, Calls::SYNC, DiskFault::IoError, 1_000, 500)
    },
    window("one fsync in three fails (EIO)", Files::ALL, Calls::SYNC, DiskFault::IoError, 333, 4_000),
    window("one write in five is torn (half, then EIO)", Files::ALL, Calls::WRITE, DiskFault::Torn, 200, 4_000),
    window("file system read-only (EROFS)", Files::ALL, Calls::CHANGE, DiskFault::ReadOnly, 1_000, 5_000),
    window("one call in fifty fails (EIO)", Files::ALL, Calls::ALL, DiskFault::IoError, 20, 6_000),
    window("checkpoints fail (EIO)", Files::DATABASE, Calls::ALL, DiskFault::IoError, 1_000, 4_000),
    window("disk hangs", DATABASE, Calls::WRITE, DiskFault::Hang, 1_000, 7_000),
    window("the sandbox's disk full (ENOSPC)", Files::SANDBOX, Calls::WRITE, DiskFault::NoSpace, 1_000, 3_000),
];
