//! A person whom the desk is to forget: how the traces of them in other people's words are found, and struck out.
//!
//! An address is struck wherever it stands. A name is not: many people share one, so that it is struck only in tickets in
//! which the person took part, and so is what others quote of their words.

use super::text::fold;

/// What stands where something was struck out.
pub const ERASED: &str = "(erased)";

/// Letters of a line that tell whose words they are: shorter ones ("thank you", a greeting) are everybody's.
const TELLING: usize = 20;
/// Letters of a name that are looked for by themselves.
const NAME_MIN: usize = 3;

/// Whom to look for.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// In lower case.
    email: String,
    /// The words of their names, folded.
    names: Vec<String>,
    /// All they wrote, folded, on one line.
    said: String,
}

/// What a mail has to do with the person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// From says that they wrote it.
    pub wrote: bool,
    /// It names or quotes them.
    pub named: bool,
    /// By what its signatures are known again ([`super::token::KeyRing::signature_marks`]).
    pub signatures: Vec<String>,
}

impl Person {
    /// One of whom nothing but the address is known.
    pub fn new(email: &str) -> Self {
        Person { email: email.to_ascii_lowercase(), ..Person::default() }
    }

    pub fn email(&self) -> &str {
        &self.email
    }

    /// A name under which they wrote, or are on file.
    pub fn also_named(&mut self, name: &str) {
        let words = fold(name);
        let words = words.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() >= NAME_MIN);
        for word in words {
            // Names are often addresses; what stands after the @ is not theirs alone.
            if !self.names.iter().any(|n| n == word) && !self.domain_has(word) {
                self.names.push(word.to_owned());
            }
        }
    }

    fn domain_has(&self, word: &str) -> bool {
        self.email.rsplit_once('@').is_some_and(|(_, domain)| domain.split(['.', '-']).any(|label| label == word))
    }

    /// Words that they wrote.
    pub fn also_said(&mut self, text: &str) {
        self.said.push(' ');
        self.said.push_str(&on_one_line(text));
    }

    /// Their address stands in the text.
    pub fn is_addressed(&self, text: &str) -> bool {
        self.places(text).next().is_some()
    }

    /// A word of their name stands in it.
    pub fn is_named(&self, text: &str) -> bool {
        !self.names.is_empty() && words(text).any(|(_, word)| self.is_name(word))
    }

    /// A line of theirs stands in it, quoted or not.
    pub fn is_quoted(&self, text: &str) -> bool {
        text.lines().any(|line| self.is_theirs(line))
    }

    /// The text without their address; None where it is not in it.
    pub fn strike_address(&self, text: &str) -> Option<String> {
        let places: Vec<usize> = self.places(text).collect();
        strike(text, places.into_iter().map(|at| (at, at + self.email.len())))
    }

    /// The text without their address, their name, and the lines that are theirs; None where there is none of that in it.
    pub fn strike_all(&self, text: &str) -> Option<String> {
        let kept: String = text.split_inclusive('\n').filter(|line| !self.is_theirs(line)).collect();
        let unaddressed = self.strike_address(&kept).unwrap_or(kept);
        let named: Vec<_> = words(&unaddressed)
            .filter(|(_, word)| self.is_name(word))
            .map(|(at, word)| (at, at + word.len()))
            .collect();
        let out = strike(&unaddressed, named.into_iter()).unwrap_or(unaddressed);
        (out != text).then_some(out)
    }

    /// Where the address begins: with nothing before and after it that would make it another one.
    fn places<'t>(&'t self, text: &'t str) -> impl Iterator<Item = usize> + 't {
        let lower = text.to_ascii_lowercase();
        let mut from = 0;
        std::iter::from_fn(move || {
            while !self.email.is_empty() {
                let at = from + lower.get(from..)?.find(&self.email)?;
                from = at + self.email.len();
                let before = lower.get(..at).and_then(|t| t.chars().next_back());
                let mut after = lower.get(from..).unwrap_or_default().chars();
                let joined = |c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-');
                let longer = match after.next() {
                    Some('.') => after.next().is_some_and(joined),
                    Some(c) => joined(c),
                    None => false,
                };
                if !longer && !before.is_some_and(|c| joined(c) || c == '.') {
                    return Some(at);
                }
            }
            None
        })
    }

    /// A word of their names, also with another ending: Novák, Nováka, Novákovi; Kvapilová, Kvapilovej.
    fn is_name(&self, word: &str) -> bool {
        let word = fold(word);
        self.names.iter().any(|name| {
            let long = name.chars().count() > NAME_MIN + 1;
            let stem = if long { name.trim_end_matches(['a', 'e', 'o', 'i', 'y']) } else { name };
            let ending = if long { 3 } else { 1 };
            word.strip_prefix(stem).is_some_and(|rest| rest.chars().count() <= ending)
        })
    }

    fn is_theirs(&self, line: &str) -> bool {
        let line = on_one_line(line);
        line.chars().count() >= TELLING && self.said.contains(&line)
    }
}

/// Folded, without marks of quotation, white space as one space.
fn on_one_line(text: &str) -> String {
    let folded = fold(text);
    folded
        .split(|c: char| c.is_whitespace() || matches!(c, '>' | '|'))
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Words and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - start, word))
}

fn strike(text: &str, ranges: impl Iterator<Item = (usize, usize)>) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    for (start, end) in ranges {
        out.push_str(text.get(done..start)?);
        out.push_str(ERASED);
        done = end;
    }
    if done == 0 {
        return None;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jan() -> Person {
        let mut person = Person::new("Jan.Novak@firma.example");
        person.also_named("Ján Novák (firma)");
        person.also_said("Tlačiareň na druhom poschodí\nod rána nič netlačí.\nĎakujem");
        person
    }

    #[test]
    fn an_address_is_struck_and_what_only_contains_it_stays() {
        let struck = |text| jan().strike_address(text);
        assert_eq!(struck("Píše <JAN.NOVAK@Firma.example>.").as_deref(), Some("Píše <(erased)>."));
        assert_eq!(struck("jan.novak@firma.example"), Some(ERASED.to_owned()));
        for other in ["ma-jan.novak@firma.example", "x.jan.novak@firma.example", "jan.novak@firma.example.org"] {
            assert_eq!(struck(other), None, "{other}");
        }
    }

    #[test]
    fn names_with_their_endings_and_quoted_lines_are_struck() {
        let text =
            "Volal som pánovi Novákovi z firmy.\n> Tlačiareň na druhom poschodí od rána\n> nič netlačí.\nĎakujem";
        let struck = jan().strike_all(text).expect("is changed");
        assert_eq!(struck, "Volal som pánovi (erased) z firmy.\n> nič netlačí.\nĎakujem");
        assert_eq!(jan().strike_all("Nová tlačiareň stojí"), None);
        assert!(jan().is_quoted("| tlačiareň na druhom poschodí") && !jan().is_quoted("Ďakujem"));
    }

    proptest! {
        #[test]
        fn nothing_breaks_and_nothing_is_left(text in "(jan\\.novak@firma\\.example|Novák|[ -~á-ž\n>]){0,40}") {
            let person = jan();
            let out = person.strike_all(&text).unwrap_or(text);
            prop_assert!(!person.is_addressed(&out) && !person.is_named(&out), "{}", out);
        }
    }
}
