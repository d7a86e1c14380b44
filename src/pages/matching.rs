//! The number that a customer compares: the checkout shows it, and the phone asks for it before it
//! approves what another device began. It keeps a customer from approving the wrong payment; it is no
//! secret. `web/static/matching.js` computes the same.

/// Two digits, the same for everybody who holds the token.
pub fn number(token: &str) -> u32 {
    10 + fnv1a(token) % 90
}

/// FNV-1a: simple enough to be written twice, and there in a browser without a secure context.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    /// `web/tests/matching.test.mjs` holds the same.
    #[test]
    fn the_number_is_what_the_phone_computes() {
        for (token, number) in [("", 71), ("a.b.c", 61), ("eyJhbGciOiJIUzI1NiJ9.e30.x-_9", 49)] {
            assert_eq!(super::number(token), number, "{token}");
        }
    }
}
