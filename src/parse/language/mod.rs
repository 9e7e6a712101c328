//! The language of a short mail (ISO 639-1), or nothing where that would be a guess: sk against cs against sl against hr
//! first of all, with and without diacritics.

mod marks;
mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::text::fold;

use marks::{KEYS, LETTERS, PIECES};
use words::WORDS;

/// Most words that are looked at.
const WORDS_MAX: usize = 400;
/// Least score of a language that is named, and least lead over the next.
const SCORE_MIN: f32 = 1.6;
const LEAD_MIN: f32 = 0.5;

/// Indexes into the score table, each with what is shared: the more near languages have the word, the less it says.
type Languages = Vec<(u8, f32)>;

struct Model {
    codes: Vec<&'static str>,
    /// As written, lower case.
    exact: HashMap<&'static str, Languages>,
    /// Without diacritics.
    folded: HashMap<String, Languages>,
    keys: HashMap<&'static str, Vec<(u8, f32)>>,
    letters: HashMap<char, Vec<(u8, f32)>>,
    pieces: Pieces,
}

/// All pieces, and which of them can be in a word: by their last byte those that end it, by their first byte those that
/// begin it and those that are anywhere. Each word has a few, of many hundreds.
struct Pieces {
    all: Vec<Piece>,
    by_last: [Vec<usize>; 256],
    by_first: [Vec<usize>; 256],
    inside: [Vec<usize>; 256],
}

impl Pieces {
    fn new(all: Vec<Piece>) -> Self {
        let mut pieces = Pieces {
            all: Vec::new(),
            by_last: std::array::from_fn(|_| Vec::new()),
            by_first: std::array::from_fn(|_| Vec::new()),
            inside: std::array::from_fn(|_| Vec::new()),
        };
        for (at, piece) in all.iter().enumerate() {
            let bytes = piece.bare.as_bytes();
            let (lists, byte) = match piece.place {
                Place::Start => (&mut pieces.by_first, bytes.first()),
                Place::End => (&mut pieces.by_last, bytes.last()),
                Place::Anywhere => (&mut pieces.inside, bytes.first()),
            };
            if let Some(list) = byte.and_then(|byte| lists.get_mut(usize::from(*byte))) {
                list.push(at);
            }
        }
        Pieces { all, ..pieces }
    }

    /// Those in a word, each once, in the order of the table.
    fn of(&self, word: &str) -> impl Iterator<Item = &Piece> {
        let bytes = word.as_bytes();
        let with =
            |lists: &[Vec<usize>; 256], byte: Option<&u8>, fits: &dyn Fn(&[u8]) -> bool, found: &mut Vec<usize>| {
                for at in byte.and_then(|byte| lists.get(usize::from(*byte))).into_iter().flatten() {
                    if self.all.get(*at).is_some_and(|piece| fits(piece.bare.as_bytes())) {
                        found.push(*at);
                    }
                }
            };
        let mut found = Vec::new();
        with(&self.by_first, bytes.first(), &|piece| bytes.starts_with(piece), &mut found);
        with(&self.by_last, bytes.last(), &|piece| bytes.ends_with(piece), &mut found);
        for from in 0..bytes.len() {
            let rest = bytes.get(from..).unwrap_or_default();
            with(&self.inside, rest.first(), &|piece| rest.starts_with(piece), &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|at| self.all.get(at))
    }
}

/// What a word begins with, ends with or contains.
struct Piece {
    bare: &'static str,
    place: Place,
    language: u8,
    weight: f32,
}

#[derive(Clone, Copy)]
enum Place {
    Start,
    End,
    Anywhere,
}

impl Piece {
    /// `^` stands for the beginning of the word, `$` for its end.
    fn new(written: &'static str, language: u8, weight: f32) -> Self {
        let place = match (written.starts_with('^'), written.ends_with('$')) {
            (true, _) => Place::Start,
            (_, true) => Place::End,
            _ => Place::Anywhere,
        };
        Piece { bare: written.trim_start_matches('^').trim_end_matches('$'), place, language, weight }
    }
}

fn index(codes: &[&str], code: &str) -> u8 {
    codes.iter().position(|c| *c == code).and_then(|i| u8::try_from(i).ok()).unwrap_or(0)
}

impl Model {
    fn index(&self, code: &str) -> u8 {
        index(&self.codes, code)
    }
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let codes: Vec<&'static str> = WORDS.iter().map(|(code, _)| *code).collect();
    let index = |code: &str| index(&codes, code);
    let mut exact: HashMap<&'static str, Vec<u8>> = HashMap::new();
    let mut folded: HashMap<String, Vec<u8>> = HashMap::new();
    for (code, list) in WORDS {
        let language = index(code);
        for word in list.split_whitespace() {
            push(exact.entry(word).or_default(), language);
            push(folded.entry(fold(word)).or_default(), language);
        }
    }
    let mut letters: HashMap<char, Vec<(u8, f32)>> = HashMap::new();
    for (letter, code, weight) in LETTERS {
        letters.entry(*letter).or_default().push((index(code), *weight));
    }
    let pieces = PIECES.iter().map(|(piece, code, weight)| Piece::new(piece, index(code), *weight)).collect();
    let mut keys: HashMap<&'static str, Vec<(u8, f32)>> = HashMap::new();
    for (word, code, weight) in KEYS {
        keys.entry(word).or_default().push((index(code), *weight));
    }
    Model {
        exact: exact.into_iter().map(|(word, languages)| (word, shared(&codes, &languages))).collect(),
        folded: folded.into_iter().map(|(word, languages)| (word, shared(&codes, &languages))).collect(),
        codes,
        keys,
        letters,
        pieces: Pieces::new(pieces),
    }
});

