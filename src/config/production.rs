//! What production demands before it starts: nothing made up, nothing in clear over a network.

use secrecy::ExposeSecret;
use url::{Host, Url};

use super::{ConfigError, Env, Settings};

impl Settings {
    /// Whether these settings may serve real payments. All reasons against it are named at once.
    ///
    /// # Errors
    /// It is production, and something is missing or unsafe.
    pub fn check_for_serving(&self) -> Result<(), ConfigError> {
        if self.env != Env::Production {
            return Ok(());
        }
        let network = Address::of(&self.acquirer.card.base_url);
        let is_sidecar = network == Address::PlainLoopback && self.acquirer.card.allow_http_on_loopback;
        let public = Address::of(&self.server.public_url);
        let reasons = [
            (
                self.vault.master_key.expose_secret().trim().is_empty(),
                "vault.master_key is empty: set PAYGATE__VAULT__MASTER_KEY (openssl rand -base64 32)",
            ),
            (
                network == Address::Empty,
                "acquirer.card.base_url is empty, and the built-in sandbox approves charges that nobody pays: \
                 set PAYGATE__ACQUIRER__CARD__BASE_URL to the card network",
            ),
            (
                matches!(network, Address::Plain | Address::PlainLoopback) && !is_sidecar,
                "acquirer.card.base_url is not https: card numbers would cross the network in clear (for a TLS \
                 sidecar on this machine, see acquirer.card.allow_http_on_loopback)",
            ),
            (
                public == Address::Empty,
                "server.public_url is empty: set PAYGATE__SERVER__PUBLIC_URL to the https address that browsers use",
            ),
            (
                public == Address::Plain,
                "server.public_url is not https: passwords, keys and cookies would cross the network in clear",
            ),
            (self.demo.seed == Some(true), "demo.seed is set: production takes no demo data"),
        ];
        let reasons: Vec<_> = reasons.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect();
        if reasons.is_empty() { Ok(()) } else { Err(ConfigError::NotForProduction(reasons)) }
    }
}

/// How safe the way to an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    Empty,
    Tls,
    /// In clear, but it does not leave this machine; browsers call this a secure context, too.
    PlainLoopback,
    /// In clear, or no address at all.
    Plain,
}

impl Address {
    fn of(text: &str) -> Self {
        if text.trim().is_empty() {
            return Self::Empty;
        }
        match Url::parse(text.trim()) {
            Ok(url) if url.scheme() == "https" => Self::Tls,
            Ok(url) if url.scheme() == "http" && is_loopback(&url) => Self::PlainLoopback,
            _ => Self::Plain,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_as_safe_as_its_scheme_and_host_make_it() {
        for (text, safety) in [
            ("", Address::Empty),
            (" ", Address::Empty),
            ("https://pay.example.com", Address::Tls),
            ("HTTPS://pay.example.com/base", Address::Tls),
            ("http://127.0.0.1:8090", Address::PlainLoopback),
            ("http://[::1]:8090", Address::PlainLoopback),
            ("http://localhost", Address::PlainLoopback),
            ("http://localhost.example.com", Address::Plain),
            ("http://127.0.0.1.example.com", Address::Plain),
            ("http://10.0.0.1", Address::Plain),
            ("htps://pay.example.com", Address::Plain),
            ("pay.example.com", Address::Plain),
        ] {
            assert_eq!(Address::of(text), safety, "{text}");
        }
    }
}
