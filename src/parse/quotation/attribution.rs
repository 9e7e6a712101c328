//! The line above a quotation that says who wrote it when: "On Tue, 4 Aug 2026 at 11:48, Jan <jan@firma.example> wrote:".

use std::sync::LazyLock;

use regex::Regex;

use crate::model::Address;
use crate::model::text::fold;

use super::words::{VERBS, entries};
use crate::parse::lines::Line;

/// Most lines that clients wrap an attribution over.
const LINES_MAX: usize = 4;
/// Words that attributions begin with, folded.
const LEADS: &[&str] = &[
    "wiadomosc",
    "pouzivatel",
    "uzivatel",
    "uzytkownik",
    "на",
    "дана",
    "στις",
    "on",
    "dna",
    "dne",
    "dana",
    "am",
    "le",
    "el",
    "il",
    "em",
    "op",
    "den",
    "w",
    "dnia",
    "v",
    "в",
    "at",
    "pa",
    "vao",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "po",
    "ut",
    "st",
    "pi",
    "so",
    "ne",
    "ct",
    "pa",
    "pon",
    "tor",
    "sre",
    "cet",
    "pet",
    "sob",
    "ned",
    "uto",
    "sri",
    "sub",
];
/// Longest attribution, in characters.
const LENGTH_MAX: usize = 320;

static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // ASCII's word boundaries: with Unicode's the pattern runs in the slowest of the engines.
    Regex::new(concat!(
        r"\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?(\d{4}|\d{2})(?-u:\b)", // 4. 8. 2026, 04/08/26
        r"|(?-u:\b)\d{4}\s?[./年-]\s?\d{1,2}\s?[./月-]\s?\d{1,2}",    // 2026-08-04, 2026. 8. 4.
        r"|(?-u:\b)\d{1,2}[:.h]\d{2}(?-u:\b)",                        // 11:48
        r"|(?-u:\b)(19|20)\d{2}(?-u:\b)"                              // a year
    ))
    .ok()
});
static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[^\s<>()\[\]:;,]+@[A-Za-z0-9][A-Za-z0-9.\-]*[A-Za-z0-9]").ok());
static INLINE_START: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|\s|-)(On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|\d))")
        .ok()
});

static VERB_LIST: LazyLock<Vec<String>> = LazyLock::new(|| entries(VERBS).map(fold).collect());

fn has(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|r| r.is_match(text))
}

/// How many lines from `at` on are an attribution; 0 where there is none. All of them have the same depth.
pub fn length_at(lines: &[Line], at: usize) -> usize {
    let Some(first) = lines.get(at).filter(|l| !l.is_blank()) else { return 0 };
    if first.text.chars().count() > LENGTH_MAX {
        return 0;
    }
    if framed(&first.text) {
        return 1;
    }
    // Looked at first, because it is cheap and hardly any line of a mail passes it.
    let block = lines.iter().skip(at).take(LINES_MAX).take_while(|l| l.depth == first.depth && !l.is_blank());
    if !block.into_iter().any(|line| may_end_an_attribution(&line.text)) {
        return 0;
    }
    // A wrapped attribution begins with its date, its address or its preposition; else a reply's last line would count.
    let lead = fold(first.text.split_whitespace().next().unwrap_or_default());
    let begins = has(&DATE, &first.text)
        || has(&EMAIL, &first.text)
        || LEADS.contains(&lead.trim_end_matches(['.', ',']))
        || lines.get(at + 1).is_some_and(|l| l.text.trim_start().starts_with('<') && has(&EMAIL, &l.text));
    let mut text = String::new();
    for count in 1..=if begins { LINES_MAX } else { 1 } {
        let Some(line) = lines.get(at + count - 1).filter(|l| !l.is_blank()) else { return 0 };
        // An address that was wrapped before its closing bracket: the bracket looks like a quotation.
        let bracket = line.depth.checked_sub(first.depth) == Some(1) && text.rfind('<') > text.rfind('>');
        if line.depth != first.depth && !bracket || count > 1 && opens(&line.text) {
            return 0;
        }
        // An address that was wrapped at its bracket is put together again.
        let glued = text.ends_with('<') || text.ends_with('@');
        if bracket {
            text.push_str("> ");
        } else if !text.is_empty() && !glued {
            text.push(' ');
        }
        text.push_str(line.text.trim());
        if text.chars().count() > LENGTH_MAX {
            return 0;
        }
        if ends_an_attribution(&text) {
            let quote_follows = quote_follows(lines, at + count, first.depth);
            return if is_attribution(&text, quote_follows) { count } else { 0 };
        }
    }
    0
}

