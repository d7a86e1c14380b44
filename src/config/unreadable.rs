//! What is told of a configuration that cannot be read: where, and why, but no value, which may hold a password.

use config::ConfigError;

pub fn told(error: &ConfigError) -> String {
    match error {
        ConfigError::Type { origin, unexpected, expected, key } => {
            let what = unexpected.to_string();
            let what = if what.starts_with("string ") { "a text" } else { &what };
            format!("invalid type: {what}, expected {expected}{}", place(key.as_deref(), origin.as_deref()))
        }
        ConfigError::At { error, origin, key } => {
            format!("{}{}", told(error), place(key.as_deref(), origin.as_deref()))
        }
        // The parser shows the line in question between the position and the reason.
        ConfigError::FileParse { uri, cause } => {
            let cause = cause.to_string();
            let (position, rest) = cause.split_once('\n').unwrap_or((&cause, ""));
            let reason = rest.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.contains('|'));
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{position}{reason}{}", place(None, uri.as_deref()))
        }
        ConfigError::Message(text) => without_value(text),
        other => other.to_string(),
    }
}

fn place(key: Option<&str>, origin: Option<&str>) -> String {
    let key = key.map(|key| format!(" for key `{key}`")).unwrap_or_default();
    let origin = origin.map(|origin| format!(" in {origin}")).unwrap_or_default();
    format!("{key}{origin}")
}

/// `invalid type: string "…", expected …` without what stands between the quotes.
fn without_value(text: &str) -> String {
    match text.find("string \"").zip(text.rfind("\", expected")) {
        Some((from, to)) if from < to => format!("{}a text{}", &text[..from], &text[to + 1..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use config::{Config, File, FileFormat};

    use super::*;
    use crate::config::{DEFAULTS, Settings};

    fn refused(file: &str) -> String {
        let defaults = File::from_str(DEFAULTS, FileFormat::Toml);
        let both = Config::builder().add_source(defaults).add_source(File::from_str(file, FileFormat::Toml)).build();
        told(&both.and_then(Config::try_deserialize::<Settings>).unwrap_err())
    }

    #[test]
    fn no_value_is_repeated_and_its_place_is_named() {
        for (file, part) in [
            ("database = \"postgres://u:staple@db/pay\"", "database"),
            ("[database]\nurl = \"postgres://u:staple@db/pay", "line 2"),
            ("[database]\nurl = postgres://u:staple@db/pay", "line 2"),
            ("[database]\nurl = 'postgres://u:staple@db/pay' x", "line 2"),
            ("[database]\n'postgres://u:staple@db/pay'", "line 2"),
            ("[database]\nwrite_connections = 'staple'", "database.write_connections"),
            ("[vault]\nprevious_keys = 'staple'", "vault.previous_keys"),
            ("[demo]\nseed = 'staple'", "demo.seed"),
        ] {
            let told = refused(file);
            assert!(!told.contains("staple") && told.contains(part), "{file}: {told}");
        }
    }
}
