//! Answers that are written already: articles, and how well each fits a mail. A few hundred of them are laid out once in
//! memory, so that deciding and explaining ask nobody.
//!
//! The score is that of BM25 (Robertson and Zaragoza 2009, section 3) with two changes that make it comparable from desk to desk:
//! how rare a word is counts from 0 to 1, whatever the number of articles, and so does how often the article has it. A
//! word of the mail that one article alone has in its title is worth about 0.8, half as much again where it stands in the
//! mail's subject; a phrase of the article's `words` is worth 1 more.

use std::collections::{BTreeMap, BTreeSet};

use super::language::Language;
use super::text::fold;

/// An article as its file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    /// The file's name without its ending.
    pub name: String,
    pub title: String,
    /// None: it is offered in every language.
    pub language: Option<Language>,
    /// It is offered on tickets of this category only.
    pub category: Option<String>,
    /// Words and phrases that call for it.
    pub words: Vec<String>,
    /// Where it can be read.
    pub url: Option<String>,
    pub text: String,
}

/// The score from which on an article is offered, where the operator names no other.
pub const THRESHOLD: f64 = 1.5;
/// Articles that one acknowledgement offers.
pub const OFFERED_MAX: usize = 3;
/// Characters of an article without an address that stand in the mail.
const EXCERPT_MAX: usize = 300;
/// Characters of a title at most: with an address or an excerpt behind it, it still is one line of a mail.
pub const TITLE_MAX: usize = 150;
/// Characters of the mail's text that are looked at.
const MAIL_MAX: usize = 4_000;
/// How often a word counts that stands in the title or among the article's words.
const TITLE_WEIGHT: f64 = 4.0;
/// How much more a word counts that stands in the mail's subject.
const SUBJECT_WEIGHT: f64 = 1.5;
/// The constants of BM25: how soon more of the same word says nothing new, and how much long articles are held back.
const K1: f64 = 1.2;
const B: f64 = 0.5;

/// How well an article fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Its place among [`Articles::all`].
    pub article: usize,
    pub score: f64,
    /// The words of the mail that made it, the heaviest first, and then the phrases.
    pub matched: Vec<String>,
}

/// An article that has something of a mail, and whether it is offered to whoever wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// Its name.
    pub article: String,
    pub title: String,
    pub score: f64,
    /// See [`Fit::matched`].
    pub matched: Vec<String>,
    pub offered: bool,
    pub because: String,
}

/// All articles, laid out for searching.
#[derive(Clone, Debug)]
pub struct Articles {
    pub all: Vec<Article>,
    pub threshold: f64,
    /// Stem → how much each article has of it.
    stems: BTreeMap<String, Vec<(usize, f64)>>,
    /// Stems in each article, and in one on average.
    lengths: Vec<f64>,
    average: f64,
    /// Phrases of each article, folded, with a space on both sides.
    phrases: Vec<Vec<String>>,
}

impl Default for Articles {
    fn default() -> Self {
        Articles::new(Vec::new(), THRESHOLD)
    }
}

impl Articles {
    pub fn new(all: Vec<Article>, threshold: f64) -> Self {
        let mut stems: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
        let (mut lengths, mut phrases) = (Vec::new(), Vec::new());
        for (place, article) in all.iter().enumerate() {
            let mut counts: BTreeMap<String, f64> = BTreeMap::new();
            let heavy = format!("{} {}", article.title, article.words.join(" "));
            for (text, weight) in [(heavy.as_str(), TITLE_WEIGHT), (&article.text, 1.0)] {
                words(text).for_each(|word| *counts.entry(stem(&word)).or_default() += weight);
            }
            lengths.push(counts.values().sum());
            for (stem, count) in counts {
                stems.entry(stem).or_default().push((place, count));
            }
            phrases.push(article.words.iter().map(|phrase| spaced(phrase)).filter(|p| p.len() > 2).collect());
        }
        let average = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
        Articles { all, threshold, stems, lengths, average, phrases }
    }