/// A line that itself begins an attribution: what stands above it is the end of a text.
fn opens(text: &str) -> bool {
    let text = fold(text.trim());
    ["on ", "dna ", "dne ", "am ", "le ", "el ", "op ", "il giorno ", "em "].iter().any(|w| {
        text.strip_prefix(w).is_some_and(|rest| has(&DATE, rest.get(..rest.floor_char_boundary(40)).unwrap_or(rest)))
    })
}

fn quote_follows(lines: &[Line], mut at: usize, depth: u8) -> bool {
    for _ in 0..3 {
        match lines.get(at) {
            Some(line) if line.depth > depth => return true,
            Some(line) if line.is_blank() => at += 1,
            _ => return false,
        }
    }
    false
}

/// `---- Jan Novák wrote ----` of Samsung's and Notes' mail, `>>> Jan Novák 4. 8. 2026 9:31 >>>` of GroupWise.
fn framed(text: &str) -> bool {
    let inner = text.trim().trim_matches(['-', ' ', '\u{a0}']);
    let dashes = text.trim().starts_with("---") && text.trim().ends_with("---");
    let said = inner.trim_end_matches([':', ' ']);
    dashes && !inner.is_empty() && (verb(&fold(said)) == Some(true) || inner.ends_with(':') && has(&EMAIL, inner))
        || text.trim_end().ends_with(">>>") && has(&DATE, text)
}

fn ends_an_attribution(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches(['*', '_', '>', '-', ' ', '\u{a0}']);
    text.ends_with([':', '：']) || text.ends_with("wrote") || text.ends_with("writes")
}

/// Whether a text can end an attribution that has this for its last line.
fn may_end_an_attribution(line: &str) -> bool {
    ends_an_attribution(line) || line.trim().trim_matches(['*', '_', '>', '-', ' ', '\u{a0}']).is_empty()
}

/// Whether the words are those of an attribution. A date and a verb, or an address and a verb, or a date and an address;
/// where a quotation follows, a verb at the end is enough.
fn is_attribution(text: &str, quote_follows: bool) -> bool {
    let (date, email) = (has(&DATE, text), has(&EMAIL, text));
    if !date && !email && !quote_follows {
        return false;
    }
    let folded = fold(text);
    let verb = verb(&folded);
    let lead = folded.split_whitespace().next().unwrap_or_default();
    // "Subject: …", "Date: …": a header block's business.
    if lead.ends_with(':') && super::block::label(lead).is_some() {
        return false;
    }
    match verb {
        // "The program wrote me on …:" is a sentence.
        Some(_) if !email && !quote_follows && told_me(&folded) => false,
        Some(at_end) if date && (email || at_end || quote_follows || dated_lead(&folded) || dated_tail(&folded)) => {
            true
        }
        Some(_) if email => true,
        Some(true) if quote_follows => folded.split_whitespace().count() <= 10,
        None if date && email => text.chars().count() < 200,
        _ => false,
    }
}

/// "Am 25.06.2015 um 10:55 schrieb Jan:": a date right at the beginning, behind a preposition or a weekday at most.
fn dated_lead(folded: &str) -> bool {
    let head = folded.get(..folded.floor_char_boundary(34)).unwrap_or(folded);
    let lead = head.split_whitespace().next().unwrap_or_default();
    let preposition = matches!(
        lead.trim_end_matches(['.', ',']),
        "am" | "on"
            | "op"
            | "dna"
            | "dne"
            | "dana"
            | "le"
            | "el"
            | "il"
            | "em"
            | "den"
            | "w"
            | "dnia"
            | "v"
            | "на"
            | "дана"
    );
    has(&DATE, head) && (preposition || lead.starts_with(|c: char| c.is_ascii_digit()) || lead.ends_with(['.', ',']))
}

/// "Jan Novák píše v Út 04. 08. 2026 v 09:31 +0200:", "Вы писали 4 августа 2026 г.:": little but a date behind the verb.
fn dated_tail(folded: &str) -> bool {
    let bare = folded.trim_end_matches([':', ' ']);
    let tail = bare.get(bare.floor_char_boundary(bare.len().saturating_sub(34))..).unwrap_or(bare);
    has(&DATE, tail) && tail.bytes().filter(u8::is_ascii_digit).count() >= 6
}

/// Whom a sentence says that something was told to; no client's attribution does.
fn told_me(folded: &str) -> bool {
    const OBJECTS: [&str; 18] = [
        "mi", "mne", "nam", "nas", "me", "us", "mir", "uns", "mnie", "nekem", "nekunk", "moi", "ci", "mij", "ons",
        "мне", "нам", "мені",
    ];
    folded.split_whitespace().any(|word| OBJECTS.contains(&word))
}

