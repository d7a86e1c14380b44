//! `Idempotency-Key`: the same call under the same key happens once, and is answered the same.

use std::{future::Future, sync::Arc};

use actix_web::{HttpRequest, http::header::HeaderMap};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    App,
    answer::{Answer, Caller},
    canonical::canonical,
};
use crate::{
    actors::{AskError, Claim, ClaimAnswer, Services},
    domain::{AskedAgain, CancelNo, Payment, Rejection},
    error::{ApiError, Code, FirstCall, Problem, Told},
    store::{Answered, KeyRef, KeyState, KeyWrite, Running},
    vault::{ANSWER_CONTEXT, Purpose, Vault},
};

const HEADER: &str = "idempotency-key";
const MAX_KEY_CHARS: usize = 300;
const KEY: Problem = Problem {
    ko: "1~300자의 표시 가능한 ASCII 문자여야 합니다",
    en: "must have 1 to 300 visible ASCII characters",
};

/// How often a key is looked at anew because the run that was seen is over.
const MAX_LOOKS: usize = 4;

/// Where a call stands, read off the payment.
pub enum Settled {
    /// The acquirer has not answered yet.
    Pending,
    Is(Result<Answer, ApiError>),
}

/// One call that may carry an idempotency key.
pub struct Once<'a> {
    app: &'a App,
    key: Option<KeyRef>,
    caller: Caller,
}

impl<'a> Once<'a> {
    /// Reads the key. `who` names the caller; method and concrete path complete the scope of the key.
    ///
    /// # Errors
    /// The key is malformed.
    pub fn new(app: &'a App, request: &HttpRequest, who: Uuid, body: &[u8]) -> Result<Self, ApiError> {
        let key = key_of(request.headers())?.map(|key| {
            let mut scope = Sha256::new();
            scope.update(who.as_bytes());
            scope.update(request.method().as_str());
            scope.update(b" ");
            // However the address is spelled, it is the same call.
            scope.update(percent_decode_str(request.path()).collect::<Vec<u8>>());
            let (fingerprint, earlier) = fingerprints(&app.vault, body);
            KeyRef { scope: scope.finalize().into(), key, fingerprint, earlier }
        });
        Ok(Self { app, key, caller: Caller::of(request) })
    }

    /// The number of the refund that this call is about. Without a key, the same call again is about the
    /// refund whose outcome it was not told; otherwise it is a new one.
    pub fn refund_number(&self, payment: &Payment, asked: AskedAgain<'_>) -> CancelNo {
        let before = || payment.refund_asked_before(&asked, self.app.payments.now());
        if self.key.is_none() { before().unwrap_or_else(Services::fresh) } else { Services::fresh() }
    }

    /// The answer given before under this key, for a handler whose own look-ups might refuse by now what
    /// was answered then.
    ///
    /// # Errors
    /// The key is in use, or was used with another body.
    pub async fn answered(
        &self,
        view: &impl Fn(&Payment, Option<Uuid>) -> Settled,
    ) -> Result<Option<Answer>, ApiError> {
        match &self.key {
            Some(key) => self.earlier(key, view).await,
            None => Ok(None),
        }
    }

    /// Makes a call to a payment. `view` reads off the payment how the call stands; `operation` tells it
    /// which refund the call is about.
    ///
    /// # Errors
    /// What the call, or the key, came to.
    pub async fn ask<V, F>(
        self,
        operation: Option<Uuid>,
        view: V,
        call: impl Fn(Option<Claim>) -> F,
    ) -> Result<Answer, ApiError>
    where
        V: Fn(&Payment, Option<Uuid>) -> Settled + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Arc<Payment>, AskError>>,
    {
        let settle = |payment: &Payment| match view(payment, operation) {
            Settled::Is(result) => result,
            Settled::Pending => Err(Code::OutcomeUnknown.into()),
        };
        let Some(key) = &self.key else { return settle(&*call(None).await?) };
        if let Some(answer) = self.earlier(key, &view).await? {
            return Ok(answer);
        }
        let claim = self.claim(key.clone(), operation, view.clone());
        match call(Some(claim)).await {
            Ok(payment) => settle(&payment),
            Err(
                error @ (AskError::NotCreated | AskError::ShareSpent | AskError::Overloaded | AskError::Unavailable),
            ) => Err(error.into()),
            // Refused, perhaps only because another call was faster with this very key: then its answer,
            // or the wait for it, is ours.
            Err(error) => self.earlier(key, &view).await?.map_or_else(|| Err(error.into()), Ok),
        }
    }

