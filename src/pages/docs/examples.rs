//! How a shop's server confirms, in the languages that shops are written in: the files of the SDK's package.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "web/sdk/examples"]
struct Files;

pub struct Example {
    pub language: &'static str,
    pub file: &'static str,
    pub text: String,
}

const EXAMPLES: [(&str, &str); 5] = [
    ("Node.js", "confirm.mjs"),
    ("Python", "confirm.py"),
    ("Java", "Confirm.java"),
    ("Kotlin", "confirm.kt"),
    ("curl", "confirm.sh"),
];

pub fn all() -> Vec<Example> {
    let text = |file| Files::get(file).and_then(|found| String::from_utf8(found.data.into_owned()).ok());
    EXAMPLES.iter().filter_map(|(language, file)| Some(Example { language, file, text: text(file)? })).collect()
}
