//! Wrong passwords slow further tries down, per account, whichever address, process or door they come from.

use jiff::SignedDuration;
use metrics::counter;

use super::App;
use crate::{
    error::{ApiError, Code},
    store::{AccountHash, Slowing},
    vault::{PasswordError, Verified},
};

/// How long a try that is refused for others' sake waits at least.
const LEAST: i64 = 1;

/// Checks a password by `verify`, unless too many were wrong of late. An account that is not there is treated like one
/// that is.
///
/// # Errors
/// 429 while the account is locked, or those of `verify`.
pub async fn guarded(
    app: &App,
    account: AccountHash,
    verify: impl Future<Output = Result<Verified, PasswordError>>,
) -> Result<Verified, ApiError> {
    let Some(slowing) = app.limits.passwords() else { return Ok(verify.await?) };
    let failures = match app.store.count_password_try(account, slowing, app.payments.now()).await? {
        Ok(failures) => failures,
        Err(wait) => {
            counter!("paygate_sign_ins_locked_total").increment(1);
            let left = wait.as_secs().max(LEAST);
            return Err(ApiError::from(Code::SignInLocked).retry_after(u32::try_from(left).unwrap_or(u32::MAX)));
        }
    };
    match verify.await {
        Ok(Verified::Wrong) => {
            alarm(slowing, failures);
            Ok(Verified::Wrong)
        }
        Ok(right) => {
            app.store.forget_password_failures(account).await?;
            Ok(right)
        }
        Err(error) => {
            app.store.uncount_password_try(account).await?;
            Err(error.into())
        }
    }
}

/// For the operator. The e-mail stays out of the log: it may be a password, typed into the wrong field.
fn alarm(slowing: Slowing, failures: i64) {
    let pause = slowing.pause(failures);
    if pause > SignedDuration::ZERO {
        counter!("paygate_sign_in_locks_total").increment(1);
        tracing::warn!(failures, pause_s = pause.as_secs(), "an account is locked after wrong passwords");
    }
}