    /// Does something in the store, with the key in the same commit. `work` gets a function that turns
    /// its answer into the key's write.
    ///
    /// # Errors
    /// What the work, or the key, came to.
    pub async fn store<F>(self, work: impl FnOnce(Keep) -> F) -> Result<Answer, ApiError>
    where
        F: Future<Output = Result<Answer, ApiError>>,
    {
        let never = |_: &Payment, _| Settled::Pending;
        if let Some(key) = &self.key
            && let Some(answer) = self.earlier(key, &never).await?
        {
            return Ok(answer);
        }
        let keep = Keep { key: self.key.clone(), vault: self.app.vault.clone(), at: self.app.payments.now() };
        match (work(keep).await, &self.key) {
            (Err(error), Some(key)) => self.earlier(key, &never).await?.ok_or(error),
            (result, _) => result,
        }
    }

    /// The answer given before under this key, if there was one.
    async fn earlier(
        &self,
        key: &KeyRef,
        view: &impl Fn(&Payment, Option<Uuid>) -> Settled,
    ) -> Result<Option<Answer>, ApiError> {
        let mut has_retried = false;
        for _ in 0..MAX_LOOKS {
            let running = match self.app.store.idempotency_state(key).await? {
                KeyState::Free => return Ok(None),
                KeyState::OtherRequest(first) => return Err(self.reused(&first, view).await),
                KeyState::Answered(answered) => return replay(&self.app.vault, &answered).map(Some),
                KeyState::Running(running) => running,
            };
            let Some(payment) = running.subject else { return Err(Code::KeyRunning.into()) };
            let mut payment = self.app.payments.look(payment).await?;
            let is_unknown = |settled| matches!(settled, Settled::Is(Err(error)) if error.code.told() == Told::Unknown);
            if !has_retried && is_unknown(view(&payment, running.operation)) {
                has_retried = true;
                let refund = running.operation.map(CancelNo::from);
                // Whoever cannot wait for it hears how it stands.
                payment = self.app.payments.retry_now(payment.id, refund).await.unwrap_or(payment);
            }
            match view(&payment, running.operation) {
                Settled::Pending => return Err(Code::KeyRunning.into()),
                // The key leads to the present state, for as long as nobody knows better.
                Settled::Is(Err(error)) if error.code.told() == Told::Unknown => return Err(error),
                // It came to nothing, and the key may try again; unless it has been tried again meanwhile.
                Settled::Is(Err(error)) if error.code.told() == Told::NotSent => {
                    if self.app.store.release_idempotency_key(key, running).await? {
                        return Ok(None);
                    }
                }
                Settled::Is(result) => return self.complete(key, running, &result).await.map(Some),
            }
        }
        Err(Code::KeyRunning.into())
    }

    /// The key was used with another request: nothing was done now, and the caller is told what became of the first.
    async fn reused(&self, first: &KeyState, view: &impl Fn(&Payment, Option<Uuid>) -> Settled) -> ApiError {
        let first = match first {
            KeyState::Answered(answered) => first_of_answer(&self.app.vault, answered),
            KeyState::Running(Running { subject: Some(payment), operation }) => {
                match self.app.payments.look(*payment).await.map(|payment| view(&payment, *operation)) {
                    Ok(Settled::Is(Ok(_))) => FirstCall::Succeeded,
                    Ok(Settled::Is(Err(error))) => FirstCall::Failed(error.code.told()),
                    Ok(Settled::Pending) | Err(_) => FirstCall::Failed(Told::Unknown),
                }
            }
            _ => FirstCall::Failed(Told::Unknown),
        };
        ApiError { first: Some(first), ..Code::KeyReused.into() }
    }

