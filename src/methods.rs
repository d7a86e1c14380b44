//! The payment methods of this installation, and how each is built from the configuration.

use std::{sync::Arc, time::Duration};

use crate::{
    acquirer::{
        Acquirer, Acquirers, CARD, CardAcquirer, CardNetwork, CardSettings, Guarded, HttpNetwork, InProcess, Sandbox,
    },
    config::Settings,
    startup::StartupError,
};

/// The table of payment methods: a new method is a new line.
///
/// # Errors
/// A network cannot be used as it is configured.
pub fn acquirers(settings: &Settings, part: Part) -> Result<Acquirers, StartupError> {
    Ok(Acquirers::new([(CARD, card(settings, part)?)]))
}

/// What somebody does with acquirers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Pays with them.
    Pays,
    /// Asks them, beside a server that pays with them.
    Asks,
}

/// Cards, over the configured network or the built-in sandbox.
fn card(settings: &Settings, part: Part) -> Result<Arc<dyn Acquirer>, StartupError> {
    let failed = |error: &dyn std::fmt::Display| StartupError::CardNetwork(error.to_string());
    let card = &settings.acquirer.card;
    let network: Arc<dyn CardNetwork> = if card.base_url.is_empty() {
        let file = settings.data_dir.join("sandbox.jsonl");
        let sandbox = match part {
            Part::Asks if !file.exists() => Ok(Sandbox::in_memory()),
            Part::Asks => Sandbox::look_on(file),
            Part::Pays => Sandbox::open(file),
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