    /// Every article that has anything of this mail, the best first; of equal ones in the order of their names.
    pub fn fits(&self, subject: &str, text: &str) -> Vec<Fit> {
        let text: String = text.chars().take(MAIL_MAX).collect();
        let mut mail: BTreeMap<String, (String, f64)> = BTreeMap::new();
        for (part, weight) in [(subject, SUBJECT_WEIGHT), (text.as_str(), 1.0)] {
            for word in words(part) {
                mail.entry(stem(&word)).or_insert((word, weight));
            }
        }
        let mut scores: BTreeMap<usize, Vec<(f64, String)>> = BTreeMap::new();
        for (stem, (word, weight)) in &mail {
            let Some(articles) = self.stems.get(stem) else { continue };
            for (place, count) in articles {
                let worth = weight * self.rarity(articles.len()) * self.saturation(*place, *count);
                scores.entry(*place).or_default().push((worth, word.clone()));
            }
        }
        let said = spaced(&format!("{subject} {text}"));
        for (place, phrases) in self.phrases.iter().enumerate() {
            for phrase in phrases.iter().filter(|phrase| said.contains(phrase.as_str())) {
                scores.entry(place).or_default().push((1.0, format!("\u{201c}{}\u{201d}", phrase.trim())));
            }
        }
        let mut fits: Vec<Fit> = scores.into_iter().map(|(article, worths)| fit(article, worths)).collect();
        fits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.article.cmp(&b.article)));
        fits
    }

    /// Titles of the articles with these names.
    pub fn titles<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = &'a str> {
        names.iter().filter_map(|name| self.all.iter().find(|a| a.name == *name)).map(|article| article.title.as_str())
    }

    /// From 0 (every article has it) to 1 (one has it).
    fn rarity(&self, having: usize) -> f64 {
        let (all, having) = (self.all.len() as f64, having as f64);
        let idf = |having: f64| (1.0 + (all - having + 0.5) / (having + 0.5)).ln();
        idf(having) / idf(1.0)
    }

    fn saturation(&self, place: usize, count: f64) -> f64 {
        let length = self.lengths.get(place).copied().unwrap_or(self.average) / self.average.max(1.0);
        count / (count + K1 * (1.0 - B + B * length))
    }
}

fn fit(article: usize, mut worths: Vec<(f64, String)>) -> Fit {
    worths.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Fit {
        article,
        score: worths.iter().map(|(worth, _)| worth).sum(),
        matched: worths.into_iter().map(|w| w.1).collect(),
    }
}

impl Article {
    /// As it is offered: its title, and where it is or how it begins.
    pub fn offer(&self) -> String {
        match &self.url {
            Some(url) => format!("{}: {url}", self.title),
            None => format!("{}: {}", self.title, excerpt(&self.text)),
        }
    }

    /// Without an address only its beginning reaches the customer.
    pub fn is_cut(&self) -> bool {
        self.url.is_none() && plain(&self.text).chars().count() > EXCERPT_MAX
    }
}

/// The text on one line, without the signs of Markdown at the beginnings of lines.
fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim().trim_start_matches(['#', '>', '*', '-', ' ']));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

fn excerpt(text: &str) -> String {
    let plain = plain(text);
    if plain.chars().count() <= EXCERPT_MAX {
        return plain;
    }
    let cut: String = plain.chars().take(EXCERPT_MAX).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{} …", cut.get(..end).unwrap_or_default())
}

/// Words that tell something: folded, of three letters or more, none of those that every mail has.
fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = fold(text);
    let words: Vec<String> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 3 && !COMMON.contains(word))
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// What is left of a word without its ending: our customers' languages put as much into endings as into words. Of five letters
/// four are kept, of longer words one letter less than there is, and never more than six.
fn stem(word: &str) -> String {
    let letters = word.chars().count();
    let kept = letters.saturating_sub(1).clamp(4, 6);
    word.chars().take(kept).collect()
}

