//! U-labels to A-labels, so that a verdict about `žiara.example` is seen to be about `xn--iara-34a.example`.

use unicode_normalization::UnicodeNormalization as _;

/// A domain in lower case with A-labels only. Only used to compare what a server wrote with an address that is already
/// in this form: a label that IDNA would refuse just equals nothing.
pub fn to_ascii(domain: &str) -> String {
    if domain.is_ascii() {
        return domain.to_ascii_lowercase();
    }
    let lower: String = domain.to_lowercase().nfc().collect();
    let label = |label: &str| if label.is_ascii() { label.to_owned() } else { format!("xn--{}", punycode(label)) };
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

/// RFC 3492 section 6.3, with the parameters of section 5. Labels longer than a domain allows give what equals nothing.
fn punycode(label: &str) -> String {
    let input: Vec<u32> = label.chars().take(64).map(u32::from).collect();
    let mut out: String = label.chars().take(64).filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).unwrap_or(0);
    let mut handled = basic;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias) = (128u32, 0u32, 72u32);
    while (handled as usize) < input.len() {
        let Some(next) = input.iter().copied().filter(|c| *c >= n).min() else { break };
        delta = delta.saturating_add((next - n).saturating_mul(handled + 1));
        n = next;
        for c in &input {
            if *c < n {
                delta = delta.saturating_add(1);
            }
            if *c == n {
                variable(delta, bias, &mut out);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.saturating_add(1);
        n += 1;
    }
    out
}

/// One generalised variable-length integer (RFC 3492 section 3.3).
fn variable(delta: u32, bias: u32, out: &mut String) {
    let digit = |d: u32| {
        char::from_digit(d, 36).map(|_| if d < 26 { (b'a' + d as u8) as char } else { (b'0' + (d - 26) as u8) as char })
    };
    let (mut q, mut k) = (delta, 36);
    loop {
        let t = if k <= bias { 1 } else { (k - bias).min(26) };
        if q < t {
            break;
        }
        out.extend(digit(t + (q - t) % (36 - t)));
        q = (q - t) / (36 - t);
        k += 36;
    }
    out.extend(digit(q));
}

/// RFC 3492 section 6.1.
fn adapt(delta: u32, points: u32, first: bool) -> u32 {
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
