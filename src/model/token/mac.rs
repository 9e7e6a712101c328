//! The checks themselves: a keyed digest in letters that survive being read out, and how two of them are compared.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::Key;

/// Crockford's base 32 in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// HMAC-SHA-256 (RFC 2104) over a purpose and length-prefixed parts, cut to `len` base-32 characters (at most 51).
pub(super) fn mac(key: &Key, purpose: &str, parts: &[&str], len: usize) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret).expect("HMAC takes a key of any length");
    for part in [&[purpose], parts].concat() {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let bytes = mac.finalize().into_bytes();
    (0..len)
        .map(|i| {
            let value = (0..5).fold(0, |value, bit| {
                let at = i * 5 + bit;
                (value << 1) | usize::from((bytes[at / 8] >> (7 - at % 8)) & 1)
            });
            char::from(ALPHABET[value])
        })
        .collect()
}

/// Crockford: i and l read as 1, o as 0; case does not count.
pub(super) fn normalise(check: &str) -> String {
    check
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            'i' | 'l' => '1',
            'o' => '0',
            c => c,
        })
        .collect()
}

/// In time that does not depend on where the two differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