    /// The process that took the key died before it could answer, but what it did is done: this is the
    /// first answer, unless somebody else was faster.
    async fn complete(
        &self,
        key: &KeyRef,
        running: Running,
        result: &Result<Answer, ApiError>,
    ) -> Result<Answer, ApiError> {
        let answered = seal(&self.app.vault, &rendered(result, &self.caller));
        if self.app.store.complete_idempotency_key(key, running, &answered).await? {
            return replay(&self.app.vault, &answered);
        }
        match self.app.store.idempotency_state(key).await? {
            KeyState::Answered(first) => replay(&self.app.vault, &first),
            _ => Err(Code::KeyRunning.into()),
        }
    }

    fn claim(
        &self,
        key: KeyRef,
        operation: Option<Uuid>,
        view: impl Fn(&Payment, Option<Uuid>) -> Settled + Send + Sync + 'static,
    ) -> Claim {
        let (vault, caller) = (self.app.vault.clone(), self.caller.clone());
        Claim::new(key, operation, move |payment: &Payment, refused: Option<Rejection>| {
            let result = match (refused, view(payment, operation)) {
                (Some(rejection), _) => Err(rejection.into()),
                (None, Settled::Pending) => return ClaimAnswer::Pending,
                (None, Settled::Is(result)) => result,
            };
            match result.as_ref().err().map(|error| error.code.told()) {
                Some(Told::Unknown) => ClaimAnswer::Pending,
                Some(Told::NotSent) => ClaimAnswer::Release,
                _ => ClaimAnswer::Keep(seal(&vault, &rendered(&result, &caller))),
            }
        })
    }
}

/// Turns the answer of a call into what its commit does to the key.
pub struct Keep {
    key: Option<KeyRef>,
    vault: Arc<Vault>,
    at: jiff::Timestamp,
}

impl Keep {
    pub fn answer(self, answer: &Answer) -> Option<KeyWrite> {
        let key = self.key?;
        let answer = Some(seal(&self.vault, answer));
        Some(KeyWrite::Take { key, subject: None, operation: None, answer, at: self.at })
    }
}

/// The fingerprint of a request's meaning, and those under which it may have been stored earlier: under an older master
/// key, or of its bytes, as they were taken before requests were compared by their meaning.
fn fingerprints(vault: &Vault, body: &[u8]) -> ([u8; 32], Vec<[u8; 32]>) {
    let meaning = canonical(body);
    let meaning = meaning.as_deref().unwrap_or(body);
    let of = |bytes| vault.digests(Purpose::RequestBody, bytes);
    (vault.digest(Purpose::RequestBody, meaning), [of(meaning), of(body)].concat())
}

/// What an answer that was kept says about the money.
fn first_of_answer(vault: &Vault, answered: &Answered) -> FirstCall {
    if answered.status < 400 {
        return FirstCall::Succeeded;
    }
    let outcome = replay(vault, answered)
        .ok()
        .and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok())
        .and_then(|body| Told::named(body["error"]["outcome"].as_str()?));
    FirstCall::Failed(outcome.unwrap_or(Told::Unknown))
}

fn rendered(result: &Result<Answer, ApiError>, caller: &Caller) -> Answer {
    match result {
        Ok(answer) => answer.clone(),
        Err(error) => Answer::error(error, caller),
    }
}

fn seal(vault: &Vault, answer: &Answer) -> Answered {
    Answered { status: answer.status, sealed_body: vault.seal(&answer.body, ANSWER_CONTEXT) }
}

fn replay(vault: &Vault, answered: &Answered) -> Result<Answer, ApiError> {
    let body = vault
        .open(&answered.sealed_body, ANSWER_CONTEXT)
        .map_err(|error| ApiError::from(Code::Internal).because(error))?;
    Ok(Answer { status: answered.status, body: body.to_vec(), is_replayed: true })
}

/// The key, bare or quoted (a structured-field string).
fn key_of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(header) = headers.get(HEADER) else { return Ok(None) };
    let bad = || ApiError::field("Idempotency-Key", KEY);
    let text = header.to_str().map_err(|_| bad())?.trim();
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let good = (1..=MAX_KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(Some(key.to_owned())) } else { Err(bad()) }
}
