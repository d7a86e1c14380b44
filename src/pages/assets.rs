//! Files that pages load: embedded, compressed once, and cached for ever under an address that names
//! their content.

use std::{
    borrow::Cow,
    io::Write,
    sync::{Arc, LazyLock},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, EntityTag, Header, HeaderValue, IfNoneMatch, VARY,
    },
    web::{self, Bytes},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dashmap::DashMap;
use flate2::{Compression, write::GzEncoder};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use crate::error::{ApiError, Code};

/// Development builds read the folder at each request, so that a file can be changed without a build.
#[derive(RustEmbed)]
#[folder = "web/static"]
struct Static;

/// Libraries of others, kept apart from our own files.
#[derive(RustEmbed)]
#[folder = "web/vendor"]
#[prefix = "vendor/"]
struct Vendor;

fn embedded(path: &str) -> Option<EmbeddedFile> {
    Static::get(path).or_else(|| Vendor::get(path))
}

/// A file, ready to be sent.
#[derive(Debug, Clone)]
pub struct Asset {
    mime: &'static str,
    bytes: Bytes,
    /// Absent when compression does not pay.
    gzip: Option<Bytes>,
    tag: String,
}

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");

impl Asset {
    pub fn new(path: &str, bytes: Bytes) -> Self {
        let tag = short_hash([bytes.as_ref()]);
        let gzip = Some(gzip(&bytes, Compression::best())).filter(|packed| packed.len() < bytes.len());
        Self { mime: mime(path), bytes, gzip, tag }
    }

    /// The answer to a request for it. `is_named_by_content`: the address changes when the file does.
    pub fn respond(&self, request: &HttpRequest, is_named_by_content: bool) -> HttpResponse {
        let tag = EntityTag::new_strong(self.tag.clone());
        let known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
            _ => false,
        };
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((CACHE_CONTROL, if is_named_by_content { FOR_EVER } else { ASK_FIRST }));
        response.insert_header((ETAG, tag)).append_header((VARY, "accept-encoding"));
        if known {
            return response.finish();
        }
        response.content_type(self.mime);
        match &self.gzip {
            Some(packed) if takes_gzip(request) => {
                response.insert_header((CONTENT_ENCODING, "gzip")).body(packed.clone())
            }
            _ => response.body(self.bytes.clone()),
        }
    }
}

/// `/static/{version}/{path}`.
pub async fn file(request: HttpRequest, path: web::Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (version, path) = path.into_inner();
    let asset = find(&path).ok_or(Code::RouteNotFound)?;
    // A page of an older build asks under an older version: it gets the file, but must not keep it.
    Ok(asset.respond(&request, version == *self::version()))
}

/// An embedded file.
pub fn find(path: &str) -> Option<Asset> {
    ready(Room::Static, path, || embedded(path).map(|file| file.data))
}

/// Where a file is served: what has the same name elsewhere is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Room {
    Static,
    Sdk,
}

/// A file that is compressed and hashed when it is first asked for; each time while it is being developed.
pub fn ready(room: Room, path: &str, read: impl FnOnce() -> Option<Cow<'static, [u8]>>) -> Option<Asset> {
    static READY: LazyLock<Ready> = LazyLock::new(Ready::default);
    if cfg!(debug_assertions) { prepared(path, read) } else { READY.get(room, path, read) }
}

#[derive(Default)]
struct Ready(DashMap<(Room, String), Asset>);

impl Ready {
    fn get(&self, room: Room, path: &str, read: impl FnOnce() -> Option<Cow<'static, [u8]>>) -> Option<Asset> {
        let name = (room, path.to_owned());
        if let Some(ready) = self.0.get(&name) {
            return Some(ready.clone());
        }
        let asset = prepared(path, read)?;
        self.0.insert(name, asset.clone());
        Some(asset)
    }
}

fn prepared(path: &str, read: impl FnOnce() -> Option<Cow<'static, [u8]>>) -> Option<Asset> {
    Some(Asset::new(path, read()?.into_owned().into()))
}

/// One version for all files: modules import each other by relative addresses, so they change together.
pub fn version() -> Arc<String> {
    static FIXED: LazyLock<Arc<String>> = LazyLock::new(|| Arc::new(hash_of_all()));
    if cfg!(debug_assertions) { Arc::new(hash_of_all()) } else { FIXED.clone() }
}

fn hash_of_all() -> String {
    let mut paths: Vec<_> = Static::iter().chain(Vendor::iter()).collect();
    paths.sort();
    let files = paths.iter().filter_map(|path| Some((path, embedded(path)?.metadata.sha256_hash())));
    let parts: Vec<_> = files.flat_map(|(path, hash)| [path.as_bytes().to_vec(), hash.to_vec()]).collect();
    short_hash(parts.iter().map(Vec::as_slice))
}

fn short_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..9])
}

/// Whether the client takes gzip.
pub fn takes_gzip(request: &HttpRequest) -> bool {
    let header = request.headers().get(ACCEPT_ENCODING).and_then(|header| header.to_str().ok());
    let takes = |coding: &str| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    };
    header.is_some_and(|header| header.split(',').any(takes))
}

/// What is made for one request is packed fast, and what is kept, well.
pub fn gzip(bytes: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    // Writing into memory does not fail; if it did, nothing would be taken for smaller than the original.
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.map_or_else(|_| Bytes::copy_from_slice(bytes), Bytes::from)
}

fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_one_room_is_never_taken_for_one_of_another() {
        let ready = Ready::default();
        let file = |text: &'static str| move || Some(Cow::Borrowed(text.as_bytes()));
        let bytes = |asset: Option<Asset>| asset.map(|asset| asset.bytes);
        for name in ["paygate.js", "sdk/paygate.js"] {
            assert_eq!(bytes(ready.get(Room::Sdk, name, file("the SDK"))), Some("the SDK".into()));
            assert_eq!(bytes(ready.get(Room::Static, name, || None)), None, "there is no such static file");
            assert_eq!(bytes(ready.get(Room::Static, name, file("another"))), Some("another".into()));
            assert_eq!(bytes(ready.get(Room::Sdk, name, || None)), Some("the SDK".into()), "it is read once");
        }
    }
}
