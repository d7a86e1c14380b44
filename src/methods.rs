//! The payment methods of this installation, and how each is built from the configuration.

use std::{sync::Arc, time::Duration};

use crate::{
    acquirer::{
        Acquirer, Acquirers, CARD, CardAcquirer, CardNetwork, CardSettings, Guarded, HttpNetwork, InProcess, Sandbox,
    },
    config::Settings,
};

/// A network cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[error("the card network: {0}")]
pub struct NetworkError(String);

/// The table of payment methods: a new method is a new line.
///
/// # Errors
/// A network cannot be used as it is configured.
pub fn acquirers(settings: &Settings, wanted: Use) -> Result<Acquirers, NetworkError> {
    Ok(Acquirers::new([(CARD, card(settings, wanted)?)]))
}

/// What acquirers are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Paying,
    /// They are asked, beside a server that pays with them.
    Asking,
}

/// Cards, over the configured network or the built-in sandbox.
fn card(settings: &Settings, wanted: Use) -> Result<Arc<dyn Acquirer>, NetworkError> {
    let failed = |error: &dyn std::fmt::Display| NetworkError(error.to_string());
    let card = &settings.acquirer.card;
    let network: Arc<dyn CardNetwork> = if card.base_url.is_empty() {
        let file = settings.data_dir.join("sandbox.jsonl");
        let sandbox = match wanted {
            Use::Asking if !file.exists() => Ok(Sandbox::in_memory()),
            Use::Asking => Sandbox::look_on(file),
            Use::Paying => Sandbox::open(file),
        };
        let sandbox = sandbox.map_err(|error| failed(&error))?;
        Arc::new(InProcess::new(Arc::new(sandbox), Duration::from_millis(card.call_timeout_ms)))
    } else {
        Arc::new(HttpNetwork::new(card.http()).map_err(|error| failed(&error))?)
    };
    let breaker = card.breaker();
    let settings = CardSettings { dialect: card.dialect, paths: card.paths.clone() };
    Ok(Arc::new(Guarded::new(CARD, Arc::new(CardAcquirer::new(network, settings)), breaker)))
}
