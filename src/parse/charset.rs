//! Bytes → text: the declared charset where it holds, else what the bytes themselves say.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, WINDOWS_1250, WINDOWS_1252};

/// What is known about the charset of a mail besides the label at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hint {
    /// The charset that another part of the same mail declares.
    pub declared: Option<&'static Encoding>,
    /// Top-level domain of the sender, lower case, for the detector.
    pub tld: Option<&'static str>,
}

/// How a label was understood.
enum Label {
    Known(&'static Encoding),
    Utf7,
    /// One that the WHATWG encodings lack: its upper half.
    Table(&'static str),
    /// Says nothing: absent, `us-ascii`, `unknown-8bit`, or a word that nobody knows.
    Nothing,
}

fn label(text: &str) -> Label {
    let word: String = text.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.as_str() {
        "" | "usascii" | "ascii" | "ansix341968" | "unknown8bit" | "xunknown" | "unknown" | "default" | "none"
        | "8bit" | "7bit" | "binary" | "xuserdefined" => return Label::Nothing,
        "utf7" | "unicode11utf7" | "xunicode20utf7" => return Label::Utf7,
        "cp852" | "ibm852" | "852" | "dos852" | "pclatin2" => return Label::Table(DOS_LATIN_2),
        "xmacce"
        | "macce"
        | "xmaccentraleurroman"
        | "maccentraleurope"
        | "maclatin2"
        | "xmaccentraleurope"
        | "xmaccentraleuropean"
        | "maccentraleuropean"
        | "cp10029"
        | "xmacceroman" => return Label::Table(MAC_LATIN_2),
        "utf8" | "utf8mb4" | "utf" | "xutf8" => return Label::Known(encoding_rs::UTF_8),
        _ => {}
    }
    if let Some(known) = Encoding::for_label(word.as_bytes()) {
        return Label::Known(known);
    }
    // `CP-1250`, `win-1250`, `windows1250`, `iso8859_2`, `latin-2`, …
    let digits: String = plain.chars().skip_while(char::is_ascii_alphabetic).collect();
    let letters: String = plain.chars().take_while(char::is_ascii_alphabetic).collect();
    let guess = match letters.as_str() {
        "cp" | "win" | "windows" | "xcp" | "mswin" | "ms" | "ansi" if digits.starts_with("125") => {
            format!("windows-{digits}")
        }
        "iso" | "xiso" if digits.starts_with("8859") => format!("iso-8859-{}", digits.get(4..).unwrap_or_default()),
        "latin" => format!("latin{digits}"),
        "koi" => "koi8-r".to_owned(),
        "cp" | "ms" if digits == "932" || digits == "936" || digits == "949" || digits == "950" => match &*digits {
            "932" => "shift_jis".to_owned(),
            "936" => "gbk".to_owned(),
            "949" => "euc-kr".to_owned(),
            _ => "big5".to_owned(),
        },
        "xsjis" | "sjis" | "shiftjis" => "shift_jis".to_owned(),
        _ => String::new(),
    };
    Encoding::for_label(guess.as_bytes()).map_or(Label::Nothing, Label::Known)
}

/// The encoding behind a label, where it names a legacy one: for raw header bytes of the same mail.
pub fn known(text: &str) -> Option<&'static Encoding> {
    match label(text) {
        Label::Known(e) => Some(e),
        _ => None,
    }
}

/// Decodes a body or an encoded word. The second value names what was wrong, if anything.
pub fn decode(declared: Option<&str>, bytes: &[u8], hint: Hint) -> (String, Option<&'static str>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let label = label(declared.unwrap_or_default());
    if bytes.is_ascii() && !matches!(&label, Label::Utf7) {
        // ISO-2022 and UTF-16 are not ASCII though their bytes may be.
        let plain = match &label {
            Label::Known(e) => e.is_ascii_compatible(),
            _ => !bytes.contains(&0x1b),
        };
        if plain {
            return (String::from_utf8_lossy(bytes).into_owned(), None);
        }
    }
    match label {
        Label::Utf7 => (utf7(bytes), None),
        Label::Table(high) => (by_table(high, bytes), None),
        Label::Known(encoding) => decode_as(encoding, bytes, hint),
        Label::Nothing => {
            let flag = if declared.is_some_and(|d| !d.trim().is_empty()) { "wrong-charset" } else { "undeclared-8bit" };
            (undeclared(bytes, hint).into_owned(), (!bytes.is_ascii()).then_some(flag))
        }
    }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8], hint: Hint) -> (String, Option<&'static str>) {
    if encoding == encoding_rs::UTF_8 {
        return match utf8_mostly(bytes) {
            Some(text) => (text.into_owned(), None),
            None => (guess(bytes, hint).into_owned(), Some("wrong-charset")),
        };
    }
    // UTF-8 under a single-byte label: no text in those charsets reads as UTF-8 by chance.
    if encoding.is_single_byte() && utf8_beyond_doubt(bytes) {
        return (String::from_utf8_lossy(bytes).into_owned(), Some("wrong-charset"));
    }
    let encoding = mistaken(encoding, bytes).unwrap_or(encoding);
    let (text, used, _) = encoding.decode(bytes);
    let flag = (used != encoding).then_some("wrong-charset");
    (text.into_owned(), flag)
}

