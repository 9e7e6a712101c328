//! Subjects as people wrote them: without what mail programs and desks put around them.

/// A subject without reply and forward prefixes in the desk's languages, and without tokens of any desk.
pub fn bare_subject(subject: &str) -> String {
    const PREFIXES: [&str; 17] = [
        "re",
        "aw",
        "sv",
        "odp",
        "odpoveď",
        "odpověď",
        "odg",
        "odgovor",
        "vs",
        "antw",
        "fw",
        "fwd",
        "wg",
        "pd",
        "prepos",
        "prep",
        "tr",
    ];
    let mut rest = subject.trim();
    loop {
        let before = rest;
        if let Some((head, tail)) = rest.split_once(':') {
            let word = head.trim().to_lowercase();
            let word = word.split(['[', '(']).next().unwrap_or_default();
            if PREFIXES.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '^')) {
                rest = tail.trim_start();
            }
        }
        if let Some(inner) = rest.strip_prefix('[').filter(|r| is_token(r)) {
            rest = inner.split_once(']').map_or("", |(_, tail)| tail).trim_start();
        }
        if rest == before {
            break;
        }
    }
    let mut out = rest.to_owned();
    while let Some(at) = out.rfind('[') {
        if !is_token(&out[at + 1..]) {
            break;
        }
        let end = out[at..].find(']').map_or(out.len(), |e| at + e + 1);
        out.replace_range(at..end, "");
    }
    out.trim().to_owned()
}

/// `ACME-1042-k7q2m9xf]…` or `ACME-1042]…`, as it stands after the opening bracket.
fn is_token(text: &str) -> bool {
    let Some((inner, _)) = text.split_once(']') else { return false };
    let mut parts = inner.split('-');
    let prefix =
        parts.next().is_some_and(|p| (1..=12).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    let number = parts.next().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let check = parts.next().is_none_or(|c| c.len() == 8 && c.bytes().all(|b| b.is_ascii_alphanumeric()));
    prefix && number && check && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_lose_prefixes_and_tokens_only() {
        for (subject, bare) in [
            ("Re: RE: Odp: [ACME-1042-k7q2m9xf] Faktúra", "Faktúra"),
            ("Re: Faktúra [ACME-1042-k7q2m9xf]", "Faktúra"),
            ("AW: AW[2]: Rechnung: Nummer 5", "Rechnung: Nummer 5"),
            ("[SPAM] Re: x", "[SPAM] Re: x"),
            ("FWD: [ACME-7] x [note]", "x [note]"),
            ("", ""),
        ] {
            assert_eq!(bare_subject(subject), bare);
        }
    }
}