/// Whether a verb of attribution stands in the text, and whether it stands at its end.
fn verb(folded: &str) -> Option<bool> {
    let bare = folded.trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')');
    let mut found = None;
    for verb in VERB_LIST.iter() {
        let mut from = 0;
        while let Some(at) = bare.get(from..).and_then(|rest| rest.find(verb.as_str())) {
            let (start, end) = (from + at, from + at + verb.len());
            let ideograph = !verb.is_ascii() && verb.chars().next().is_some_and(|c| c as u32 > 0x2e80);
            let before = bare.get(..start).and_then(|b| b.chars().next_back());
            let after = bare.get(end..).and_then(|b| b.chars().next());
            let whole = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            if ideograph || whole(after) && (whole(before) || before == Some('>')) {
                if end == bare.len() {
                    return Some(true);
                }
                found = Some(false);
            }
            from = end;
        }
    }
    found
}

/// Where, inside one line, an attribution begins that shares it with the end of the reply. A byte offset.
pub fn begins_inside(text: &str) -> Option<usize> {
    if text.len() > 2000
        || !ends_an_attribution(text)
        || !text.contains(" On ") && !text.contains("-On ") && !text.contains("- On ")
    {
        return None;
    }
    let at = INLINE_START.as_ref()?.captures_iter(text).filter_map(|c| c.get(1)).map(|m| m.start()).last()?;
    let tail = text.get(at..)?;
    let before = text.get(..at)?.contains(char::is_alphanumeric);
    (before && verb(&fold(tail)).is_some() && has(&DATE, tail)).then_some(at)
}

/// The person that an attribution names.
pub fn author(text: &str) -> Option<Address> {
    let email = EMAIL.as_ref()?.find_iter(text).last()?;
    let before = text.get(..email.start())?.trim_end_matches(['<', '(', '[', ' ', '"']);
    let mailto = before.strip_suffix("mailto").unwrap_or(before);
    Some(Address::new(Some(&name(mailto)), email.as_str().trim_matches(['"', '\''])))
}