fn push(list: &mut Vec<u8>, language: u8) {
    if !list.contains(&language) {
        list.push(language);
    }
}

/// A word of many languages says little; that a far one has it too matters less than that a near one does.
fn shared(codes: &[&str], languages: &[u8]) -> Languages {
    let family = |l: u8| codes.get(usize::from(l)).map_or(0, |code| family(code));
    let share = |language: u8| {
        let near = languages.iter().filter(|l| family(**l) == family(language)).fold(0f32, |n, _| n + 1.0);
        let far = languages.iter().filter(|l| family(**l) != family(language)).fold(0f32, |n, _| n + 1.0);
        near.powf(1.4) + 0.25 * far
    };
    languages.iter().map(|language| (*language, share(*language))).collect()
}

/// What the script of most letters says, where it is neither Latin nor Cyrillic: the one language that writes so, or
/// that none of ours does.
fn by_script(text: &str) -> Option<Option<&'static str>> {
    const CODES: [Option<&str>; 5] = [Some("el"), Some("ja"), Some("ko"), Some("zh"), None];
    let (mut ours, mut theirs) = (0usize, [0usize; 5]);
    let is_letter = |c: &char| if c.is_ascii() { c.is_ascii_alphabetic() } else { c.is_alphabetic() };
    for c in text.chars().filter(is_letter).take(4000) {
        match u32::from(c) {
            0..=0x24f | 0x400..=0x52f | 0x1e00..=0x1eff => ours += 1,
            0x370..=0x3ff | 0x1f00..=0x1fff => theirs[0] += 1,
            0x3040..=0x30ff => theirs[1] += 1,
            0x1100..=0x11ff | 0xac00..=0xd7af => theirs[2] += 1,
            0x3400..=0x9fff | 0xf900..=0xfaff => theirs[3] += 1,
            _ => theirs[4] += 1,
        }
    }
    if theirs.iter().sum::<usize>() <= ours {
        return None;
    }
    // Japanese has Chinese characters between its own, Chinese has none of those.
    if theirs[1] > 0 && theirs[1] * 10 > theirs[3] {
        return Some(CODES[1]);
    }
    let most = theirs.iter().enumerate().max_by_key(|(_, count)| **count)?.0;
    Some(*CODES.get(most)?)
}

/// Whether a text is written in a script of which nothing is known: then what stands around it says nothing either.
pub fn is_unknown_script(text: &str) -> bool {
    by_script(text) == Some(None)
}

/// Names the language of a text.
pub fn of(text: &str) -> Option<&'static str> {
    if let Some(code) = by_script(text) {
        return code;
    }
    let model = &*MODEL;
    let mut scores = vec![0f32; model.codes.len()];
    let lower = text.to_lowercase();
    // A text that has diacritics anywhere has them everywhere: a word without them is then meant so.
    let accented = lower.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    let mut seen: HashMap<&str, u8> = HashMap::new();
    for word in tokens(&lower).take(WORDS_MAX) {
        let times = seen.entry(word).or_default();
        *times = times.saturating_add(1);
        if *times > 2 {
            continue;
        }
        weigh(model, word, accented, &mut scores);
    }
    let mut counted: HashMap<char, u8> = HashMap::new();
    for letter in lower.chars().take(4000).filter(|c| !c.is_ascii()) {
        let times = counted.entry(letter).or_default();
        *times = times.saturating_add(1);
        if *times <= 3 {
            for (language, weight) in model.letters.get(&letter).into_iter().flatten() {
                add(&mut scores, *language, *weight);
            }
        }
    }
    // Slovak and Czech hardly fill a line without á, é, í, ý, ú; Slovene and Croatian have none.
    let long = |c: char| matches!(c, 'á' | 'é' | 'í' | 'ý' | 'ú' | 'ů' | 'ě' | 'ô');
    let soft = |c: char| matches!(c, 'č' | 'š' | 'ž');
    if lower.chars().count() >= 25 && counted.keys().any(|c| soft(*c)) && !counted.keys().any(|c| long(*c)) {
        for (code, weight) in [("sl", 0.7), ("hr", 0.7), ("sk", -0.7), ("cs", -0.7)] {
            add(&mut scores, model.index(code), weight);
        }
    }
    best(model, &scores)
}

