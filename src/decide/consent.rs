//! Whether the answer to a confirmation mail says yes. "No" must never be read as yes: what is neither plainly is asked about
//! once more, and a word too many here costs no more than that.

use crate::model::text::fold;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// A word of assent and none of denial, or nothing at all.
    Given,
    Denied,
    /// Neither, or both.
    Unclear,
}

/// Beginnings of words of assent, folded, in the desk's languages and their neighbours'.
const YES: &[&str] = &[
    "potvrd",
    "potvrz",
    "potrj",
    "potrd",
    "confirm",
    "bestatig",
    "einverstanden",
    "approv",
    "agree",
    "suhlas",
    "souhlas",
    "soglas",
    "strinjam",
    "slazem",
    "schval",
    "odobr",
];
/// Whole words that assent where a line begins with them, and may be something else elsewhere.
const YES_FIRST: &[&str] = &[
    "ano",
    "yes",
    "yep",
    "sure",
    "correct",
    "ok",
    "okay",
    "oki",
    "da",
    "ja",
    "jo",
    "jasne",
    "samozrejme",
    "igen",
    "oui",
];
/// Words that assent wherever they stand; and one that does where it is the last, and joins sentences elsewhere.
const YES_ANYWHERE: &[&str] = &["ano", "yes", "ok"];
const YES_LAST: &str = "da";

/// Whoever asks back has not understood, and has not assented.
const ASKS: &[&str] = &[
    "who", "what", "why", "kto", "kdo", "tko", "ko", "co", "kaj", "sto", "sta", "preco", "proc", "zakaj", "zasto",
    "wer", "warum",
];

/// Words of denial, or of alarm.
const NO: &[&str] = &[
    "no",
    "not",
    "cannot",
    "cant",
    "couldn",
    "refuse",
    "deny",
    "mistake",
    "omyl",
    "omylom",
    "omylem",
    "pogreska",
    "napaka",
    "irrtum",
    "never",
    "didn",
    "didnt",
    "don",
    "dont",
    "wasn",
    "wasnt",
    "isn",
    "isnt",
    "haven",
    "havent",
    "nie",
    "ne",
    "nein",
    "nem",
    "non",
    "nicht",
    "nikdy",
    "nikoli",
    "nikoliv",
    "nisem",
    "nisam",
    "neni",
    "nieje",
    "keine",
    "kein",
    "niso",
    "nije",
    "cancel",
    "stop",
    "storno",
    "fraud",
    "scam",
    "phishing",
    "fake",
    "podvod",
    "prevara",
    "betrug",
    "hacker",
    "ukradnute",
    "ukradeno",
    "zneuzitie",
    "zneuziti",
    "wrong",
    "falsch",
];
/// Beginnings of such words.
const NO_BEGIN: &[&str] = &["odmiet", "odmit", "zavrn", "zavrac", "odbij", "ablehn", "reject", "declin", "zrus"];

/// What a person wrote above the quotation.
pub fn consent(text: &str) -> Consent {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('>')).collect();
    let denies = lines.iter().any(|line| words(line).any(|word| is_no(&word)));
    let assents = lines.iter().any(|line| is_yes(line));
    let asks = |line: &str| line.contains('?') || words(line).any(|word| ASKS.contains(&word.as_str()));
    let doubtful = lines.iter().any(|line| may_negate(line) || asks(line));
    match (assents, denies) {
        _ if lines.is_empty() => Consent::Given,
        (true, false) if !doubtful => Consent::Given,
        (false, true) => Consent::Denied,
        _ => Consent::Unclear,
    }
}

fn words(line: &str) -> impl Iterator<Item = String> {
    let folded = fold(line);
    let words: Vec<String> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect();
    words.into_iter()
}

fn is_no(word: &str) -> bool {
    NO.contains(&word) || NO_BEGIN.iter().any(|begin| word.starts_with(begin))
}

fn is_yes(line: &str) -> bool {
    let mut words = words(line);
    let Some(first) = words.next() else { return false };
    let yes = |word: &str| YES_ANYWHERE.contains(&word) || YES.iter().any(|begin| word.starts_with(begin));
    let rest: Vec<String> = words.collect();
    let last = rest.last().is_some_and(|word| word == YES_LAST);
    YES_FIRST.contains(&first.as_str()) || yes(&first) || last || rest.iter().any(|word| yes(word))
}

/// The desk's languages negate verbs by "ne-": a word that begins so may be one, unless it is a name: capitalised, and not
/// the first word of a sentence.
fn may_negate(line: &str) -> bool {
    let written: Vec<&str> = line.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let is_small = |word: &&str| word.chars().next().is_some_and(char::is_lowercase);
    written.iter().enumerate().any(|(at, word)| {
        let begins_sentence = at == 0 && written.get(1).is_none_or(is_small);
        word.chars().count() > 3 && fold(word).starts_with("ne") && (is_small(word) || begins_sentence)
    })
}

#[cfg(test)]
mod tests {
    use super::Consent::{Denied, Given, Unclear};
    use super::*;

    #[test]
    fn no_in_any_language_of_the_desk_is_never_yes() {
        for text in [
            "No",
            "NO!",
            "I did not write this.",
            "Nie, to nie som ja",
            "Ne.",
            "Nisem jaz.",
            "To nisam ja",
            "Nein, das war ich nicht",
            "\n\n  nie\nS pozdravom",
            "> Dobrý deň\nNIE",
            "Pozdravljeni,\n\nNE, tega nisem naročila jaz!",
            "Dobrý deň,\n\nNIE, túto správu som neposlala!",
            "Hello,\n\nNO, I do not know what this is and I am not Peter.",
            "Podvod!",
            "Fraud! stop this immediately",
            "Odmietam",
            "Zavrnite prosim",
            "Please cancel, it was somebody else",
            "To je prevara",
            "I cannot help you",
        ] {
            assert_eq!(consent(text), Denied, "{text:?}");
        }
    }

    #[test]
    fn what_is_neither_plainly_is_neither() {
        for text in [
            "Nepodal som to",
            "To jsem neposlal",
            "Kdo ste? Kaj je to?",
            "Dobrý deň, čo to je?",
            "Áno, dostala som to, ale neposlala som to ja.",
            "Áno? To som nebola ja.",
            "Yes, I got your mail. I did not ask for anything.",
            "Ano\n\nnení zač",
            "I još jednom.",
            "Jana Nováková\nFirma, s.r.o.",
            "nepotvrdzujem",
            "Ja? Kto to píše?",
            "Mislim da je to iz Vaše firme",
            "Please confirm who you are",
            "Yes, what is it about",
        ] {
            assert_eq!(consent(text), Unclear, "{text:?}");
        }
    }

    #[test]
    fn yes_is_yes_with_a_greeting_and_a_name() {
        for text in [
            "",
            "\n> nie\n",
            "OK",
            "Áno, potvrdzujem.",
            "Dobrý deň,\n\npotvrdzujem požiadavku.\n\nS pozdravom\nNela Nemcová",
            "Da, jaz sem.",
            "Da, molim vas.\n\n> Poštovani",
            "Ja, bitte.",
            "Yes",
            "Hi,\nI confirm this request.",
            "Još jednom: da.",
            "Souhlasím",
        ] {
            assert_eq!(consent(text), Given, "{text:?}");
        }
    }
}
