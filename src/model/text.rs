//! What every room does to text from outside, said once: folding for comparison, and the one sanitiser.

use std::sync::LazyLock;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Folds for comparison: lower case, no diacritics, compatibility forms resolved. The letters that Unicode does not
/// decompose (đ, ł, ø, ß, æ, œ, ı, ħ) are folded too, so that "durdevic" finds "Đurđević".
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii() {
            // Most of a text is ASCII: as much of it as there is in one go.
            let end = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let (ascii, after) = rest.split_at(end);
            let from = out.len();
            out.push_str(ascii);
            out.get_mut(from..).into_iter().for_each(str::make_ascii_lowercase);
            rest = after;
            continue;
        }
        match usize::try_from(u32::from(c) - 0x80).ok().and_then(|at| LATIN.get(at)) {
            Some(folded) => out.push_str(folded),
            None => fold_char(c, &mut out),
        }
        rest = rest.split_at(c.len_utf8()).1;
    }
    out
}

/// What the letters of Latin scripts, up to U+024F, fold to: nearly all that is no ASCII in our customers' mails.
static LATIN: LazyLock<Vec<String>> = LazyLock::new(|| {
    let letters = ('\u{80}'..='\u{24f}').map(|c| {
        let mut folded = String::new();
        fold_char(c, &mut folded);
        folded
    });
    letters.collect()
});

/// One by one is as good as the whole text: what the order of marks could change is dropped here.
fn fold_char(c: char, out: &mut String) {
    decompose_compatible(c, |part| fold_part(part, out));
}

fn fold_part(part: char, out: &mut String) {
    if is_combining_mark(part) {
        return;
    }
    for l in part.to_lowercase() {
        match l {
            'đ' | 'ð' => out.push('d'),
            'ł' => out.push('l'),
            'ø' => out.push('o'),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'ı' => out.push('i'),
            'ħ' => out.push('h'),
            // Lower-casing İ yields i and a combining dot.
            l if is_combining_mark(l) => {}
            l => out.push(l),
        }
    }
}

/// Longest subject kept, in characters.
pub const SUBJECT_MAX: usize = 200;
/// Longest display name kept, in characters.
pub const NAME_MAX: usize = 80;
/// Longest file name kept, in characters.
pub const FILE_NAME_MAX: usize = 120;

/// The one sanitiser for a value from outside that becomes part of a header field, a file name in a header, or one line
/// of a listing: control characters (CR and LF among them) become a space, invisible formatting characters (bidi
/// controls, zero-width) vanish, runs of white space become one space, and at most `max` characters are kept.
pub fn clean_line(text: &str, max: usize) -> String {
    cut_line(text, max).0
}

/// [`clean_line`], and whether there was more to keep.
pub fn cut_line(text: &str, max: usize) -> (String, bool) {
    if text.len() <= max && is_clean_ascii(text.as_bytes()) {
        (text.to_owned(), false)
    } else {
        clean_letters(text, max)
    }
}

fn clean_letters(text: &str, max: usize) -> (String, bool) {
    let mut out = String::with_capacity(text.len().min(max));
    let mut kept = 0;
    let mut gap = false;
    for c in text.chars() {
        if !c.is_ascii_graphic() {
            if is_invisible(c) {
                continue;
            }
            if c.is_control() || c.is_whitespace() {
                gap = kept > 0;
                continue;
            }
        }
        let cost = 1 + usize::from(gap);
        if kept + cost > max {
            return (out, true);
        }
        if gap {
            out.push(' ');
        }
        gap = false;
        out.push(c);
        kept += cost;
    }
    (out, false)
}

/// Words of visible ASCII with one space between each two: what most lines are, and what nothing is to be done about.
fn is_clean_ascii(text: &[u8]) -> bool {
    let visible = text.iter().all(|byte| (b' '..=b'~').contains(byte));
    visible && text.first() != Some(&b' ') && text.last() != Some(&b' ') && !text.windows(2).any(|two| two == b"  ")
}

