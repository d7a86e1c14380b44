//! The operator's commands, as they are typed: on the database of a server that runs or ran.

mod audit;
mod doubt;
mod keys;
mod password;
mod why;

use paygate::domain::PaymentKey;
use secrecy::ExposeSecret;

use crate::support::{TestApp, TestDatabase, command};

/// How a command ended, and what it wrote.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// It must have ended like this, with nothing but a complaint; returns the complaint.
    #[track_caller]
    pub fn refused(&self, code: i32) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        assert!(!self.err.trim().is_empty(), "it says why");
        &self.err
    }
}

/// `paygate …`, with its answer and its complaints apart.
async fn paygate(database: &TestDatabase, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = command(database, arguments, variables);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}

/// The same beside `app`, with its key.
pub async fn beside(app: &TestApp, arguments: &[&str]) -> Ran {
    let key = app.settings().vault.master_key.expose_secret();
    paygate(&app.database, arguments, &[("PAYGATE__VAULT__MASTER_KEY", key)]).await
}

/// Keys that no payment has: no key at all, one of nothing, and one that knows a payment but not its secret.
fn strange_keys(known: &str) -> [String; 3] {
    let known: PaymentKey = known.parse().unwrap();
    let guessed = PaymentKey::new(known.payment(), 1);
    let of_nothing = PaymentKey::new(uuid::Uuid::now_v7().into(), 1);
    ["nonsense".to_owned(), of_nothing.to_string(), guessed.to_string()]
}