/// The charset that the bytes prove where another of the three was declared for them.
fn mistaken(declared: &'static Encoding, bytes: &[u8]) -> Option<&'static Encoding> {
    let c1 = || bytes.iter().any(|b| (0x80..0xa0).contains(b));
    // A letter stands on either side: then a sign is no sign.
    let inside = |signs: &[u8]| {
        let letter = |b: u8| b.is_ascii_alphabetic() || b >= 0xc0;
        bytes.windows(3).any(|w| matches!(w, [a, b, c] if signs.contains(b) && letter(*a) && letter(*c)))
    };
    if declared == encoding_rs::ISO_8859_2 && c1() {
        // Latin 2 has no letters there; windows-1250, which is passed off as it, has Š, Ť, Ž.
        Some(WINDOWS_1250)
    } else if declared == WINDOWS_1250 && !c1() && inside(&[0xa9, 0xab, 0xae, 0xbb]) {
        // Š, Ť, Ž and ť of Latin 2 are ©, «, ® and » there.
        Some(encoding_rs::ISO_8859_2)
    } else if declared == WINDOWS_1252 && (bytes.iter().any(|b| matches!(b, 0x8d | 0x9d)) || inside(&[0xbc, 0xbe])) {
        // Ť, ť, Ľ and ľ of windows-1250 are nothing, nothing, ¼ and ¾ there.
        Some(WINDOWS_1250)
    } else {
        None
    }
}

/// Bytes of which nothing is said: UTF-8, else the charset that the rest of the mail declares, else a detector's word.
pub fn undeclared(bytes: &[u8], hint: Hint) -> Cow<'_, str> {
    match utf8_mostly(bytes) {
        Some(text) => text,
        None => guess(bytes, hint),
    }
}

fn guess(bytes: &[u8], hint: Hint) -> Cow<'_, str> {
    if let Some(declared) = hint.declared.filter(|e| *e != encoding_rs::UTF_8 && e.is_ascii_compatible()) {
        return decode_as(declared, bytes, Hint::default()).0.into();
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    // The detector's work is linear; a megabyte tells it all.
    detector.feed(bytes.get(..1 << 20).unwrap_or(bytes), true);
    let found = detector.guess(hint.tld.map(str::as_bytes), Utf8Detection::Deny);
    let found = if found == WINDOWS_1252 && reads_as_central_european(bytes) { WINDOWS_1250 } else { found };
    let (text, _) = found.decode_without_bom_handling(bytes);
    text
}

/// Short texts leave the detector at windows-1252, where č, š, ž, ť, ř of windows-1250 are è, š, ž, , ø: take the
/// Central European reading where the bytes are letters there that French and German do not need.
fn reads_as_central_european(bytes: &[u8]) -> bool {
    // č ď ě ľ ň ř ť ů, upper and lower case, ć đ: as Western letters those are è ï ì ¾ ò ø  ù, æ ð.
    let typical =
        |b: &u8| matches!(b, 0xe8 | 0xef | 0xec | 0xbe | 0xf2 | 0xf8 | 0x9d | 0xf9 | 0xe6 | 0xf0 | 0xc8 | 0xd8);
    let shared = |b: &u8| matches!(b, 0x8a | 0x9a | 0x8e | 0x9e);
    bytes.iter().any(shared) || bytes.iter().filter(|b| typical(b)).count() >= 2
}

/// UTF-8, wholly or but for a few broken places; None where it is something else.
fn utf8_mostly(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(Cow::Borrowed(text));
    }
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    (good > bad).then(|| String::from_utf8_lossy(bytes))
}

fn utf8_beyond_doubt(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().any(|c| !c.is_ascii() && !c.is_control()))
}