/// Folded, its words apart by one space, with one before and behind.
fn spaced(text: &str) -> String {
    let folded = fold(text);
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// Folded words of greetings, thanks and grammar, in the desk's languages.
static COMMON: std::sync::LazyLock<BTreeSet<&str>> = std::sync::LazyLock::new(|| {
    "dobry dobre dobro dobar den deň dan rano vecer ahoj zdravim pozdrav pozdravom pozdravem pozdravi pozdravljeni spostovani \
     postovani vazeny vazeni vazena prosim prosime prosil molim dakujem dakujeme dekuji dekujeme hvala lepa lijep lep mam mame \
     mate som sme ste jsem jsme jste sem smo ste nie neni nejde nefunguje nedela dela deluje radi ako jak kako kak kde kdy kedy kada kdaj ked \
     kdyz lebo protoze pretoze zato jer ker ale alebo nebo ili ali pri pre pro pred pod nad bez cez okrem podla moze mozete muzete lahko \
     moj moja moje nas nasa nase vas vasa vase jeho jej ich ten tato toto tento tie tym toho tej som bol bola bolo byl byla bylo bil bila bilo \
     bude budu bom bodo ani iba len jen samo uz ste este jeste jos tiez take tudi takoder vsetko vse sve viac vic vec vise velmi velice zelo vrlo \
     problem problemy pomoc pomozte pomoci pomoc pomagajte pomozite \
     hello dear sir madam please thank thanks you your our the and for with from this that not does have has had can cannot \
     could would are was were will but when where how what who why there here any all some its into about help issue best kind regards \
     hallo guten tag morgen sehr geehrte geehrter damen herren bitte danke vielen dank freundliche freundlichen grusse grussen gruss \
     ich wir sie ihr mein meine unser unsere der die das den dem des ein eine einen einem einer und oder aber nicht kein keine mit von bei \
     fur auf aus nach vor uber unter ist sind war waren wird werden kann konnen haben hat habe hatte wie was wann warum dass auch noch schon hilfe"
        .split_whitespace()
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn article(name: &str, title: &str, words: &[&str], text: &str) -> Article {
        let words = words.iter().map(|w| (*w).to_owned()).collect();
        Article { name: name.into(), title: title.into(), words, text: text.into(), ..Article::default() }
    }

    fn desk() -> Articles {
        let all = vec![
            article(
                "heslo",
                "Zabudnuté heslo do pošty",
                &["reset hesla"],
                "Nové heslo si nastavíte na stránke s nastaveniami.",
            ),
            article(
                "tlac",
                "Tlačiareň netlačí",
                &["tlačiareň", "zaseknutý papier"],
                "Vypnite tlačiareň a skontrolujte papier a toner.",
            ),
            article(
                "vpn",
                "Pripojenie cez VPN z domu",
                &["vpn"],
                "Stiahnite program a prihláste sa svojím menom a heslom.",
            ),
            article(
                "faktura",
                "Kde nájdem faktúru",
                &[],
                "Faktúry posielame e-mailom na začiatku mesiaca, nájdete ich aj v portáli.",
            ),
        ];
        Articles::new(all, THRESHOLD)
    }

    fn best(subject: &str, text: &str) -> (String, f64) {
        let desk = desk();
        let fits = desk.fits(subject, text);
        fits.first().map_or_else(Default::default, |fit| (desk.all[fit.article].name.clone(), fit.score))
    }

    #[test]
    fn the_article_about_the_matter_fits_and_no_other() {
        for (subject, text, name) in [
            ("Tlačiarne", "Dobrý deň, na oddelení nejde tlačiareň, papier je v poriadku.", "tlac"),
            ("zabudol som heslo", "Neviem sa dostať do pošty, potrebujem nové heslo.", "heslo"),
            ("VPN", "Z domu mi nejde pripojenie cez vpn.", "vpn"),
            ("Faktúra za október", "Prosím o zaslanie faktúry, neviem ju nájsť v portáli ani v e-maile.", "faktura"),
        ] {
            let (found, score) = best(subject, text);
            assert!(found == name && score >= THRESHOLD, "{subject}: {found}, {score}");
            let others = desk().fits(subject, text).into_iter().skip(1).map(|fit| fit.score);
            others.for_each(|other| assert!(other < THRESHOLD, "{subject}: {other}"));
        }
    }

    #[test]
    fn a_mail_about_something_else_fits_nothing() {
        for (subject, text) in [
            ("Stretnutie v piatok", "Dobrý deň, môžeme sa stretnúť v piatok o deviatej? Ďakujem, Jano"),
            ("Pozdrav", "Dobrý deň, ďakujem za pomoc, všetko už funguje. S pozdravom"),
            ("Otázka", "Koľko stojí nová licencia pre desať ľudí a dokedy platí cena?"),
            ("", ""),
        ] {
            assert!(best(subject, text).1 < THRESHOLD, "{subject}: {:?}", best(subject, text));
        }
    }

    #[test]
    fn endings_and_accents_do_not_count() {
        for (one, other) in [
            ("tlačiareň", "tlaciarni"),
            ("faktúra", "faktúry"),
            ("heslo", "hesla"),
            ("siete", "sieť"),
            ("Password", "passwords"),
        ] {
            assert_eq!(stem(&fold(one)), stem(&fold(other)), "{one}, {other}");
        }
    }

    #[test]
    fn an_article_without_an_address_is_told_from_its_beginning() {
        let long = article("a", "T", &[], &format!("# Nadpis\n\n- prvý bod\n{}", "slovo ".repeat(200)));
        assert!(long.offer().starts_with("T: Nadpis prvý bod slovo") && long.offer().ends_with(" …"));
        assert!(long.offer().chars().count() <= EXCERPT_MAX + 8 && long.is_cut());
        let url = Article { url: Some("https://a.example/".into()), ..long };
        assert!(url.offer() == "T: https://a.example/" && !url.is_cut());
    }

    proptest! {
        #[test]
        fn scores_are_sums_of_what_matched(subject in "\\PC{0,60}", text in "\\PC{0,200}|[a-zčšž ]{0,200}") {
            for fit in desk().fits(&subject, &text) {
                prop_assert!(fit.score > 0.0 && fit.score.is_finite());
                prop_assert!(!fit.matched.is_empty());
                prop_assert!(fit.score <= fit.matched.len() as f64 * SUBJECT_WEIGHT);
            }
        }
    }
}