/// The name at the end of "Dne 28/10/2021 12:46, John Doe": what comes after the date and the small words around it.
fn name(before: &str) -> String {
    let after_quote = before.rsplit(['"', '„', '“', '”', '«', '»']).find(|p| p.trim().chars().any(char::is_alphabetic));
    if before.contains(['"', '„', '”', '«']) {
        return after_quote.unwrap_or_default().trim().to_owned();
    }
    let mut words: Vec<&str> = Vec::new();
    for word in before.split_whitespace().rev() {
        let small = fold(word.trim_matches([',', '.', ':']));
        let stop = word.chars().any(|c| c.is_ascii_digit())
            || word.ends_with([',', ':'])
            || matches!(
                small.as_str(),
                "pouzivatel"
                    | "uzivatel"
                    | "uzytkownik"
                    | "am"
                    | "pm"
                    | "skrev"
                    | "schreef"
                    | "schrieb"
                    | "oseba"
                    | "osoba"
                    | "at"
                    | "um"
                    | "kl"
                    | "o"
                    | "v"
                    | "ob"
                    | "u"
                    | "a"
                    | "от"
                    | "gmt"
                    | "cet"
                    | "cest"
                    | "est"
                    | "utc"
                    | "uur"
                    | "heeft"
                    | "usuario"
                    | "пользователь"
                    | "користувач"
                    | "keltezessel"
                    | "tarihinde"
                    | "kello"
                    | "giorno"
                    | "je"
            );
        if stop {
            break;
        }
        words.push(word);
    }
    words.reverse();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::plain;

    #[test]
    fn attributions_of_clients_and_languages() {
        for text in [
            "On Tue, 4 Aug 2026 at 11:48, Jan Novák <jan@firma.example> wrote:",
            "On Tue, Aug 4, 2026 at 11:48 AM Jan Novák\n<jan@firma.example> wrote:",
            "ut 4. 8. 2026 o 11:48 Jan Novák <jan@firma.example> napísal(a):",
            "Dňa 4. 8. 2026 o 11:48 Jan Novák napísal(a):",
            "Dňa 04.08.2026 11:48, Jan Novák napísal:",
            "út 4. 8. 2026 v 11:48 odesílatel Jan Novák <jan@firma.example> napsal:",
            "Dne 4. 8. 2026 v 11:48 Jan Novák napsal(a):",
            "4. 8. 2026 v 11:48, Jan Novák <jan@firma.example>:",
            "V V tor., 4. avg. 2026 ob 11:48 je oseba Jan Novak <jan@firma.example> napisala:",
            "Dne 4. 8. 2026 ob 11:48 je Jan Novak napisal(a):",
            "uto, 4. kol 2026. u 11:48 Jan Novak <jan@firma.example> napisao je:",
            "8. 8. 2026. u 13:24, Jan Novak piše:",
            "Dana 2026-08-07 13:11, Jan Novak je napisao(la):",
            "wt., 4 sie 2026 o 11:48 Jan Nowak <jan@firma.example> napisał(a):",
            "W dniu 4.08.2026 o 11:48, Jan Nowak pisze:",
            "Jan Nowak <jan@firma.example> ezt írta (időpont: 2026. aug. 4., K, 11:48):",
            "2026. 08. 04. 11:48 keltezéssel, Nagy Jan írta:",
            "Am Di., 4. Aug. 2026 um 11:48 Uhr schrieb Jan Maier <jan@firma.example>:",
            "Le mar. 4 août 2026 à 11:48, Jan Dupont <jan@firma.example> a écrit :",
            "El mar, 4 ago 2026 a las 11:48, Jan (<jan@firma.example>) escribió:",
            "Il giorno mar 4 ago 2026 alle ore 11:48 Jan <jan@firma.example> ha scritto:",
            "Op di 4 aug 2026 om 11:48 schreef Jan <jan@firma.example>:",
            "Em ter., 4 de ago. de 2026 às 11:48, Jan <jan@firma.example> escreveu:",
            "вт, 4 авг. 2026 г. в 11:48, Иван <ivan@firma.example>:",
            "04.08.2026 11:48, Иван пишет:",
            "---- Jan Novák wrote ----",
            "-----\"Jan Novák\" <jan@firma.example> wrote: -----",
            "Vào 14:24 8 tháng 6, 2026, Jan <jan@firma.example> đã viết:",
            "Den 14 september, 2026 02:23:18, Jan (jan@firma.example) skrev:",
            "Sent from Samsung MobileJan <jan@firma.example> wrote:",
            "вт, 4 серп. 2026 р. о 11:48 Іван <ivan@firma.example> пише:",
        ] {
            let lines = plain(text);
            assert_eq!(length_at(&lines, 0), lines.len(), "{text}");
        }
    }

    #[test]
    fn ordinary_sentences_are_none() {
        for text in [
            "Please do the following on 4 August 2026:",
            "He wrote a letter.",
            "As he wrote:",
            "Locally (on development), when I run...",
            "On your remote host you can run:",
            "Termíny 2026:",
            "Pošlite to na jan@firma.example a tiež:",
        ] {
            assert_eq!(length_at(&plain(text), 0), 0, "{text}");
        }
    }

    #[test]
    fn the_author_is_named() {
        let author = |t: &str| author(t).map(|a| (a.name.unwrap_or_default(), a.email));
        let john = Some(("John Doe".to_owned(), "john@acme.example".to_owned()));
        for text in [
            "Dne 28/10/2021 12:46, John Doe <john@acme.example> napsal(a):",
            "On 28/10/2021 12:46, \"John Doe\" <john@acme.example> wrote:",
            "28/10/2021 12:46 používateľ John Doe (<john@acme.example>) napísal:",
            "John Doe <john@acme.example> skrev følgende den 28/10/2021, 12:46:",
            "Le 28/10/2021 12:46, « John Doe » <john@acme.example> a écrit :",
            "28/10/2021 12:46 keltezéssel, \"John Doe\" <john@acme.example> írta:",
            "28/10/2021, 12:46 пользователь \"John Doe\" <john@acme.example> написал:",
            "Op 28-10-2021 12:46 heeft John Doe <john@acme.example> geschreven:",
            "Am 28.10.21, 12:46 schrieb \"John Doe\" <john@acme.example>:",
            "28.10.2021 12:46 tarihinde John Doe <john@acme.example> şunu yazdı:",
            "John Doe <john@acme.example> kirjoitti 28.10.2021 kello 12.46:",
            "Em 28/10/2021 12:46, \"John Doe\" <john@acme.example> escreveu:",
            "Den 28/10/2021 12.46 skrev \"John Doe\" <john@acme.example> følgende:",
            "Dnia 28/10/2021, 12:46 użytkownik „John Doe” <john@acme.example> napisał:",
        ] {
            assert_eq!(author(text), john, "{text}");
        }
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(DATE.is_some() && EMAIL.is_some() && INLINE_START.is_some());
    }
}
