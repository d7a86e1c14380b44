//! Passwords: argon2id, away from the worker threads, a bounded number at a time.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{self, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// Why a password was neither hashed nor verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting already; try again in a second.
    #[error("too many sign-ins at once")]
    Busy,
    #[error("a password cannot be hashed: {0}")]
    Failed(String),
}

/// What a comparison with a stored hash says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    Wrong,
    Right,
    /// It is right, and stored in a form of older versions. This hash should take the place of the stored one.
    Renewed(String),
}

impl Verified {
    pub fn is_right(&self) -> bool {
        *self != Self::Wrong
    }
}

/// Hashes and verifies passwords on blocking threads.
///
/// Each hash takes `memory_kib` of memory for its duration, so both the running and the waiting ones
/// are limited.
#[derive(Clone)]
pub struct PasswordHasher {
    argon2: Argon2<'static>,
    running: Arc<Semaphore>,
    sign_ins: Line,
    sign_ups: Line,
    /// A hash of no password, so that an unknown e-mail takes as long as a wrong password.
    decoy: Arc<str>,
}

/// Sign-ins that may wait for a free hashing thread before new ones are refused; the same for sign-ups.
const MAX_WAITING: usize = 512;

/// Where one kind of work waits, so that it cannot keep another kind from its turn.
#[derive(Clone)]
struct Line {
    waiting: Arc<Semaphore>,
    /// How many of them may stand at the threads' door or be behind it.
    ahead: Arc<Semaphore>,
}

impl Line {
    fn new(ahead: usize) -> Self {
        Self { waiting: Arc::new(Semaphore::new(MAX_WAITING)), ahead: Arc::new(Semaphore::new(ahead)) }
    }
}

impl PasswordHasher {
    /// `memory_kib`, `iterations`: the argon2id cost (OWASP's minimum is 19456 KiB and 2).
    ///
    /// # Errors
    /// Cost parameters outside what argon2 allows.
    pub fn new(memory_kib: u32, iterations: u32) -> Result<Self, argon2::Error> {
        let params = Params::new(memory_kib, iterations, 1, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, "no password hashes to this").unwrap_or_default().into();
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            argon2,
            running: Arc::new(Semaphore::new(threads)),
            sign_ins: Line::new(threads),
            // However many sign up, a sign-in finds a thread that is free or soon will be.
            sign_ups: Line::new((threads / 2).max(1)),
            decoy,
        })
    }

    /// Hashes a new password into a PHC string.
    ///
    /// # Errors
    /// [`PasswordError`]: too many at once, or the system failed.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        let argon2 = self.argon2.clone();
        let hashed = self.blocking(&self.sign_ups, move || hash(&argon2, &composed(&password))).await?;
        hashed.map_err(|error| PasswordError::Failed(error.to_string()))
    }

    /// Whether `password` belongs to `stored`; without a stored hash it takes the same time to say no.
    ///
    /// # Errors
    /// [`PasswordError`]: too many at once, or the system failed.
    pub async fn verify(&self, password: SecretString, stored: Option<String>) -> Result<Verified, PasswordError> {
        let argon2 = self.argon2.clone();
        let decoy = self.decoy.clone();
        self.blocking(&self.sign_ins, move || {
            let phc = PasswordHash::new(stored.as_deref().unwrap_or(&decoy)).ok();
            let is = |password: &str| {
                phc.as_ref().is_some_and(|phc| argon2.verify_password(password.as_bytes(), phc).is_ok())
            };
            match spellings(&password).iter().position(|password| is(password)).filter(|_| stored.is_some()) {
                None => Verified::Wrong,
                Some(0) => Verified::Right,
                Some(_) => hash(&argon2, &composed(&password)).map_or(Verified::Right, Verified::Renewed),
            }
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        line: &Line,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = line.waiting.clone().try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let ahead = line.ahead.clone().acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let thread = self.running.clone().acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        // A caller that hangs up leaves its hash running: the places are taken until the hash has ended.
        let work = move || {
            let _held = (place, ahead, thread);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| PasswordError::Failed(error.to_string()))
    }
}

/// One keyboard composes the letters of a password, another does not.
fn composed(password: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(password.expose_secret().nfc().collect())
}

/// The composed form first; then those in which older versions hashed what they were given.
fn spellings(password: &SecretString) -> Vec<Zeroizing<String>> {
    let given = password.expose_secret();
    let mut all = vec![composed(password), Zeroizing::new(given.to_owned()), Zeroizing::new(given.nfd().collect())];
    all.dedup();
    all
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String, password_hash::Error> {
    Ok(argon2.hash_password(password.as_bytes())?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_and_a_wrong_or_unknown_one_refused() {
        let hasher = PasswordHasher::new(64, 1).unwrap();
        let stored = hasher.hash("pass1234".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        let verify = async |password: &str, stored| hasher.verify(password.into(), stored).await.unwrap();
        assert_eq!(verify("pass1234", Some(stored.clone())).await, Verified::Right);
        assert_eq!(verify("pass12345", Some(stored)).await, Verified::Wrong);
        assert_eq!(verify("no password hashes to this", None).await, Verified::Wrong);
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_its_letters_are_composed_also_one_hashed_by_an_older_version() {
        let hasher = PasswordHasher::new(64, 1).unwrap();
        let (composed, decomposed) = ("비밀번호1é", "비밀번호1é".nfd().collect::<String>());
        let old = hash(&hasher.argon2, &decomposed).unwrap();
        for stored in
            [hasher.hash(composed.into()).await.unwrap(), hasher.hash(decomposed.clone().into()).await.unwrap(), old]
        {
            for given in [composed, &decomposed] {
                assert!(hasher.verify(given.into(), Some(stored.clone())).await.unwrap().is_right(), "{given}");
            }
            assert!(!hasher.verify("비밀번호1e".into(), Some(stored)).await.unwrap().is_right());
        }
    }

    #[tokio::test]
    async fn a_sign_in_does_not_wait_for_all_who_sign_up() {
        let hasher = PasswordHasher::new(256, 1).unwrap();
        let stored = hasher.hash("pass1234".into()).await.unwrap();
        // No sign-up gets on.
        let threads = hasher.sign_ups.ahead.available_permits();
        let _stalled = hasher.sign_ups.ahead.clone().acquire_many_owned(u32::try_from(threads).unwrap()).await.unwrap();
        let mut sign_ups = tokio::task::JoinSet::new();
        for _ in 0..MAX_WAITING {
            let hasher = hasher.clone();
            sign_ups.spawn(async move { hasher.hash("pass1234".into()).await.unwrap() });
        }
        // All of them stand in line now.
        while hasher.sign_ups.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.hash("pass1234".into()).await, Err(PasswordError::Busy)));
        assert!(hasher.verify("pass1234".into(), Some(stored)).await.unwrap().is_right());
    }
}
