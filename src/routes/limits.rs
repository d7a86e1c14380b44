//! Limits on what may be guessed: sign-ins, approvals, credentials. A limiter forgets keys that have
//! gone quiet, and holds a bounded number of them.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Mutex,
    time::{Duration, Instant},
};

use dashmap::DashMap;
use serde::Deserialize;

use crate::{
    domain::CustomerId,
    error::{ApiError, Code},
};

/// `[rate_limit]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSettings {
    pub enabled: bool,
    pub sign_in_per_minute: u32,
    pub failed_sign_in_per_minute: u32,
    pub sign_up_per_minute: u32,
    pub approve_per_minute: u32,
    pub card_per_minute: u32,
    pub failed_auth_per_minute: u32,
}

/// Keys one limiter remembers before it sweeps the quiet ones out.
const MAX_KEYS: usize = 100_000;

/// Lets so many pass per minute: all of them at once, or one by one.
struct Limiter<K> {
    /// What one passing costs; absent when nothing is limited.
    pause: Option<Duration>,
    /// When a key has nothing left to pay off; a key that is not there has nothing.
    clear_at: DashMap<K, Instant>,
    /// When the quiet keys were last swept out.
    swept_at: Mutex<Instant>,
}

const MINUTE: Duration = Duration::from_secs(60);

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn per_minute(enabled: bool, count: u32) -> Self {
        let pause = NonZeroU32::new(count).filter(|_| enabled).map(|count| MINUTE / count.get());
        Self { pause, clear_at: DashMap::new(), swept_at: Mutex::new(Instant::now()) }
    }

    fn check(&self, key: &K) -> Result<(), ApiError> {
        let Some(pause) = self.pause else { return Ok(()) };
        let now = Instant::now();
        if self.clear_at.len() > MAX_KEYS && !self.made_room(now) {
            return Err(Code::TooManyRequests.into());
        }
        let mut clear_at = self.clear_at.entry(key.clone()).or_insert(now);
        let paid = (*clear_at).max(now) + pause;
        // Half a pause forgives what a division leaves over.
        if paid > now + MINUTE + pause / 2 {
            return Err(Code::TooManyRequests.into());
        }
        *clear_at = paid;
        Ok(())
    }

    /// What passed turned out to be harmless.
    fn give_back(&self, key: &K) {
        if let (Some(pause), Some(mut clear_at)) = (self.pause, self.clear_at.get_mut(key)) {
            *clear_at = clear_at.checked_sub(pause).unwrap_or(*clear_at);
        }
    }

    /// Sweeps the quiet keys out, once a second at most; whether there is room then.
    fn made_room(&self, now: Instant) -> bool {
        if let Ok(mut swept_at) = self.swept_at.try_lock()
            && swept_at.elapsed() > Duration::from_secs(1)
        {
            self.clear_at.retain(|_, clear_at| *clear_at > now);
            *swept_at = now;
        }
        self.clear_at.len() <= MAX_KEYS
    }
}

/// The limiters of this process.
pub struct Limits {
    sign_in: Limiter<(IpAddr, String)>,
    failed_sign_in: Limiter<IpAddr>,
    sign_up: Limiter<IpAddr>,
    approve: Limiter<CustomerId>,
    card: Limiter<CustomerId>,
    failed_auth: Limiter<IpAddr>,
}

impl Limits {
    pub fn new(settings: &RateLimitSettings) -> Self {
        let on = settings.enabled;
        Self {
            sign_in: Limiter::per_minute(on, settings.sign_in_per_minute),
            failed_sign_in: Limiter::per_minute(on, settings.failed_sign_in_per_minute),
            sign_up: Limiter::per_minute(on, settings.sign_up_per_minute),
            approve: Limiter::per_minute(on, settings.approve_per_minute),
            card: Limiter::per_minute(on, settings.card_per_minute),
            failed_auth: Limiter::per_minute(on, settings.failed_auth_per_minute),
        }
    }

    /// A sign-in counts as failed until [`Limits::signed_in`] says otherwise: many at once shall not slip through
    /// before the first of them has failed.
    ///
    /// # Errors
    /// 429: too many sign-ins of this e-mail from this address, or too many failed ones from it.
    pub fn sign_in(&self, address: IpAddr, email: &str) -> Result<(), ApiError> {
        self.sign_in.check(&(network(address), email.to_owned()))?;
        self.failed_sign_in.check(&network(address))
    }

    /// The sign-in did not fail.
    pub fn signed_in(&self, address: IpAddr) {
        self.failed_sign_in.give_back(&network(address));
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
    /// 429: this customer tries too many cards.
    pub fn card(&self, customer: CustomerId) -> Result<(), ApiError> {
        self.card.check(&customer)
    }

    /// The answer to missing or wrong credentials: 401, or 429 when this address has shown too many.
    pub fn unauthorized(&self, address: IpAddr) -> ApiError {
        self.failed_auth.check(&network(address)).err().unwrap_or_else(|| Code::Unauthorized.into())
    }
}

/// Whose address it is, as far as an address tells: of IPv6, everybody has 2⁶⁴ addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}
