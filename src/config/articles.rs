//! Articles: a folder of Markdown files with a head between two lines of `---`. Every mistake is named with its file and
//! line; an article with one keeps the configuration from being used, as any other mistake does.

use std::path::Path;

use toml::Spanned;

use crate::model::article::{Article, Articles, THRESHOLD, TITLE_MAX};
use crate::model::{Category, Language};

use super::mistake::Mistake;
use super::notes::Notes;
use super::read::nearest;
use super::{file, folder};

/// Largest file of an article, in bytes, and articles at most.
const FILE_MAX: u64 = 256 * 1024;
const ARTICLES_MAX: usize = 1_000;
/// Largest threshold: no mail reaches it.
const THRESHOLD_MAX: f64 = 100.0;

const KEYS: [&str; 5] = ["title", "language", "category", "words", "url"];

pub fn articles(file: file::Articles, categories: &[Category], notes: &mut Notes<'_>) -> Articles {
    let threshold = match &file.threshold {
        Some(threshold) if !(0.1..=THRESHOLD_MAX).contains(threshold.get_ref()) => {
            notes.mistake(
                threshold.span(),
                "articles.threshold",
                "Out of range",
                Some("0.1 to 100; `explain` shows scores"),
            );
            THRESHOLD
        }
        Some(threshold) => *threshold.get_ref(),
        None => THRESHOLD,
    };
    let Some(folder) = file.folder.filter(|_| notes.looks_at_files()) else {
        return Articles::new(Vec::new(), threshold);
    };
    Articles::new(of_folder(&folder, categories, notes), threshold)
}

fn of_folder(folder: &Spanned<String>, categories: &[Category], notes: &mut Notes<'_>) -> Vec<Article> {
    const KEY: &str = "articles.folder";
    let Some(mut paths) = folder::files(folder, KEY, "articles", "md", notes) else { return Vec::new() };
    if paths.is_empty() {
        notes.hint(folder.span(), KEY, "There is no article in this folder", Some("Files that end in .md"));
    }
    if paths.len() > ARTICLES_MAX {
        let message = format!("There are {} articles, more than {ARTICLES_MAX}", paths.len());
        notes.mistake(folder.span(), KEY, message, None);
        paths.truncate(ARTICLES_MAX);
    }
    let mut articles = Vec::new();
    for path in paths {
        match load(&path).map(|text| read(&path, &text, categories)) {
            Ok(read) => {
                notes.mistakes.extend(read.mistakes);
                if read.article.is_cut() {
                    let message =
                        "It has no `url`, and more text than an acknowledgement holds: customers get its beginning";
                    notes.hints.push(Mistake::about(
                        &path,
                        message,
                        Some("Say where all of it can be read".to_owned()),
                    ));
                }
                articles.push(read.article);
            }
            Err(mistake) => notes.mistakes.push(*mistake),
        }
    }
    articles
}