/// UTF-7 (RFC 2152): `+` begins modified base 64 of UTF-16, `-` ends it.
fn utf7(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|b| char::from(*b)).collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('+') {
        out.push_str(before);
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '/')).unwrap_or(after.len());
        let (code, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        if code.is_empty() {
            out.push('+');
        } else {
            let units: Vec<u16> = super::transfer::base64(code.as_bytes())
                .bytes
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0u16, |unit, b| unit << 8 | u16::from(*b)))
                .collect();
            out.push_str(&String::from_utf16_lossy(&units));
        }
        rest = tail.strip_prefix('-').unwrap_or(tail);
    }
    out.push_str(rest);
    out
}

/// IBM code page 852 (DOS Latin 2), from 128 on.
const DOS_LATIN_2: &str = "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";
/// Apple's Central European, from 128 on.
const MAC_LATIN_2: &str = "ÄĀāÉĄÖÜáąČäčĆćéŹźĎíďĒēĖóėôöõúĚěü†°Ę£§•¶ß®©™ę¨≠ģĮįĪ≤≥īĶ∂∑łĻļĽľĹĺŅņŃ¬√ńŇ∆«»…\u{a0}ňŐÕőŌ–—“”‘’÷◊ōŔŕŘ‹›řŖŗŠ‚„šŚśÁŤťÍŽžŪÓÔūŮÚůŰűŲųÝýķŻŁżĢˇ";

fn by_table(high: &str, bytes: &[u8]) -> String {
    let high: Vec<char> = high.chars().collect();
    bytes
        .iter()
        .map(|&b| match b {
            0..=127 => char::from(b),
            b => high.get(usize::from(b) - 128).copied().unwrap_or('\u{fffd}'),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(label: &str, bytes: &[u8]) -> String {
        decode(Some(label), bytes, Hint::default()).0
    }

    #[test]
    fn the_usual_misspellings_of_windows_1250_are_known() {
        for label in ["windows-1250", "CP1250", "cp-1250", "win-1250", "x-cp1250", "Windows1250", "\"windows-1250\""] {
            assert_eq!(read(label, b"\x9aiv\xe1 ko\x9ee\xbea"), "šivá kožeľa", "{label}");
        }
        assert_eq!(read("iso-8859-2", b"\xb9iv\xe1"), "šivá");
        assert_eq!(read("iso-8859-2", b"\x9aiv\xe1"), "šivá");
        assert_eq!(read("ibm852", b"\xe7iv\xa0"), "šivá");
    }

    #[test]
    fn wrong_labels_do_not_destroy_the_text() {
        assert_eq!(
            read("windows-1250", b"v\xb9etko, pou\xbeite ve\xb5mi pros\xedm opravi\xbb, u\xbbahovanie"),
            "všetko, použite veľmi prosím opraviť, uťahovanie"
        );
        assert_eq!(read("windows-1250", b"cena 5 \xab 6, \xbbahoj\xab, ACME\xa9"), "cena 5 « 6, »ahoj«, ACME©");
        assert_eq!(read("iso-8859-1", b"ve\xbemi \x9eiadam"), "veľmi žiadam");
        // At the end of a word, and as a capital: nothing else stands there.
        assert_eq!(read("iso-8859-1", b"Dobr\xfd de\xf2, pros\xedm vr\xe1ti\x9d"), "Dobrý deň, prosím vrátiť");
        assert_eq!(read("windows-1252", b"\x8aT\x8dASTN\xdd"), "ŠTŤASTNÝ");
        assert_eq!(read("iso-8859-1", b"1\xbd, 3\xbe, Stra\xdfe"), "1½, 3¾, Straße");
        assert_eq!(read("us-ascii", "šivá".as_bytes()), "šivá");
        assert_eq!(read("iso-8859-1", "šivá".as_bytes()), "šivá");
        assert_eq!(read("utf-8", b"\x9aiv\xe1 ko\x9ee\xbea"), "šivá kožeľa");
        assert_eq!(read("x-nobody-knows", b"Dobr\xfd de\xf2, \x9eiadam"), "Dobrý deň, žiadam");
        assert_eq!(read("utf-7", b"+AWE-iv+AOE 1 +- 2"), "šivá 1 + 2");
        for table in [DOS_LATIN_2, MAC_LATIN_2] {
            assert_eq!(table.chars().count(), 128);
        }
        assert_eq!(read("x-mac-ce", b"\xebiados\xe9"), "Žiadosť");
    }
}
