//! The addresses in the configuration, checked at start: a wrong one would show later, as broken pages and links.

use std::borrow::Cow;

use url::Url;

use super::{ConfigError, Settings};

/// What an address may have besides a scheme and a host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    Allowed,
    /// Pages and links begin at the root of a domain.
    Refused,
}

impl Settings {
    /// # Errors
    /// An address cannot be used; the error names its key. It never repeats the value, which may hold a password.
    pub(super) fn check_urls(&self) -> Result<(), ConfigError> {
        let phone_app = here(&self.server.phone_app_url);
        let checks = [
            ("server.public_url", http(&self.server.public_url, Path::Refused)),
            ("server.phone_app_url", http(&phone_app, Path::Allowed)),
            ("acquirer.card.base_url", http(&self.acquirer.card.base_url, Path::Allowed)),
            ("database.url", self.database.check_url()),
        ];
        let wrong = checks.into_iter().find_map(|(key, checked)| checked.err().map(|reason| (key, reason)));
        wrong.map_or(Ok(()), |(key, reason)| Err(ConfigError::Url { key, reason }))
    }
}

/// A path of this server, as an address on it. (`//` and `/\` begin an address elsewhere.)
fn here(address: &str) -> Cow<'_, str> {
    let is_path = address.starts_with('/') && !address.starts_with("//") && !address.contains('\\');
    if is_path { Cow::Owned(format!("http://localhost{address}")) } else { Cow::Borrowed(address) }
}

fn http(text: &str, path: Path) -> Result<(), &'static str> {
    if text.is_empty() {
        return Ok(());
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("must not contain blanks");
    }
    let url = Url::parse(text).map_err(|_| "must be an address such as https://pay.example.com")?;
    // `https:pay.example.com` is read as if it had its slashes, but not by everything that completes it.
    let has_slashes = text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://"));
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !has_slashes {
        return Err("must begin with https:// or http://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or a fragment");
    }
    if path == Path::Refused && url.path() != "/" {
        return Err("must not have a path: Paygate is served at the root of its domain");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_pages_are_whole_and_begin_at_the_root_where_they_must() {
        for good in ["", "https://pay.example.com", "http://127.0.0.1:8080/", "https://[::1]:8443"] {
            assert_eq!(http(good, Path::Refused), Ok(()), "{good}");
        }
        assert_eq!(http("https://pay.example.com/base", Path::Allowed), Ok(()));
        for bad in [
            "https://pay.example.com/base",
            "pay.example.com",
            "//pay.example.com",
            "localhost:8080",
            "htps://pay.example.com",
            "https:pay.example.com",
            "https://",
            "ftp://pay.example.com",
            " https://pay.example.com",
            "https://pay.example.com ",
            "https://pay.example.com?a=b",
            "https://pay.example.com#a",
            "https://user@pay.example.com",
            "https://user:secret@pay.example.com",
        ] {
            assert!(http(bad, Path::Refused).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_phone_app_may_be_a_path_of_this_server() {
        for good in ["", "/m", "/app/phone/", "https://app.example.com/m"] {
            assert_eq!(http(&here(good), Path::Allowed), Ok(()), "{good}");
        }
        for bad in ["//evil.example.com", "/\\evil.example.com", "/m?a=b", "/m#a", "/m m", "m", "/m\n"] {
            assert!(http(&here(bad), Path::Allowed).is_err(), "{bad:?}");
        }
    }
}
