//! TLS, for an installation without a proxy in front.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Why the configured files are of no use.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("server.tls_certificate and server.tls_key belong together: set both or none")]
    OneOfTwo,
    #[error("{path}: {error}")]
    File { path: PathBuf, error: rustls::pki_types::pem::Error },
    #[error("{0}: holds no certificate")]
    Empty(PathBuf),
    #[error("certificate and key: {0}")]
    Pair(#[from] rustls::Error),
}

/// The server's side of TLS 1.2 and 1.3; nothing when no file is configured.
///
/// # Errors
/// A file is missing, cannot be read, or does not fit the other.
pub fn config(certificate: &Path, key: &Path) -> Result<Option<ServerConfig>, TlsError> {
    match (certificate.as_os_str().is_empty(), key.as_os_str().is_empty()) {
        (true, true) => return Ok(None),
        (false, false) => {}
        _ => return Err(TlsError::OneOfTwo),
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| TlsError::File { path, error }
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .map_err(failed(certificate))?
        .collect::<Result<_, _>>()
        .map_err(failed(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(failed(key))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Some(config))
}
