//! Limits on what may be guessed: sign-ins, approvals, credentials. A limiter forgets keys that have
//! gone quiet, and holds a bounded number of them.

use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::Mutex,
    time::{Duration, Instant},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::{
    domain::CustomerId,
    error::{ApiError, Code},
    shares::network,
    store::Slowing,
};

/// `[rate_limit]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSettings {
    pub enabled: bool,
    pub sign_in_per_minute: u32,
    pub sign_in_of_address_per_minute: u32,
    pub sign_up_per_minute: u32,
    pub approve_per_minute: u32,
    pub card_per_minute: u32,
    pub card_failures_per_day: u32,
    pub card_failures_of_address_per_hour: u32,
    pub card_failures_in_all_per_hour: u32,
    pub password_failures: u32,
    pub password_pause_max_s: u32,
    pub failed_auth_per_minute: u32,
}

/// How many registrations of cards may fail; 0: any number.
#[derive(Debug, Clone, Copy)]
pub struct CardFailures {
    pub of_card: u32,
    pub of_address: u32,
    pub in_all: u32,
}

/// Keys one limiter remembers before it sweeps the quiet ones out.
const MAX_KEYS: usize = 100_000;

struct Limiter<K: Hash + Eq + Clone> {
    limiter: Option<DefaultKeyedRateLimiter<K>>,
    /// When the quiet keys were last swept out.
    swept_at: Mutex<Instant>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn per_minute(enabled: bool, count: u32) -> Self {
        let count = NonZeroU32::new(count).filter(|_| enabled);
        let limiter = count.map(|count| RateLimiter::keyed(Quota::per_minute(count)));
        Self { limiter, swept_at: Mutex::new(Instant::now()) }
    }

    fn check(&self, key: &K) -> Result<(), ApiError> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if limiter.len() > MAX_KEYS && !self.made_room(limiter) {
            return Err(Code::TooManyRequests.into());
        }
        limiter.check_key(key).map_err(|_| Code::TooManyRequests.into())
    }
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// Sweeps the quiet keys out, once a second at most; whether there is room then.
    fn made_room(&self, limiter: &DefaultKeyedRateLimiter<K>) -> bool {
        if let Ok(mut swept_at) = self.swept_at.try_lock()
            && swept_at.elapsed() > Duration::from_secs(1)
        {
            limiter.retain_recent();
            *swept_at = Instant::now();
        }
        limiter.len() <= MAX_KEYS
    }
}

/// The limiters of this process.
pub struct Limits {
    sign_in: Limiter<(IpAddr, String)>,
    sign_in_of_address: Limiter<IpAddr>,
    sign_up: Limiter<IpAddr>,
    approve: Limiter<CustomerId>,
    look: Limiter<CustomerId>,
    card: Limiter<CustomerId>,
    failed_auth: Limiter<IpAddr>,
    card_failures: CardFailures,
    passwords: Option<Slowing>,
}

impl Limits {
    pub fn new(settings: &RateLimitSettings) -> Self {
        let on = settings.enabled;
        Self {
            sign_in: Limiter::per_minute(on, settings.sign_in_per_minute),
            sign_in_of_address: Limiter::per_minute(on, settings.sign_in_of_address_per_minute),
            sign_up: Limiter::per_minute(on, settings.sign_up_per_minute),
            approve: Limiter::per_minute(on, settings.approve_per_minute),
            look: Limiter::per_minute(on, settings.approve_per_minute),
            card: Limiter::per_minute(on, settings.card_per_minute),
            failed_auth: Limiter::per_minute(on, settings.failed_auth_per_minute),
            passwords: (on && settings.password_failures > 0).then(|| Slowing {
                free: settings.password_failures,
                longest: SignedDuration::from_secs(settings.password_pause_max_s.into()),
            }),
            card_failures: CardFailures {
                of_card: if on { settings.card_failures_per_day } else { 0 },
                of_address: if on { settings.card_failures_of_address_per_hour } else { 0 },
                in_all: if on { settings.card_failures_in_all_per_hour } else { 0 },
            },
        }
    }

    /// # Errors
    /// 429: too many sign-ins of this e-mail from this address, or too many from it.
    pub fn sign_in(&self, address: IpAddr, email: &str) -> Result<(), ApiError> {
        self.sign_in_of_address.check(&network(address))?;
        self.sign_in.check(&(network(address), email.to_owned()))
    }

    /// # Errors
    /// 429: too many sign-ups from this address. Hashing passwords is work.
    pub fn sign_up(&self, address: IpAddr) -> Result<(), ApiError> {
        self.sign_up.check(&network(address))
    }

    /// # Errors
    /// 429: too many approvals of this customer.
    pub fn approve(&self, customer: CustomerId) -> Result<(), ApiError> {
        self.approve.check(&customer)
    }

    /// # Errors
    /// 429: this customer looks at too many payments.
    pub fn look(&self, customer: CustomerId) -> Result<(), ApiError> {
        self.look.check(&customer)
    }

    /// # Errors
    /// 429: this customer tries too many cards.
    pub fn card(&self, customer: CustomerId) -> Result<(), ApiError> {
        self.card.check(&customer)
    }

    /// How wrong passwords slow further ones down. They are counted in the database.
    pub const fn passwords(&self) -> Option<Slowing> {
        self.passwords
    }

    /// How many registrations of cards may fail. They are counted in the database.
    pub const fn card_failures(&self) -> CardFailures {
        self.card_failures
    }

    /// The answer to missing or wrong credentials: 401, or 429 when this address has shown too many.
    pub fn unauthorized(&self, address: IpAddr) -> ApiError {
        self.failed_auth.check(&network(address)).err().unwrap_or_else(|| Code::Unauthorized.into())
    }
}
