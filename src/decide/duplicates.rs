//! Whether a new ticket may be about what a colleague of the same organisation reported already: shown to the agent, who
//! merges them or does not. And whether one mail repeats another.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::model::asked::Similar;
use crate::model::subject;
use crate::model::text::fold;

use super::work::Case;

/// Letters of a word that counts.
const WORD_MIN: usize = 4;
/// Words of a text that are compared.
const WORDS_MAX: usize = 300;
/// Tickets that are shown.
const SHOWN_MAX: usize = 3;

/// Words that stand in every letter, folded: they tell no two reports apart.
static EMPTY: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    HashSet::from([
        "dobry",
        "dobre",
        "dobar",
        "prosim",
        "dakujem",
        "dakujeme",
        "dekuji",
        "dekujeme",
        "pozdravom",
        "pozdravem",
        "hello",
        "dear",
        "please",
        "thanks",
        "thank",
        "regards",
        "kind",
        "best",
        "with",
        "have",
        "this",
        "that",
        "from",
        "postovani",
        "hvala",
        "molim",
        "lijep",
        "pozdrav",
        "pozdravljeni",
        "lepo",
        "lep",
        "spostovani",
        "pozdravi",
        "guten",
        "bitte",
        "danke",
        "grussen",
        "freundlichen",
        "sehr",
        "geehrte",
        "damen",
        "herren",
        "vazeny",
        "vazena",
        "vazeni",
        "ktory",
        "ktora",
        "ktere",
        "alebo",
        "nebo",
        "jako",
        "ako",
        "uz",
        "nam",
        "nas",
        "nase",
        "not",
        "work",
        "does",
        "problem",
    ])
});

/// The words of a folded text that tell something, each once, in order.
fn words(folded: &str) -> Vec<&str> {
    words_that(folded, |word| word.chars().count() >= WORD_MIN && !EMPTY.contains(word))
}

/// Its words that are such, each once, in order.
fn words_that(folded: &str, are: impl Fn(&str) -> bool) -> Vec<&str> {
    let all = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<&str> = all.filter(|word| are(word)).take(WORDS_MAX).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// How many of the smaller set's words are in the other, in percent, and how many that are.
fn shared(a: &[&str], b: &[&str]) -> (usize, usize) {
    let (smaller, larger) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let both = smaller.iter().filter(|word| larger.binary_search(word).is_ok()).count();
    ((both * 100).checked_div(smaller.len()).unwrap_or(0), both)
}

/// Two reports are alike where their subjects share half of their words, and their texts a third; or the texts alone two
/// thirds, and five words at least.
fn alike(subject: (&[&str], &[&str]), text: (&[&str], &[&str])) -> bool {
    let ((subjects, in_subject), (texts, in_text)) = (shared(subject.0, subject.1), shared(text.0, text.1));
    let both = subjects >= 50 && in_subject >= 1 && texts >= 33 && in_text >= 2;
    both || (texts >= 66 && in_text >= 5)
}

/// Whether a text says what another does, numbers aside, which change from mail to mail: of the longer one's words all are in
/// the other, but for one in twenty and two at most. One who has two troubles writes one letter with another word in it.
pub fn repeats(text: &str, other: &str) -> bool {
    let (text, other) = (fold(text), fold(other));
    let said = |folded| words_that(folded, |word| !word.contains(char::is_numeric));
    let (text, other) = (said(&text), said(&other));
    let longer = text.len().max(other.len());
    longer - shared(&text, &other).1 <= (longer / 20).min(2)
}

/// Live tickets of the organisation that the mail at hand is like, the newest first.
pub fn likely<'a>(case: &'a Case, text: &str) -> Vec<&'a Similar> {
    let others = &case.facts.found.told.similar;
    if others.is_empty() {
        return Vec::new();
    }
    let (subject, text) = (subject::compared(case.subject()), fold(text));
    let (subject, text) = (words(&subject), words(&text));
    let like = |other: &&Similar| {
        let (their_subject, their_text) = (subject::compared(&other.subject), fold(&other.text));
        alike((&subject, &words(&their_subject)), (&text, &words(&their_text)))
    };
    others.iter().filter(like).take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_alike(a: (&str, &str), b: (&str, &str)) -> bool {
        let (a, b) = ((fold(a.0), fold(a.1)), (fold(b.0), fold(b.1)));
        alike((&words(&a.0), &words(&b.0)), (&words(&a.1), &words(&b.1)))
    }

    #[test]
    fn a_machine_repeats_itself_and_a_person_does_not() {
        let acknowledged = |n: u32| format!("Thank you, we have received your request number {n}.\nTicket-ID: k7q{n}");
        assert!(repeats(&acknowledged(1), &acknowledged(22)));
        assert!(repeats("", "") && repeats("123", "45") && repeats("Test", "TEST!"));
        for (text, other) in [
            ("Dobrý deň, nejde VPN. S pozdravom", "Dobrý deň, nejde NAS. S pozdravom"),
            ("Meno: Ján Novák\nSpráva: nejde wifi", "Meno: Eva Malá\nSpráva: stratený kľúč"),
            ("Test", ""),
            ("Test", "Ešte jeden test"),
            ("ok", "nie"),
        ] {
            assert!(!repeats(text, other) && !repeats(other, text), "{text:?} {other:?}");
        }
        let small_print = "Súhlasím so spracovaním osobných údajov podľa zásad spoločnosti a beriem na vedomie svoje práva vrátane \
            práva odvolať súhlas písomne alebo elektronicky na adrese uvedenej v zásadách ktoré som si pozorne celé prečítal";
        let form = |message: &str| format!("{message}\n{small_print}");
        assert!(!repeats(&form("Nejde nám wifi"), &form("Stratený kľúč")));
        assert!(repeats(&form("Nejde nám wifi od 10:31"), &form("Nejde nám wifi od 11:02")));
    }

    #[test]
    fn two_reports_of_one_thing_are_alike_and_two_things_are_not() {
        let printer = ("Nejde tlačiareň", "Dobrý deň, na recepcii netlačí tlačiareň, hlási chybu E-04. S pozdravom");
        let again = ("Tlačiareň na recepcii", "Dobrý deň, tlačiareň na recepcii stále hlási chybu. Prosím o pomoc.");
        let vpn = ("Nejde VPN", "Dobrý deň, od rána sa neviem pripojiť na VPN, píše chybu. S pozdravom");
        assert!(are_alike(printer, again));
        assert!(!are_alike(printer, vpn));
        assert!(!are_alike(("Re:", "Dobrý deň, prosím, ďakujem"), ("", "Dobrý deň, prosím, ďakujem")));
        assert!(!are_alike(("Otázka", "Koľko stojí licencia?"), ("Otázka", "Kedy prídete vymeniť router?")));
        let same = "výpadok siete celá pobočka Žilina nemáme internet ani telefóny";
        assert!(are_alike(("Internet", same), ("POMOC", same)));
    }
}
