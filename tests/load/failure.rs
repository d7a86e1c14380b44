//! What can go wrong with a payment of the benchmark.

use std::{fmt, io};

#[derive(Debug)]
pub enum Failure {
    /// Not a success, with its body.
    Status(u16, String),
    Io(io::Error),
    TimedOut,
    /// A success that says something else than it must.
    Wrong(&'static str),
}

impl Failure {
    /// What failures are counted by.
    pub fn kind(&self) -> String {
        match self {
            Failure::Status(status, _) => status.to_string(),
            Failure::Io(_) => "io".to_owned(),
            Failure::TimedOut => "timeout".to_owned(),
            Failure::Wrong(_) => "wrong".to_owned(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Status(status, body) => write!(f, "{status} {body}"),
            Failure::Io(error) => write!(f, "{error}"),
            Failure::TimedOut => write!(f, "no end in time"),
            Failure::Wrong(what) => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}
