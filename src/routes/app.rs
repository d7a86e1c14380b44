//! What handlers share.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use actix_web::{HttpRequest, http::header::HOST};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    Tokens,
    auth::{AuthSettings, Lookups},
    compat::CompatSettings,
    limits::Limits,
    networks::Network,
};
use crate::{
    actors::Payments,
    domain::MerchantId,
    live::LiveSettings,
    shares::Shares,
    sockets::SocketSettings,
    store::Store,
    supervision::Supervisor,
    vault::{PasswordHasher, Vault},
};

/// `[server]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    pub listen: String,
    pub public_url: String,
    pub phone_app_url: String,
    pub tls_certificate: PathBuf,
    pub tls_key: PathBuf,
    pub workers: usize,
    pub max_connections: usize,
    pub max_connections_of_address: usize,
    pub write_timeout_ms: u64,
    pub trust_forwarded_for: bool,
    pub metrics_from: Vec<Network>,
    pub shutdown_timeout_s: u64,
}

/// `[backoffice]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackofficeSettings {
    pub max_files: usize,
    pub max_files_of_one: usize,
    pub file_stall_ms: u64,
}

impl ServerSettings {
    /// How connections are served.
    pub fn sockets(&self) -> SocketSettings {
        SocketSettings {
            workers: self.workers,
            max_connections: self.max_connections,
            // Behind a proxy all connections are the proxy's.
            max_connections_of_address: if self.trust_forwarded_for { 0 } else { self.max_connections_of_address },
            write_timeout: Duration::from_millis(self.write_timeout_ms),
            shutdown_timeout_s: self.shutdown_timeout_s,
        }
    }

    /// How browsers reach this server itself.
    pub fn scheme(&self) -> &'static str {
        if self.tls_certificate.as_os_str().is_empty() { "http" } else { "https" }
    }

    /// Where the phone app is, without a trailing slash: a path of this server, or an address elsewhere.
    pub fn phone_app(&self) -> &str {
        match self.phone_app_url.trim_end_matches('/') {
            "" => "/m",
            url => url,
        }
    }
}

/// The dependencies of the handlers, made once in `startup`.
pub struct App {
    pub payments: Payments,
    pub store: Store,
    pub vault: Arc<Vault>,
    pub passwords: PasswordHasher,
    pub tokens: Tokens,
    pub lookups: Lookups,
    pub limits: Limits,
    pub auth: AuthSettings,
    pub server: ServerSettings,
    pub live: LiveSettings,
    pub backoffice: BackofficeSettings,
    pub compat: CompatSettings,
    /// For files being written.
    pub files: Arc<Shares<MerchantId>>,
    pub metrics: PrometheusHandle,
    /// Whether there are a demo shop and a demo customer, whose password everybody knows.
    pub has_demo: bool,
    /// Fires when the process is asked to stop: streams end, readiness says no.
    pub shutdown: CancellationToken,
    pub supervisor: Supervisor,
}

impl App {
    /// Who is asking, for limits.
    pub fn address(&self, request: &HttpRequest) -> IpAddr {
        let forwarded = || {
            // The last entry of the last line is the one our own proxy wrote.
            let header = request.headers().get_all("x-forwarded-for").last()?.to_str().ok()?;
            forwarded_for(header.rsplit(',').next()?.trim())
        };
        let peer = || request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
        if self.server.trust_forwarded_for { forwarded().unwrap_or_else(peer) } else { peer() }
    }

    /// Whether the caller may read the metrics.
    pub fn may_read_metrics(&self, request: &HttpRequest) -> bool {
        // A proxy of which nobody has told us stands where the metrics may be read, and speaks for anybody.
        let is_passed_on = ["forwarded", "x-forwarded-for"].iter().any(|name| request.headers().contains_key(*name));
        let address = self.address(request);
        (self.server.trust_forwarded_for || !is_passed_on)
            && self.server.metrics_from.iter().any(|network| network.contains(address))
    }

    /// This server's address as the caller reaches it, without a trailing slash.
    pub fn public_url(&self, request: &HttpRequest) -> String {
        if !self.server.public_url.is_empty() {
            return self.server.public_url.trim_end_matches('/').to_owned();
        }
        if self.server.trust_forwarded_for {
            let connection = request.connection_info();
            // Where this server speaks TLS itself, nothing in front of it made HTTP of that.
            let scheme = if self.server.scheme() == "https" { "https" } else { connection.scheme() };
            return format!("{scheme}://{}", connection.host());
        }
        // HTTP/2 has no such header, but the same in the request's own address.
        let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let host = request.uri().authority().map(|authority| authority.as_str()).or_else(header);
        format!("{}://{}", self.server.scheme(), host.unwrap_or(&self.server.listen))
    }

    /// Whether cookies are for TLS alone. (Production starts with a public address only.)
    pub fn is_secure(&self, request: &HttpRequest) -> bool {
        self.public_url(request).starts_with("https:")
    }

    /// The phone app's address for whoever comes from elsewhere, without a trailing slash.
    pub fn phone_app_url(&self, request: &HttpRequest) -> String {
        let app = self.server.phone_app();
        if app.starts_with('/') { format!("{}{app}", self.public_url(request)) } else { app.to_owned() }
    }
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn forwarded_for(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let with_port = || entry.parse().ok().map(|address: SocketAddr| address.ip());
    bare.parse().ok().or_else(with_port)
}
