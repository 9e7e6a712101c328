//! An agent's signature below no separator, as Outlook puts it under the words: it begins with a line that holds nothing but
//! his own name. Who the agents are is known here only; reading folds what shows by itself that it is a signature.

use std::ops::Range;

use crate::model::message::Reply;
use crate::model::text::{fold, is_invisible};

use super::commands::{is_command, split_end};

/// Lines that a signature has below the name, empty ones not counted.
const LINES_MAX: usize = 10;
/// Characters of a line of it, where its links lead not counted: whoever has more to say writes to the customer.
const LINE_MAX: usize = 100;
/// Characters of the line with the name.
const NAME_MAX: usize = 100;
/// Words of a formula that closes a letter.
const CLOSING_MAX: usize = 6;

/// What stands around a name, folded, each piece between full stops a word: Ph.D. is two.
const TITLES: &str = "ing arch mgr art bc mudr mvdr mddr judr phdr phmr pharmdr rndr paeddr thdr thlic icdr rsdr dr doc prof akad \
                      mal soch csc drsc dsc phd ph d dis artd mba emba bba mpa mph mha dba mag magister univ dipl inz oec iur \
                      spec struc mr sc msc bsc m b s ba bs ma ll llm llb med rer nat phil habil h c hc et v i a pp ppa";

/// The last words of the formulas that close a letter, folded.
const CLOSINGS: &str = "pozdravom pozdravem pozdrav pozdravy pozdravi uctou regards wishes sincerely faithfully yours truly \
                        gruss grusse grussen gruesse gruessen mfg lg lp";

/// A text without the signatures in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Signed {
    pub text: String,
    pub signature: String,
}

/// Takes an agent's signature out of his own text, below each stretch of it; `gaps`: see [`Reply::gaps`]. Commands below it
/// stay where they are. None where there is no signature, or nothing else.
pub fn take(text: &str, gaps: &[usize], name: &str) -> Option<Signed> {
    let name = Name::of(name)?;
    let (words, commands) = split_end(text.trim_end());
    let lines: Vec<&str> = words.lines().collect();
    let found = found(&lines, gaps, &name);
    if found.is_empty() {
        return None;
    }
    let orders = !commands.is_empty() || lines.iter().any(|line| is_command(line));
    let mut signed = vec![false; lines.len()];
    for Range { start, end } in found {
        let from = formula_above(&lines[..start]).filter(|_| orders).unwrap_or(start);
        signed[from..end].fill(true);
    }
    if !orders && lines.iter().zip(&signed).all(|(line, signed)| *signed || is_blank(line)) {
        return None;
    }
    let pick = |wanted: bool| {
        let picked = lines.iter().zip(&signed).filter(|(_, signed)| **signed == wanted).map(|(line, _)| *line);
        picked.collect::<Vec<_>>().join("\n").trim().to_owned()
    };
    let (words, signature) = (pick(false), pick(true));
    let text =
        if words.is_empty() || commands.is_empty() { words + commands } else { format!("{words}\n\n{commands}") };
    Some(Signed { text, signature })
}

/// Puts what was taken out where an entry has its signature, above what reading found of one.
pub fn keep(signature: &str, reply: &mut Reply) {
    let parts = [signature, reply.signature.trim()].map(str::to_owned);
    reply.signature = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
}

/// The lines of each signature: from a name to the end of the stretch, in which nothing was taken out.
fn found(lines: &[&str], gaps: &[usize], name: &Name) -> Vec<Range<usize>> {
    let ends = gaps.iter().copied().chain([lines.len()]).map(|end| end.min(lines.len()));
    let stretches = ends.scan(0, |from, end| Some((std::mem::replace(from, end), end)));
    let begins = |at: usize, end: usize| name.is_all_of(lines[at]) && may_follow(&lines[at + 1..end]);
    stretches.filter_map(|(from, end)| Some((from..end).find(|at| begins(*at, end))?..end)).collect()
}

/// The formula that closes a letter, right above a signature, where commands stand above it and no words: his program puts it
/// under every mail, and it is no word of his to the customer.
fn formula_above(lines: &[&str]) -> Option<usize> {
    let mut above = lines.iter().enumerate().rev().filter(|(_, line)| !is_blank(line));
    let (at, _) = above.next().filter(|(_, line)| is_closing(line))?;
    above.next().is_none_or(|(_, line)| is_command(line)).then_some(at)
}

/// Whether lines below a name are a signature's: few, short, none for the desk, none that goes on with the letter.
fn may_follow(lines: &[&str]) -> bool {
    let mut said = lines.iter().filter(|line| !is_blank(line));
    let few = said.clone().nth(LINES_MAX).is_none();
    few && said.all(|line| shown(line) <= LINE_MAX && !is_command(line) && !is_postscript(line))
}

