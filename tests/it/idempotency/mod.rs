//! `Idempotency-Key`: the same call under the same key happens once, and is answered the same.

mod keys;
mod life;
mod meaning;
mod rejected;
mod replay;
mod together;
