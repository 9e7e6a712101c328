//! Names that look alike: what stays of a name when everything goes that an eye may overlook. After the skeletons of
//! Unicode TR 39 section 4, for the letters that matter in addresses and in Latin names.

use super::text::fold;

/// Letters of other scripts, and digits, that are drawn like a Latin letter.
const DRAWN_ALIKE: &[(char, char)] = &[
    // Cyrillic
    ('а', 'a'),
    ('в', 'b'),
    ('с', 'c'),
    ('ԁ', 'd'),
    ('е', 'e'),
    ('һ', 'h'),
    ('н', 'h'),
    ('і', 'l'),
    ('ӏ', 'l'),
    ('ј', 'j'),
    ('к', 'k'),
    ('м', 'm'),
    ('о', 'o'),
    ('р', 'p'),
    ('ԛ', 'q'),
    ('г', 'r'),
    ('ѕ', 's'),
    ('т', 't'),
    ('у', 'y'),
    ('х', 'x'),
    ('ѵ', 'v'),
    ('ԝ', 'w'),
    // Greek
    ('α', 'a'),
    ('β', 'b'),
    ('ε', 'e'),
    ('η', 'n'),
    ('ι', 'l'),
    ('κ', 'k'),
    ('ν', 'v'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('τ', 't'),
    ('υ', 'u'),
    ('χ', 'x'),
    ('γ', 'y'),
    // Armenian, Latin, digits
    ('օ', 'o'),
    ('ѕ', 's'),
    ('ɑ', 'a'),
    ('ɡ', 'g'),
    ('ɩ', 'l'),
    ('i', 'l'),
    ('1', 'l'),
    ('|', 'l'),
    ('0', 'o'),
    ('5', 's'),
];

/// Pairs that run together into one letter.
const RUN_TOGETHER: &[(&str, &str)] = &[("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m")];

/// What two names that look alike have in common. Not for showing.
pub fn skeleton(name: &str) -> String {
    let drawn = |c: char| DRAWN_ALIKE.iter().find(|(other, _)| *other == c).map_or(c, |(_, latin)| *latin);
    let mut out: String = fold(name).chars().map(drawn).filter(|c| !super::text::is_invisible(*c)).collect();
    for (pair, letter) in RUN_TOGETHER {
        out = out.replace(pair, letter);
    }
    out
}

/// The skeleton of a domain: its A-labels are read, and hyphens do not count.
pub fn domain_skeleton(domain: &str) -> String {
    let label = |label: &str| {
        let lower = label.to_ascii_lowercase();
        let read = lower.strip_prefix("xn--").and_then(unpunycode).unwrap_or(lower);
        skeleton(&read).replace('-', "")
    };
    domain.trim_end_matches('.').split('.').map(label).collect::<Vec<_>>().join(".")
}

/// RFC 3492 section 6.2; None for what is no Punycode. At most 63 characters.
fn unpunycode(text: &str) -> Option<String> {
    let (basic, rest) = text.rsplit_once('-').unwrap_or(("", text));
    let mut out: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (128u32, 0u32, 72u32);
    let mut digits = rest.bytes();
    while digits.len() > 0 {
        let (before, mut weight, mut k) = (i, 1u32, 36u32);
        loop {
            let digit = match digits.next()? {
                b @ b'a'..=b'z' => u32::from(b - b'a'),
                b @ b'0'..=b'9' => u32::from(b - b'0') + 26,
                _ => return None,
            };
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let threshold = if k <= bias { 1 } else { (k - bias).min(26) };
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            k += 36;
        }
        let points = u32::try_from(out.len()).ok()? + 1;
        bias = adapted(i - before, points, before == 0);
        n = n.checked_add(i / points)?;
        i %= points;
        if out.len() >= 63 {
            return None;
        }
        out.insert(i as usize, char::from_u32(n)?);
        i += 1;
    }
    Some(out.into_iter().collect())
}

/// RFC 3492 section 6.1.
fn adapted(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_that_look_alike_have_one_skeleton() {
        for alike in [
            "FIRMA.example",
            "fırma.example",
            "flrma.example",
            "f1rma.example",
            "firrna.example",
            "fir-ma.example",
            "firmа.example",        // the last letter is Cyrillic
            "xn--firm-83d.example", // the same, as it is sent
            "fírma.example",
            "xn--frma-vpa.example",
        ] {
            assert_eq!(domain_skeleton(alike), domain_skeleton("firma.example"), "{alike}");
        }
        for other in ["firmy.example", "firma.test", "forma.example", "xn--.example", "xn--zzzzzzzzzzzzzz.example"] {
            assert_ne!(domain_skeleton(other), domain_skeleton("firma.example"), "{other}");
        }
    }

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        for alike in ["JÁN NOVÁK", "Jan Novak", "Jаn Nоvаk", "Ján\u{200b} Novák"] {
            assert_eq!(skeleton(alike), skeleton("Ján Novák"), "{alike}");
        }
        assert_ne!(skeleton("Jana Nováková"), skeleton("Ján Novák"));
    }
}