/// Words of letters only: addresses, links and numbers say nothing of a language.
fn tokens(lower: &str) -> impl Iterator<Item = &str> {
    lower
        .split_whitespace()
        .filter(|w| !(w.contains('@') || w.starts_with("www.") || w.contains(':') && w.contains("://")))
        .flat_map(|w| w.split(|c: char| !(c.is_ascii_lowercase() || c.is_alphabetic() || c == '\'' || c == '’')))
        .filter(|w| !w.is_empty() && w.len() <= 60)
}

fn weigh(model: &Model, word: &str, accented: bool, scores: &mut [f32]) {
    // Without diacritics throughout, the folded form is all there is: "prosim" is no more Slovene then than Slovak. Among
    // words with diacritics it is a slip at most.
    let folded = || if word.is_ascii() { model.folded.get(word) } else { model.folded.get(&fold(word)) };
    let exact = if accented { model.exact.get(word) } else { None };
    let (languages, weight) = match exact {
        Some(languages) => (Some(languages), 2.0),
        None => (folded(), if accented { 0.5 } else { 1.9 }),
    };
    if let Some(languages) = languages {
        let long = match word.chars().count() {
            1 => 0.35,
            2 => 0.7,
            3 => 0.9,
            _ => 1.1,
        };
        for (language, share) in languages {
            add(scores, *language, weight * long / share);
        }
    }
    for (language, weight) in model.keys.get(word).into_iter().flatten() {
        add(scores, *language, *weight);
    }
    if word.chars().count() >= 4 {
        for piece in model.pieces.of(word) {
            add(scores, piece.language, piece.weight * 0.6);
        }
    }
}

fn family(code: &str) -> u8 {
    match code {
        "sk" | "cs" | "sl" | "hr" | "pl" => 1,
        "en" | "de" | "nl" | "sv" | "da" | "no" => 2,
        "fr" | "es" | "it" | "pt" | "ro" => 3,
        "ru" | "uk" | "bg" | "mk" | "sr" => 4,
        _ => 5,
    }
}

fn add(scores: &mut [f32], language: u8, weight: f32) {
    if let Some(score) = scores.get_mut(usize::from(language)) {
        *score += weight;
    }
}

fn best(model: &Model, scores: &[f32]) -> Option<&'static str> {
    let mut order: Vec<(usize, f32)> = scores.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let ((first, top), (_, second)) = (*order.first()?, *order.get(1)?);
    let sure = top >= SCORE_MIN && top - second >= LEAD_MIN && top >= second * 1.08;
    if sure { model.codes.get(first).copied() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_kin_are_told_apart() {
        for (text, want) in [
            ("Dobrý deň, tlačiareň stále nefunguje, prosím o opravu.", "sk"),
            ("Dobry den, tlaciaren stale nefunguje, prosim vas o opravu. Dakujem", "sk"),
            ("ahojte, neviem sa prihlasit do uctu, heslo som uz menil", "sk"),
            ("stale mi to nejde prosim pomozte, heslo som uz skusal menit", "sk"),
            ("Dobrý den, tiskárna pořád nefunguje, prosím o opravu.", "cs"),
            ("Dobry den, tiskarna porad nefunguje, prosim o opravu. Dekuji", "cs"),
            ("ahoj, nemuzu se prihlasit do uctu, heslo jsem uz menil", "cs"),
            ("Pozdravljeni, tiskalnik še vedno ne dela, prosim za popravilo.", "sl"),
            ("se vedno mi ne dela mail, prosim za pomoc", "sl"),
            ("Poštovani, pisač još uvijek ne radi, molim popravak.", "hr"),
            ("postovani, jos uvijek ne mogu uci u racun, lozinku sam vec promijenio", "hr"),
            ("Hello, the printer still does not work, please help.", "en"),
            ("Guten Tag, der Drucker funktioniert immer noch nicht.", "de"),
            ("Dzień dobry, drukarka nadal nie działa, proszę o pomoc.", "pl"),
            ("Jó napot, a nyomtató még mindig nem működik.", "hu"),
            ("Bonjour, l'imprimante ne fonctionne toujours pas, merci.", "fr"),
            ("Здравствуйте, принтер всё ещё не работает.", "ru"),
            ("Доброго дня, принтер досі не працює.", "uk"),
            ("Здраво, штампач и даље не ради, шта да радим?", "sr"),
            ("Здравейте, принтерът още не работи, моля за помощ.", "bg"),
            ("Ο εκτυπωτής δεν λειτουργεί ακόμα.", "el"),
            ("プリンターがまだ動きません。", "ja"),
            ("프린터가 아직 작동하지 않습니다.", "ko"),
            ("打印机还是不能用。", "zh"),
        ] {
            assert_eq!(of(text), Some(want), "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_no_language() {
        for text in ["", "OK", "+1", "Jan Novák", "https://x.example/a/b", "INV-2026-0713", "PDF", "המדפסת לא עובדת"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
