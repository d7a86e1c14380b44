//! Card testing: who knows a card's number only must not find its expiry date and CVC by trying.
//!
//! Failures are counted per card, per address and in all, in the database: an attacker changes accounts and addresses,
//! and several processes must not each allow as many. At the limit of a card or an address the card network is not
//! asked any more, so the answer is the same for a right guess and a wrong one. The limit of the installation does not
//! refuse: a stranger could then stop everybody's registrations. It hides from everybody what was wrong.

use actix_web::HttpRequest;
use jiff::SignedDuration;
use metrics::counter;

use super::App;
use crate::{
    error::{ApiError, Code},
    shares::network,
    store::{FailureLimit, LimitReached},
    vault::{Pan, Purpose},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What failures are counted by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Card,
    Address,
    Installation,
}

impl Scope {
    const fn as_str(self) -> &'static str {
        match self {
            Scope::Card => "card",
            Scope::Address => "address",
            Scope::Installation => "installation",
        }
    }
}

/// The limits of one try.
struct Watch<'a> {
    app: &'a App,
    request: &'a HttpRequest,
    /// Those that refuse, in the order of their scopes.
    refusing: Vec<(Scope, FailureLimit)>,
    /// That of the installation.
    hiding: Option<FailureLimit>,
}

/// Asks the card network by `validation`, unless too many tries like this one have failed.
///
/// # Errors
/// Those of `validation`, or 429.
pub async fn watched(
    app: &App,
    request: &HttpRequest,
    pan: &Pan,
    validation: impl Future<Output = Result<(), ApiError>>,
) -> Result<(), ApiError> {
    let watch = Watch::of(app, request, pan);
    watch.begin().await?;
    let Err(error) = validation.await else {
        watch.take_back().await;
        return Ok(());
    };
    if !is_refusal(error.code) {
        // Nothing was learned about the card.
        watch.take_back().await;
        return Err(error);
    }
    counter!("paygate_card_failures_total", "code" => error.code.as_str()).increment(1);
    Err(if watch.is_hidden().await? { ApiError::from(Code::CardNotValid).because(error) } else { error })
}

/// What the card network says of a card, as against not saying anything.
fn is_refusal(code: Code) -> bool {
    !matches!(code, Code::NetworkUnavailable)
}

impl<'a> Watch<'a> {
    fn of(app: &'a App, request: &'a HttpRequest, pan: &Pan) -> Self {
        let settings = app.limits.card_failures();
        let limit = |most: u32, window, what: &[&[u8]]| {
            let subjects = app.vault.digests(Purpose::CardFailures, &what.concat());
            (most > 0).then(|| FailureLimit { subjects, most: most.into(), window })
        };
        let address = network(app.address(request)).to_string();
        let card = limit(settings.of_card, DAY, &[b"card:", pan.expose().as_bytes()]);
        let address = limit(settings.of_address, HOUR, &[b"address:", address.as_bytes()]);
        let scoped = [(Scope::Card, card), (Scope::Address, address)];
        Self {
            app,
            request,
            refusing: scoped.into_iter().filter_map(|(scope, limit)| Some((scope, limit?))).collect(),
            hiding: limit(settings.in_all, HOUR, &[b"installation"]),
        }
    }

    fn limits(&self) -> Vec<FailureLimit> {
        self.refusing.iter().map(|(_, limit)| limit.clone()).collect()
    }

    async fn begin(&self) -> Result<(), ApiError> {
        let now = self.app.payments.now();
        if self.refusing.is_empty() {
            return Ok(());
        }
        let Err(reached) = self.app.store.count_card_try(&self.limits(), now).await? else { return Ok(()) };
        let (scope, _) = self.refusing[reached.limit];
        self.alarm(scope, &reached);
        counter!("paygate_card_tries_blocked_total", "scope" => scope.as_str()).increment(1);
        let left = reached.until.duration_since(now).as_secs().max(1);
        Err(ApiError::from(Code::TooManyCardFailures).retry_after(u32::try_from(left).unwrap_or(u32::MAX)))
    }

    /// Counts a failure of the installation; whether there are so many that no reason is given any more.
    async fn is_hidden(&self) -> Result<bool, ApiError> {
        let Some(limit) = &self.hiding else { return Ok(false) };
        let counted = self.app.store.count_card_try(std::slice::from_ref(limit), self.app.payments.now()).await?;
        if let Err(reached) = &counted {
            self.alarm(Scope::Installation, reached);
        }
        Ok(counted.is_err())
    }

    /// A count that stays too high errs on the safe side, and the customer has the answer already.
    async fn take_back(&self) {
        if self.refusing.is_empty() {
            return;
        }
        if let Err(error) = self.app.store.uncount_card_try(&self.limits()).await {
            tracing::warn!(%error, "a card that was registered counts as a failure");
        }
    }

    /// For the operator, once per limit and window.
    fn alarm(&self, scope: Scope, reached: &LimitReached) {
        if !reached.is_new {
            return;
        }
        counter!("paygate_card_testing_alarms_total", "scope" => scope.as_str()).increment(1);
        let address = self.app.address(self.request);
        tracing::warn!(
            scope = scope.as_str(),
            %address,
            until = %reached.until,
            "card testing suspected: too many failed card registrations"
        );
    }
}
