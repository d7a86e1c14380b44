//! The master key that a local installation makes for itself: `<data_dir>/master.key`, and beside it the keys
//! that it has replaced.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use super::ConfigError;
use crate::{private_files, vault};

/// The files of a key ring, readable by their owner alone.
pub struct KeyFile {
    current: PathBuf,
    /// One key a line, newest first.
    previous: PathBuf,
}

impl KeyFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { current: folder.join("master.key"), previous: folder.join("previous.keys") }
    }

    pub fn path(&self) -> &Path {
        &self.current
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

    /// The keys used before; none when there is no file of them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn previous(&self) -> Result<Vec<SecretString>, ConfigError> {
        match std::fs::read_to_string(&self.previous).map(Zeroizing::new) {
            Ok(text) => {
                Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(SecretString::from).collect())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed(&self.previous, error)),
        }
    }

    /// Puts a new key in the current one's place. The old one is kept first: a crash in between leaves it in both
    /// files, which means the same as in one.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn rotate(&self) -> Result<(), ConfigError> {
        let current = self.current()?;
        let kept = self.previous()?.into_iter().filter(|key| key.expose_secret() != current.expose_secret().trim());
        let all: Vec<_> = std::iter::once(current.expose_secret().trim().to_owned().into()).chain(kept).collect();
        self.keep(&all)?;
        let fresh = fresh().map_err(|error| failed(&self.current, error))?;
        private_files::replace(&self.current, fresh.expose_secret().as_bytes())
            .map_err(|error| failed(&self.current, error))
    }

    /// Forgets the previous keys that `is_over` says are no longer needed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(&self, is_over: impl Fn(&SecretString) -> bool) -> Result<(), ConfigError> {
        let all = self.previous()?;
        let count = all.len();
        let kept: Vec<_> = all.into_iter().filter(|key| !is_over(key)).collect();
        if kept.len() == count { Ok(()) } else { self.keep(&kept) }
    }

    fn keep(&self, keys: &[SecretString]) -> Result<(), ConfigError> {
        let mut text = Zeroizing::new(String::new());
        for key in keys {
            text.push_str(key.expose_secret());
            text.push('\n');
        }
        private_files::replace(&self.previous, text.as_bytes()).map_err(|error| failed(&self.previous, error))
    }
}

/// A new master key, as the configuration writes it.
///
/// # Errors
/// The system has no entropy.
pub fn fresh() -> std::io::Result<SecretString> {
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(vault::random().map_err(std::io::Error::other)?);
    Ok(STANDARD.encode(*bytes).into())
}

fn failed(path: &Path, error: std::io::Error) -> ConfigError {
    ConfigError::KeyFile { path: path.to_owned(), error }
}
