//! The master key that a local installation makes for itself: `<data_dir>/master.key`.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use super::ConfigError;
use crate::{private_files, vault};

/// Its file, readable by its owner alone.
pub(super) struct KeyFile {
    current: PathBuf,
}

impl KeyFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { current: folder.join("master.key") }
    }

    /// Reads the current key, or makes it. Of two processes that start at once, one makes it and both read it.
    ///
    /// # Errors
    /// The file cannot be made or read.
    pub fn current(&self) -> Result<SecretString, ConfigError> {
        let failed = |error| failed(&self.current, error);
        if let Some(folder) = self.current.parent() {
            private_files::create_folder(folder).map_err(failed)?;
        }
        if !self.current.exists() {
            let fresh = fresh().map_err(failed)?;
            private_files::write_once(&self.current, fresh.expose_secret().as_bytes()).map_err(failed)?;
        }
        private_files::close(&self.current);
        Ok(std::fs::read_to_string(&self.current).map_err(failed)?.into())
    }
}

/// A new master key, as the configuration writes it.
///
/// # Errors
/// The system has no entropy.
fn fresh() -> std::io::Result<SecretString> {
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(vault::random().map_err(std::io::Error::other)?);
    Ok(STANDARD.encode(*bytes).into())
}

fn failed(path: &Path, error: std::io::Error) -> ConfigError {
    ConfigError::KeyFile { path: path.to_owned(), error }
}