fn load(path: &Path) -> Result<String, Box<Mistake>> {
    let about = |message: String| Box::new(Mistake::about(path, message, None));
    let unreadable = |error: std::io::Error| {
        Box::new(Mistake::about(path, format!("The article cannot be read: {error}"), None).because_of(error.kind()))
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_MAX {
        return Err(about("The article is larger than 256 KiB".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        Box::new(Mistake::about(path, "The article is not UTF-8", Some("Save it as UTF-8".to_owned())).at_line(line))
    })
}

/// An article as far as it could be read, and what is wrong with it.
struct Read {
    article: Article,
    mistakes: Vec<Mistake>,
}

impl Read {
    fn wrong(&mut self, path: &Path, line: usize, message: impl Into<String>, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.mistakes.push(Mistake::about(path, message, hint).at_line(line));
    }
}

fn read(path: &Path, text: &str, categories: &[Category]) -> Read {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut read = Read { article: Article { name, ..Article::default() }, mistakes: Vec::new() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &&str| line.trim_end() == "---";
    let end = lines.iter().skip(1).position(is_rule).map(|at| at + 1);
    let Some(end) = end.filter(|_| lines.first().is_some_and(is_rule)) else {
        let hint = "It begins with a line `---`, then `title: …` and the like, then a line `---` again";
        read.wrong(path, 1, "The article has no head", hint);
        return read;
    };
    let mut last = "";
    for (number, line) in (2..).zip(&lines[1..end]) {
        last = head_line(&mut read, path, number, line, last, categories);
    }
    read.article.text = lines[end + 1..].join("\n").trim().to_owned();
    if read.article.title.is_empty() && !read.mistakes.iter().any(|m| m.message.contains("`title`")) {
        read.wrong(path, 1, "The article has no title", "A line `title: …` in its head");
    }
    if read.article.url.is_none() && read.article.text.is_empty() {
        read.wrong(path, end + 1, "The article has neither a text nor a `url`", "");
    }
    read
}

/// One line of the head. Returns the key that goes on in items below it.
fn head_line<'l>(
    read: &mut Read,
    path: &Path,
    number: usize,
    line: &'l str,
    last: &'l str,
    categories: &[Category],
) -> &'l str {
    let bare = line.trim();
    if bare.is_empty() || bare.starts_with('#') {
        return last;
    }
    if let Some(item) = bare.strip_prefix("- ").filter(|_| last == "words") {
        read.article.words.extend(list(item));
        return last;
    }
    let Some((key, value)) = bare.split_once(':') else {
        read.wrong(path, number, "This line of the head is no `key: value`", "");
        return "";
    };
    let (key, value) = (key.trim(), value.trim());
    match key {
        "title" => read.article.title = unquoted(value).to_owned(),
        "words" => read.article.words.extend(list(value)),
        "language" => match Language::ALL.into_iter().find(|l| l.code() == unquoted(value)) {
            Some(language) => read.article.language = Some(language),
            None => read.wrong(
                path,
                number,
                format!("`{value}` is no language of the desk"),
                "One of: sk, cs, sl, hr, en, de",
            ),
        },
        "category" => category(read, path, number, unquoted(value), categories),
        "url" => url(read, path, number, unquoted(value)),
        _ => {
            let hint = match nearest(key, KEYS.into_iter()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Known here: {}", KEYS.join(", ")),
            };
            read.wrong(path, number, format!("Unknown key `{key}`"), &hint);
        }
    }
    if key == "title" && read.article.title.is_empty() {
        read.wrong(path, number, "The `title` is empty", "");
    }
    if key == "title" && read.article.title.chars().count() > TITLE_MAX {
        read.wrong(path, number, format!("The `title` is longer than {TITLE_MAX} characters"), "");
    }
    key
}

fn category(read: &mut Read, path: &Path, number: usize, value: &str, categories: &[Category]) {
    let Some(category) = categories.iter().find(|c| c.name == value) else {
        let known = || categories.iter().map(|c| c.name.as_str());
        let hint = nearest(value, known()).map(|near| format!("Did you mean `{near}`?"));
        let all = || format!("There is: {}", known().collect::<Vec<_>>().join(", "));
        return read.wrong(path, number, format!("`{value}` is no category"), &hint.unwrap_or_else(all));
    };
    if category.restricted {
        return read.wrong(path, number, format!("`{value}` is restricted: nothing is offered on its tickets"), "");
    }
    read.article.category = Some(value.to_owned());
}

fn url(read: &mut Read, path: &Path, number: usize, value: &str) {
    let is_address = (value.starts_with("https://") || value.starts_with("http://"))
        && value.len() > 10
        && value.len() < 300
        && !value.contains(|c: char| c.is_whitespace() || c.is_control());
    if !is_address {
        return read.wrong(
            path,
            number,
            "This is no address that a customer could open",
            "Such as https://help.acme.example/heslo",
        );
    }
    read.article.url = Some(value.to_owned());
}

/// `[a, "b c"]`, or `a, b c`.
fn list(value: &str) -> Vec<String> {
    let inside = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(value);
    inside.split(',').map(|item| unquoted(item.trim()).to_owned()).filter(|item| !item.is_empty()).collect()
}

fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}
