//! Texts that people read and compare.

use unicode_normalization::UnicodeNormalization;

/// Why a text is not an order id or order name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("must have 1 to 100 characters")]
    Length,
    #[error("contains a character that is not allowed")]
    Character,
    #[error("must have a character that can be seen")]
    Invisible,
    #[error("contains a character that cannot be seen")]
    Hidden,
    #[error("must not begin or end with a blank")]
    Edge,
}

const MAX_TEXT_CHARS: usize = 100;

pub(super) fn checked(text: &str, refused: impl Fn(char) -> bool) -> Result<Box<str>, TextError> {
    let count = text.chars().take(MAX_TEXT_CHARS + 1).count();
    if count == 0 || count > MAX_TEXT_CHARS {
        return Err(TextError::Length);
    }
    if text.chars().any(refused) {
        return Err(TextError::Character);
    }
    Ok(text.into())
}

/// Line and paragraph separators break a line in many clients although they are no control characters.
pub(super) fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// What turns the direction of a text around lets a name read as another one.
fn disguises(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Spaces, what joins or divides its neighbours without being there, and the blanks among letters and signs.
fn is_invisible(c: char) -> bool {
    let has_no_width = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    let is_blank =
        matches!(c, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}');
    c.is_whitespace() || has_no_width || is_blank
}

/// Somebody reads it, and takes it for what it looks like.
pub(super) fn readable(text: &str) -> Result<(), TextError> {
    if text.chars().any(disguises) {
        return Err(TextError::Character);
    }
    // That it is empty is said of its length.
    if !text.is_empty() && text.chars().all(is_invisible) { Err(TextError::Invisible) } else { Ok(()) }
}

/// Two order ids that look alike are the same one. And a path loses a segment of dots.
pub(super) fn unmistakable(text: &str) -> Result<(), TextError> {
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Err(TextError::Edge);
    }
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // A picture that is written as several characters is one to the eye.
        let is_joint = c == JOINER && before.is_some_and(is_picture) && rest.peek().is_some_and(|c| is_picture(*c));
        let is_variant = c == AS_PICTURE && before.is_some_and(is_picture);
        if disguises(c) || (is_invisible(c) && c != ' ' && !is_joint && !is_variant) {
            return Err(TextError::Hidden);
        }
        before = if is_variant { before } else { Some(c) };
    }
    if matches!(text, "." | "..") { Err(TextError::Character) } else { Ok(()) }
}

const JOINER: char = '\u{200d}';
const AS_PICTURE: char = '\u{fe0f}';

fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// The name of a business, a reason: no character turns the text around or hides in it. What scripts and pictures are
/// joined with may stand there.
///
/// # Errors
/// There is such a character.
pub fn check_visible(text: &str) -> Result<(), TextError> {
    let joins = |c| matches!(c, '\u{200c}' | JOINER | '\u{fe00}'..='\u{fe0f}');
    let hides = |c: char| !c.is_whitespace() && is_invisible(c) && !joins(c);
    if text.chars().any(|c| disguises(c) || hides(c)) { Err(TextError::Hidden) } else { Ok(()) }
}

/// An e-mail as it is compared: in lower case, in the composed form (NFC).
pub fn folded_email(email: &str) -> String {
    email.trim().to_lowercase().nfc().collect()
}
