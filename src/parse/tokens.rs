//! Subject tokens, as found: `[ACME-1042-k7q2m9xf]` and `[ACME-1042]`, any prefix. Whether one proves anything is decided
//! elsewhere.

use crate::model::message::TokenText;

/// Most tokens of one subject that are read.
const TOKENS_MAX: usize = 20;

/// All tokens of a subject, in its order.
pub fn find(subject: &str) -> Vec<TokenText> {
    let mut found = Vec::new();
    let mut rest = subject;
    while let Some(at) = rest.find('[') {
        rest = rest.get(at..).unwrap_or_default();
        let Some(end) = rest.bytes().take(64).position(|b| b == b']') else {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        let written = rest.get(..=end).unwrap_or_default();
        if let Some(token) = token(written)
            && found.len() < TOKENS_MAX
        {
            found.push(token);
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    found
}

fn token(written: &str) -> Option<TokenText> {
    let inner: String =
        written.trim_start_matches('[').trim_end_matches(']').chars().filter(|c| !c.is_whitespace()).collect();
    let mut parts = inner.split('-');
    let (prefix, number, check) = (parts.next()?, parts.next()?, parts.next());
    let word =
        |text: &str, max: usize| (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if parts.next().is_some() || !word(prefix, 12) || !word(number, 18) || check.is_some_and(|c| !word(c, 16)) {
        return None;
    }
    Some(TokenText {
        prefix: prefix.to_owned(),
        number: number.parse().ok().filter(|_| number.bytes().all(|b| b.is_ascii_digit()))?,
        check: check.map(str::to_owned),
        written: written.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_anywhere_and_nothing_else_is() {
        let found =
            find("Re: [ACME-1042-k7q2m9xf] AW: [acme-7] [URGENT] [a-b-c] [ACME-1-2-3] [X-99999999999999999999]");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].number, found[0].check.as_deref()), (1042, Some("k7q2m9xf")));
        assert_eq!((found[1].prefix.as_str(), found[1].check.as_deref()), ("acme", None));
        assert_eq!(find("[ACME-1042- k7q2m9xf]").len(), 1, "folding put a blank into it");
        assert!(find(&"[".repeat(100_000)).is_empty());
    }
}