/// Text of several lines from outside, made safe to send on: CR LF and CR become LF, other control characters (but TAB)
/// and bidi controls vanish. Nothing that a person typed is lost by it.
pub fn clean_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| SUSPECT[usize::from(byte)]) {
        let (clean, from) = rest.split_at(at);
        out.push_str(clean);
        let mut chars = from.chars();
        match chars.next() {
            Some('\r') => {
                chars = chars.as_str().strip_prefix('\n').unwrap_or(chars.as_str()).chars();
                out.push('\n');
            }
            Some(c) if !c.is_control() && !is_bidi_control(c) => out.push(c),
            _ => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// Bytes with which a character may begin that is no part of a text: control characters but LF and TAB, and the first ones
/// of C1 controls and of bidi controls in UTF-8.
const SUSPECT: [bool; 256] = {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte < b' ' {
        suspect[byte as usize] = !matches!(byte, b'\n' | b'\t');
        byte += 1;
    }
    let begin = [0x7f, 0xc2, 0xd8, 0xe2];
    let mut n = 0;
    while n < begin.len() {
        suspect[begin[n]] = true;
        n += 1;
    }
    suspect
};

/// Characters that change the direction of the text around them (Unicode TR 9), the means to show `exe.gpj` as `jpg.exe`.
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Characters that nobody sees. ZWJ and ZWNJ are among them: in a header they do more harm than good.
pub fn is_invisible(c: char) -> bool {
    is_bidi_control(c)
        || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}' | '\u{180E}')
}

/// Text made harmless inside an element or a quoted attribute of HTML or SVG; what no document may have (control characters)
/// and what turns the direction of writing is shown as a mark.
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() || is_bidi_control(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folding_meets_the_letters_of_our_customers() {
        assert_eq!(fold("Žiadosť o ĽUBICU Đurđević Łódź straße"), "ziadost o lubicu durdevic lodz strasse");
    }

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(clean_line("Bob\r\nBcc: evil@x.sk\0\u{202e}gpj.exe  end ", 80), "Bob Bcc: evil@x.sk gpj.exe end");
        assert_eq!(clean_line("áéíóú", 3), "áéí");
        assert_eq!(cut_line("áéíóú \u{200b} ", 5), ("áéíóú".to_owned(), false));
        assert_eq!(cut_line("áéíóú x", 5), ("áéíóú".to_owned(), true));
    }

    proptest! {
        #[test]
        fn cleaning_is_idempotent_and_bounded(s in "\\PC{0,40}|[\\x00-\\x20a-z\u{200b}\u{202e}]{0,60}|[ ab]{0,9}", max in 0usize..50) {
            let once = clean_line(&s, max);
            prop_assert!(once.chars().count() <= max);
            prop_assert!(!once.chars().any(|c| c.is_control()));
            prop_assert_eq!(clean_line(&once, max), once.clone());
            prop_assert_eq!(&once, &clean_letters(&s, max).0);
            let text = clean_text(&s);
            prop_assert_eq!(clean_text(&text), text.clone());
        }

        #[test]
        fn of_a_text_only_control_characters_vanish(s in "[ -~\r\n\t]{0,30}|[\x00-\u{a5}\u{600}-\u{620}\u{2000}-\u{2070}é中]{0,40}") {
            let lines = s.replace("\r\n", "\n").replace('\r', "\n");
            let gone = |c: char| is_bidi_control(c) || c.is_control() && c != '\n' && c != '\t';
            prop_assert_eq!(clean_text(&s), lines.chars().filter(|c| !gone(*c)).collect::<String>());
        }

        #[test]
        fn folding_is_idempotent(s in "\\PC{0,40}") {
            prop_assert_eq!(fold(&fold(&s)), fold(&s));
        }

        #[test]
        fn the_table_of_letters_is_what_it_stands_for(s in "[\u{80}-\u{2ff}]{0,40}") {
            let mut one_by_one = String::new();
            s.chars().for_each(|c| fold_char(c, &mut one_by_one));
            prop_assert_eq!(fold(&s), one_by_one);
        }

        #[test]
        fn folding_is_that_of_the_decomposed_text(s in "[ -~À-žḀ-ỹ\u{300}-\u{36f}ﬀ-ﬆ가-각①Ǆ]{0,40}|\\PC{0,40}") {
            use unicode_normalization::UnicodeNormalization as _;
            prop_assert_eq!(fold(&s.nfkd().collect::<String>()), fold(&s));
        }
    }
}
