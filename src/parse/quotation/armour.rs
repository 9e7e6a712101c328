//! The armour of an OpenPGP signature in the text itself (RFC 9580 section 7): its lines are no words of the sender's.

use crate::parse::lines::Line;

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_END: &str = "-----END PGP SIGNATURE-----";
const ENCRYPTED: &str = "-----BEGIN PGP MESSAGE-----";

/// Longest signature, in lines.
const LINES_MAX: usize = 60;

/// What armour says of a text: signed, encrypted.
pub fn flag(lines: &[Line]) -> Option<&'static str> {
    let starts = |mark: &str| lines.iter().any(|l| l.depth == 0 && l.text.trim_end() == mark);
    if !lines.iter().any(|l| l.text.starts_with("-----BEGIN PGP ")) {
        None
    } else if starts(ENCRYPTED) {
        Some("encrypted")
    } else {
        starts(SIGNED).then_some("signed")
    }
}

/// Whether each line is part of the armour; empty where there is none.
pub fn lines(lines: &[Line]) -> Vec<bool> {
    let mut armour = Vec::new();
    if !lines.iter().any(|l| l.text.trim_end() == SIGNATURE_END) {
        return armour;
    }
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let length = match line.text.trim_end() {
            // The hashes, and the blank line that ends them.
            SIGNED => lines.iter().skip(at).take(10).position(Line::is_blank).map(|blank| blank + 1),
            SIGNATURE => {
                let end = lines.iter().skip(at).take(LINES_MAX).position(|l| l.text.trim_end() == SIGNATURE_END);
                end.map(|end| end + 1)
            }
            _ => None,
        };
        if let Some(length) = length {
            armour.resize(lines.len(), false);
            armour.iter_mut().skip(at).take(length).for_each(|a| *a = true);
        }
        at += length.unwrap_or(1);
    }
    armour
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::plain;

    #[test]
    fn armour_is_found_and_words_about_it_are_not() {
        let text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nHello\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\nBye";
        let found = plain(text);
        assert_eq!(lines(&found), [true, true, true, false, true, true, true, true, false]);
        assert_eq!(flag(&found), Some("signed"));
        let about = plain("What is -----BEGIN PGP SIGNATURE-----?\n-----BEGIN PGP SIGNATURE-----\nno end");
        assert!(lines(&about).is_empty() && flag(&about).is_none());
    }
}
