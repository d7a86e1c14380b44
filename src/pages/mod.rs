//! Server-rendered pages, from templates compiled into the binary.

use actix_web::web::ServiceConfig;

/// Mounts the pages.
pub fn configure(_: &mut ServiceConfig) {}
