//! U-labels to A-labels, so that a verdict about `žiara.example` is seen to be about `xn--iara-34a.example`.

use idna::punycode;
use unicode_normalization::UnicodeNormalization as _;

/// A domain in lower case with A-labels only. Only used to compare what a server wrote with an address that is already
/// in this form: a label that IDNA would refuse just equals nothing.
pub fn to_ascii(domain: &str) -> String {
    if domain.is_ascii() {
        return domain.to_ascii_lowercase();
    }
    let lower: String = domain.to_lowercase().nfc().collect();
    let label = |label: &str| match label.is_ascii() {
        true => label.to_owned(),
        // A label longer than a domain allows gives what equals nothing.
        false => {
            format!("xn--{}", punycode::encode_str(&label.chars().take(64).collect::<String>()).unwrap_or_default())
        }
    };
    lower.split('.').map(label).collect::<Vec<_>>().join(".")
}

/// The same for a domain in an address (RFC 6531), where every reader must come to the same one: letters and digits that no
/// normalisation, and no lower case, makes into others or into ASCII. None for all else.
pub fn strict_to_ascii(domain: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-') || (!c.is_ascii() && c.is_alphabetic());
    let stable = domain.chars().all(|c| plain(c) && c.to_lowercase().count() == 1)
        && domain.nfc().eq(domain.chars())
        && domain.nfkc().eq(domain.chars());
    let ascii = to_ascii(domain);
    // A label that only looked foreign would be another domain's.
    let foreign = |label: &str| {
        label.is_ascii() || !label.to_lowercase().is_ascii() && !label.starts_with('-') && !label.ends_with('-')
    };
    (stable && domain.split('.').all(foreign) && super::address::is_domain(&ascii)).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::{strict_to_ascii, to_ascii};

    #[test]
    fn labels_come_out_as_registrars_write_them() {
        for (unicode, ascii) in [
            ("firma.example", "firma.example"),
            ("FIRMA.Example", "firma.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("münchen.example", "xn--mnchen-3ya.example"),
            ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
            ("mu\u{308}nchen.example", "xn--mnchen-3ya.example"),
            ("пример.example", "xn--e1afmkfd.example"),
            ("例え.example", "xn--r8jz45g.example"),
            ("他们为什么不说中文.example", "xn--ihqwcrb4cv8a8dqg056pqjye.example"),
        ] {
            assert_eq!(to_ascii(unicode), ascii);
        }
        to_ascii(&"ž".repeat(10_000)); // ends
    }

    #[test]
    fn only_letters_that_stay_what_they_are_make_a_domain_of_an_address() {
        assert_eq!(strict_to_ascii("BÜCHER.example").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(strict_to_ascii("пример.example").as_deref(), Some("xn--e1afmkfd.example"));
        for other in [
            "mu\u{308}nchen.example",
            "firma。example",
            "f\u{130}rma.example",
            "ｆirma.example",
            "\u{212a}rma.example",
            "fi\u{200d}rma.example",
            "ﬁrma.example",
            "fir\u{ad}ma.example",
            "firma.example.",
            "ž",
            "-ž.example",
            "a@ž.example",
            "fırma\0.example",
            "ž .example",
        ] {
            assert_eq!(strict_to_ascii(other), None, "{other:?}");
        }
    }
}
