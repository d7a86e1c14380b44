//! The browser SDK, for shops that load it from here.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha384};

use super::assets::{self, Room};
use crate::error::{ApiError, Code};

/// Of the newest SDK: what its `package.json` says.
pub const VERSION: &str = "1.3.1";

/// The classic scripts of all versions: a shop that named one with its hash goes on getting it.
#[derive(RustEmbed)]
#[folder = "web/sdk/dist"]
struct Dist;

const MODULE: &[u8] = include_bytes!("../../web/sdk/paygate.mjs");

/// `/sdk/v1/{file}`: `paygate-<version>.js` never changes; `paygate.js` is the newest, `paygate.mjs` its
/// module, `compat.js` for shops of the older SDK.
pub async fn file(request: HttpRequest, file: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let is_released = release(&file).is_some();
    let asset = assets::ready(Room::Sdk, &file, || bytes(&file)).ok_or(Code::RouteNotFound)?;
    Ok(asset.respond(&request, is_released))
}

/// The value of a page's `integrity` attribute for a file of the SDK.
pub fn integrity(file: &str) -> Option<String> {
    Some(format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes(file)?))))
}

/// The address under which the newest release of `name` (`paygate`, `compat`) never changes.
pub fn released(name: &str) -> String {
    format!("/sdk/v1/{}", released_file(name))
}

fn bytes(file: &str) -> Option<Cow<'static, [u8]>> {
    Some(match file {
        "paygate.mjs" => Cow::Borrowed(MODULE),
        "paygate.js" | "compat.js" => release(&released_file(file.trim_end_matches(".js")))?,
        file => release(file)?,
    })
}

/// A released script: what else is in the folder is for those who make them.
fn release(file: &str) -> Option<Cow<'static, [u8]>> {
    Some(Dist::get(file).filter(|_| file.ends_with(".js"))?.data)
}

fn released_file(name: &str) -> String {
    format!("{name}-{VERSION}.js")
}
