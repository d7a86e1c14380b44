//! What the HTTP library says at ERROR of connections that clients spoil (no HTTP, too long a header, a body that does
//! not come) is theirs, and no reason to wake anybody: it is logged at DEBUG.

use std::fmt::{Debug, Write};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// Holds back what the library says, and says it quietly.
pub struct ClientErrors;

impl<S: Subscriber> Layer<S> for ClientErrors {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        if !event.metadata().target().starts_with("actix_http") {
            return true;
        }
        let mut said = Said::default();
        event.record(&mut said);
        if !is_clients(&said.0) {
            return true;
        }
        tracing::debug!(cause = said.0, "a client's connection was closed");
        false
    }
}

/// Of the ends of a connection, these are the library's own or ours.
const OURS: [&str; 4] = ["internal error", "service error", "body error", "upgrade error"];

fn is_clients(said: &str) -> bool {
    let is_foreign = |cause: &str| !OURS.iter().any(|ours| cause.starts_with(ours));
    said.strip_prefix("stream error: ").is_some_and(is_foreign)
        || ["MAX_BUFFER_SIZE unprocessed data reached", "write zero", "Send data error"]
            .iter()
            .any(|known| said.starts_with(known))
}

#[derive(Default)]
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_or_we_did_wrong_stays_an_error() {
        for theirs in ["stream error: request parse error: invalid Header provided", "write zero; closing"] {
            assert!(is_clients(theirs), "{theirs}");
        }
        for ours in [
            "stream error: internal error",
            "Internal server error: unexpected eof",
            "Response payload stream error: x",
        ] {
            assert!(!is_clients(ours), "{ours}");
        }
    }
}
