//! Names that look alike: what stays of a name when everything goes that an eye may overlook. After the skeletons of
//! Unicode TR 39 section 4, for the letters that matter in addresses and in Latin names.

use std::sync::LazyLock;

use unicode_security::confusable_detection::skeleton as confusable;

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

/// What [`DRAWN_ALIKE`] makes of the letters of ASCII, of which nearly every name is made.
static ASCII: LazyLock<[char; 128]> = LazyLock::new(|| std::array::from_fn(|at| listed(char::from(at as u8))));

fn listed(c: char) -> char {
    DRAWN_ALIKE.iter().find(|(other, _)| *other == c).map_or(c, |(_, latin)| *latin)
}

fn latin(c: char) -> char {
    ASCII.get(c as usize).copied().unwrap_or_else(|| listed(c))
}

/// What two names that look alike have in common. Not for showing.
pub fn skeleton(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in fold(name).chars().filter(|c| !super::text::is_invisible(*c)) {
        let drawn = latin(c);
        if drawn != c || c.is_ascii() {
            out.push(drawn);
        } else {
            // All others, by the tables of TR 39; what these make of them is drawn alike once more.
            out.extend(confusable(c.encode_utf8(&mut [0; 4])).flat_map(char::to_lowercase).map(latin));
        }
    }
    for (pair, letter) in RUN_TOGETHER {
        if out.contains(pair) {
            out = out.replace(pair, letter);
        }
    }
    out
}

/// The skeleton of a domain: its A-labels are read, and hyphens do not count.
pub fn domain_skeleton(domain: &str) -> String {
    let label = |label: &str| {
        let lower = label.to_ascii_lowercase();
        // No label of a domain is longer (RFC 1035 section 2.3.4).
        let encoded = lower.strip_prefix("xn--").filter(|label| label.len() <= 63);
        let read = encoded.and_then(idna::punycode::decode_to_string).unwrap_or(lower);
        skeleton(&read).replace('-', "")
    };
    domain.trim_end_matches('.').split('.').map(label).collect::<Vec<_>>().join(".")
}

/// The skeleton of an address: dots, hyphens and underlines in its local part do not count.
pub fn address_skeleton(local: &str, domain: &str) -> String {
    format!("{}@{}", skeleton(&local.replace(['.', '-', '_'], "")), domain_skeleton(domain))
}

/// The skeleton of a display name; None for one word, which is nobody's in particular.
pub fn name_skeleton(name: &str) -> Option<String> {
    let mut words: Vec<String> = skeleton(name)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    // "Novák, Ján" is Ján Novák.
    words.sort_unstable();
    (words.len() > 1).then(|| words.join(" "))
}

/// Letters that the longest label of a domain must have for a slip of one letter to tell anything: of short names too many
/// honest ones lie side by side.
pub const LABEL_MIN: usize = 7;

/// The longest label but the last, which is nobody's.
fn longest(skeleton: &str) -> usize {
    let labels = skeleton.rsplit_once('.').map_or(skeleton, |(labels, _)| labels).split('.');
    labels.map(|label| label.chars().count()).max().unwrap_or_default()
}

/// What the skeleton of every domain that is [`near`] this one begins with, or, turned round, ends with.
pub fn halves(skeleton: &str) -> (String, String) {
    let letters: Vec<char> = skeleton.chars().collect();
    let half = match longest(skeleton) >= LABEL_MIN - 1 {
        // One letter is changed, lost, added, or two changed places: one half is as it was, but for the letter at the cut.
        true => (letters.len() / 2).saturating_sub(1),
        false => letters.len(),
    };
    (letters.iter().take(half).collect(), letters.iter().rev().take(half).collect())
}

/// Two skeletons of domains that differ in one letter (or two that changed places), where that is no chance.
pub fn near(one: &str, other: &str) -> bool {
    near_from(one, other, LABEL_MIN)
}

/// [`near`], where the longest label has so many letters.
pub fn near_from(one: &str, other: &str, letters: usize) -> bool {
    differ_in_little(one.as_bytes(), other.as_bytes())
        && longest(one).max(longest(other)) >= letters
        && strsim::osa_distance(one, other) == 1
}

/// Between what both begin with and what both end with lies no more than two letters have bytes: nearly all pairs are told
/// apart by this alone.
fn differ_in_little(one: &[u8], other: &[u8]) -> bool {
    let most = if one.is_ascii() && other.is_ascii() { 2 } else { 2 * char::MAX_LEN_UTF8 };
    let shorter = one.len().min(other.len());
    let head = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let tail = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let same = (head + tail).min(shorter);
    one.len().max(other.len()) - same <= most
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
        for alike in ["Novák, Ján", "𝗝𝗮𝗻 𝗡𝗼𝘃𝗮𝗸", "ꓙan Novak", "Jan NOVA\u{39a}"] {
            assert_eq!(name_skeleton(alike), name_skeleton("Ján Novák"), "{alike}");
        }
        assert_eq!(name_skeleton("Ján"), None);
        assert_eq!(address_skeleton("jan.novak", "firma.example"), address_skeleton("ján-n0vak", "firrna.example"));
    }

    #[test]
    fn near_domains_are_found_by_one_of_their_halves() {
        let firm = domain_skeleton("obchodnafirma.example");
        for close in [
            "obchodnefirma.example",
            "obchodnafrma.example",
            "obchodnaffirma.example",
            "bochodnafirma.example",
            "obchodnafirma.exampel",
        ] {
            let close = domain_skeleton(close);
            assert!(near(&firm, &close), "{close}");
            let ((head, tail), backwards) = (halves(&firm), close.chars().rev().collect::<String>());
            assert!(close.starts_with(&head) || backwards.starts_with(&tail), "{close}");
        }
        for other in ["obchodnyfirmy.example", "firma.example", "forma.example"] {
            assert!(
                !near(&firm, &domain_skeleton(other)) && !near("flrma.example", &domain_skeleton(other)),
                "{other}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn one_half_of_a_near_domain_is_as_it_was(
            (label, at, letter) in ("[a-z0-9]{7,14}", 0usize..14, "[a-z]"), what in 0..4,
        ) {
            let whole = domain_skeleton(&format!("{label}.example"));
            let mut letters: Vec<char> = whole.chars().collect();
            let (at, letter) = (at % letters.len(), letter.chars().next().unwrap_or('x'));
            match what {
                0 => letters[at] = letter,
                1 => letters.insert(at, letter),
                2 => drop(letters.remove(at)),
                _ => letters.swap(at, (at + 1) % whole.chars().count()),
            }
            let close: String = letters.iter().collect();
            if near(&whole, &close) {
                let (head, tail) = halves(&close);
                let backwards: String = whole.chars().rev().collect();
                proptest::prop_assert!(whole.starts_with(&head) || backwards.starts_with(&tail), "{} {}", whole, close);
            }
        }
    }
}