/// The characters of a line, without the links that programs write behind their words.
fn shown(line: &str) -> usize {
    let mut parts = line.split('<');
    let first = parts.next().unwrap_or_default();
    let behind = parts.map(|part| match part.split_once('>') {
        Some((link, rest)) if link.contains(':') && !link.contains(' ') => rest.chars().count(),
        _ => part.chars().count() + 1,
    });
    first.chars().count() + behind.sum::<usize>()
}

fn is_blank(line: &str) -> bool {
    !line.contains(|c: char| !c.is_whitespace() && !is_invisible(c))
}

fn is_postscript(line: &str) -> bool {
    let folded = fold(line.trim_start());
    let mut words = words(&folded);
    matches!((words.next(), words.next()), (Some("ps"), _) | (Some("p"), Some("s")))
}

fn is_closing(line: &str) -> bool {
    let folded = fold(line);
    let words: Vec<&str> = words(&folded).collect();
    words.len() <= CLOSING_MAX && words.last().is_some_and(|last| is_one_of(CLOSINGS, last))
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn is_one_of(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// The words of a name, folded, without titles around them.
struct Name(Vec<String>);

impl Name {
    fn of(name: &str) -> Option<Self> {
        let folded = fold(name);
        let all: Vec<&str> = words(&folded).collect();
        let first = all.iter().position(|word| !is_one_of(TITLES, word))?;
        let last = all.iter().rposition(|word| !is_one_of(TITLES, word))?;
        Some(Name(all[first..=last].iter().map(|word| (*word).to_owned()).collect()))
    }

    /// Whether a line holds the name and nothing else but titles.
    fn is_all_of(&self, line: &str) -> bool {
        // What introduces something, names somebody or quotes is no signature.
        if line.len() > 4 * NAME_MAX || line.contains([':', '?', '@', '#', '<', '>', '=']) {
            return false;
        }
        let folded = fold(line);
        let said: Vec<&str> = words(&folded).collect();
        let Some(at) = said.windows(self.0.len()).position(|window| window == self.0) else { return false };
        let around = said[..at].iter().chain(&said[at + self.0.len()..]);
        around.into_iter().all(|word| is_one_of(TITLES, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JANA: &str = "Jana Nováková";

    fn signature(text: &str) -> Option<(String, String)> {
        take(text, &[], JANA).map(|signed| (signed.text, signed.signature))
    }

    fn cut(text: &str) -> (String, String) {
        signature(text).unwrap_or_else(|| panic!("nothing is cut: {text:?}"))
    }

    #[test]
    fn a_line_with_nothing_but_his_name_begins_his_signature() {
        let (text, signature) =
            cut("Dobrý deň, skúste reštart.\n\nS pozdravom\n\nJana Nováková\nTel. +421 900 000 000\njana@acme.example");
        assert_eq!(text, "Dobrý deň, skúste reštart.\n\nS pozdravom");
        assert_eq!(signature, "Jana Nováková\nTel. +421 900 000 000\njana@acme.example");
        for line in [
            "jana novakova",
            "JANA NOVÁKOVÁ,",
            "Ing. Jana Nováková",
            "Mgr. et Mgr. Jana Nováková, Ph.D.",
            "Jana Nováková, PhD., MBA",
            "Dipl.-Ing. Jana Nováková",
            "doc.Ing.Jana Nováková,CSc.",
            "*Jana Nováková*",
            " \u{a0}Jana\u{a0}Nováková \u{200b}",
            "Jana  Nova\u{301}kova\u{301}",
            "(Jana Nováková)",
            "- Jana Nováková",
        ] {
            assert_eq!(
                cut(&format!("Please restart it.\n\nKind regards\n{line}\nTel. 1")).0,
                "Please restart it.\n\nKind regards",
                "{line}"
            );
        }
        // Titles in the configuration, and none below the mail.
        let with = take("Áno.\nJana Nováková", &[], "Ing. Jana Nováková, PhD.").map(|signed| signed.text);
        assert_eq!(with.as_deref(), Some("Áno."));
    }

    #[test]
    fn a_name_among_words_begins_nothing() {
        for line in [
            "Jana Nováková, ACME podpora",
            "Volala Jana Nováková.",
            "Jana Nováková:",
            "Jana Nováková?",
            "@Jana Nováková",
            "Jana",
            "Nováková",
            "Jana Nováková-Malá",
            "Jana Nováková <jana@acme.example>",
        ] {
            assert_eq!(signature(&format!("Áno.\n\n{line}\nTel. 1")), None, "{line}");
        }
    }

    #[test]
    fn a_letter_that_goes_on_below_the_name_is_not_cut() {
        let lines = |count: usize| format!("Vybaví to\n\nJana Nováková\n{}", "slová\n\n".repeat(count));
        assert_eq!(signature(&lines(LINES_MAX + 1)), None);
        assert_eq!(cut(&lines(LINES_MAX)).0, "Vybaví to");
        let line = |length: usize| format!("Vybaví to\nJana Nováková\nTel. 1\n{}", "á".repeat(length));
        assert_eq!(signature(&line(LINE_MAX + 1)), None);
        assert_eq!(cut(&line(LINE_MAX)).0, "Vybaví to");
        assert_eq!(signature("Áno.\n\nJana Nováková\n\nP. S. Heslo pošlem zajtra."), None);
        assert_eq!(signature("Áno.\n\nJana Nováková\n\nPS: Heslo pošlem zajtra."), None);
        assert_eq!(
            cut("Áno.\nJana Nováková\nPS\nHeslo zajtra.\n\nJana Nováková\nTel. 1").0,
            "Áno.\nJana Nováková\nPS\nHeslo zajtra."
        );
    }

    #[test]
    fn where_a_link_leads_makes_no_line_long() {
        let link = format!("Facebook<https://www.example/{}> Web <mailto:{}>", "x".repeat(200), "y".repeat(100));
        assert_eq!(cut(&format!("Áno.\nJana Nováková\n{link}")).0, "Áno.");
        assert_eq!(shown("a < b > c"), 9);
        assert_eq!(shown("Web<http://x.example/> x"), 5);
    }

    #[test]
    fn what_holds_nothing_else_is_not_cut() {
        for text in ["Jana Nováková", "Jana Nováková\nTel. 1", "\n\nJana Nováková\n", "", "#", "Áno."] {
            assert_eq!(signature(text), None, "{text:?}");
        }
        assert_eq!(take("Áno.\n\nIng.", &[], "Ing."), None, "a name of titles is none");
        assert_eq!(take("Áno.\n\n\u{1f600}", &[], "\u{1f600}"), None);
    }

    #[test]
    fn commands_are_found_above_and_below_it() {
        assert_eq!(cut("Hotovo.\n\n#close\n\nJana Nováková\nTel. 1").0, "Hotovo.\n\n#close");
        let (text, signature) = cut("Hotovo.\n\nJana Nováková\nTel. 1\n\n#close\n#time 5m");
        assert_eq!((text.as_str(), signature.as_str()), ("Hotovo.\n\n#close\n#time 5m", "Jana Nováková\nTel. 1"));
        // It would be hidden: the mail comes back, as before.
        assert_eq!(super::take("Hotovo.\n\nJana Nováková\n#close", &[], JANA), None);
        assert_eq!(super::take("Hotovo.\n\nJana Nováková\n\n#close\n\nTel. 1", &[], JANA), None);
        assert_eq!(cut("#take\n\nJana Nováková\nTel. 1").0, "#take");
        assert_eq!(
            cut("#take\n\nS pozdravom\n\nJana Nováková\nTel. 1"),
            ("#take".to_owned(), "S pozdravom\n\nJana Nováková\nTel. 1".to_owned())
        );
        assert_eq!(cut("Hotovo.\n\n#close\n\nS pozdravom\nJana Nováková\nTel. 1").0, "Hotovo.\n\n#close");
        assert_eq!(cut("S pozdravom\nJana Nováková\n\n#take").0, "#take");
        assert_eq!(cut("S pozdravom\nJana Nováková").0, "S pozdravom");
        assert_eq!(cut("#take\nVolám mu.\nS pozdravom\nJana Nováková\nTel. 1").0, "#take\nVolám mu.\nS pozdravom");
    }

    /// Answers between the quotations stand below the signature that a program puts above all of them.
    #[test]
    fn each_stretch_of_text_has_its_own() {
        let text = "Odpovede sú nižšie.\n\nJana Nováková\nTel. 1\n\nÁno.\n\nNie.";
        let signed = take(text, &[5, 7], JANA).expect("is cut");
        assert_eq!(
            (signed.text.as_str(), signed.signature.as_str()),
            ("Odpovede sú nižšie.\n\nÁno.\n\nNie.", "Jana Nováková\nTel. 1")
        );
        assert_eq!(take("Áno.\n\nNie.\nJana Nováková", &[2, 900], JANA).expect("is cut").text, "Áno.\n\nNie.");
    }

    proptest::proptest! {
        #[test]
        fn every_line_is_kept_on_one_side(text in "((Áno\\.|Jana Nováková|#close|#vpn|Tel\\. 1|PS x|S pozdravom|)\n){0,16}", gap in 0usize..20) {
            if let Some(signed) = take(&text, &[gap], JANA) {
                let mut kept: Vec<&str> = signed.text.lines().chain(signed.signature.lines()).filter(|l| !l.is_empty()).collect();
                let mut all: Vec<&str> = text.lines().filter(|l| !l.is_empty()).collect();
                kept.sort_unstable();
                all.sort_unstable();
                proptest::prop_assert_eq!(kept, all);
                proptest::prop_assert!(!signed.signature.contains("#close") && !signed.text.trim().is_empty());
            }
        }

        #[test]
        fn whatever_is_written_is_read(text in "(Jana Nováková|\\PC|\n| |<|>|[a-z]){0,200}", gaps in proptest::collection::vec(0usize..30, 0..4)) {
            take(&text, &gaps, JANA);
        }
    }
}
