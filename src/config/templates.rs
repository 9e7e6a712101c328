//! The folder of reply templates: `NAME.md` for every language, `NAME.sk.md` for one. What is in them is looked at by
//! whoever fills them.

use std::path::Path;

use crate::model::Language;
use crate::model::reply_template::{FILES_MAX, ReplyTemplates, TEXT_MAX, TemplateText, is_name};

use super::mistake::Mistake;
use super::notes::Notes;
use super::{file, folder};

pub fn templates(file: file::Templates, notes: &mut Notes<'_>) -> ReplyTemplates {
    let mut templates = ReplyTemplates::new();
    let Some(folder) = file.folder else { return templates };
    if !notes.looks_at_files() {
        return templates;
    }
    let mut files = folder::files(&folder, "templates.folder", "templates", "md", notes).unwrap_or_default();
    if files.len() > FILES_MAX {
        let message = format!("There are more than {FILES_MAX} templates");
        notes.mistake(folder.span(), "templates.folder", message, Some("The others are not read"));
        files.truncate(FILES_MAX);
    }
    for path in files {
        let Some((name, language)) = named(&path) else {
            let hint = "NAME.md, or NAME.sk.md for one language (sk, cs, sl, hr, en, de); the name in small letters a to z, \
                        digits, \"-\" and \"_\"";
            let message = "No command can name this template";
            notes.mistakes.push(Mistake::about(&path, message, Some(hint.to_owned())));
            continue;
        };
        match read(&path) {
            Ok(text) => {
                templates.entry(name).or_default().texts.insert(language, text);
            }
            Err(mistake) => notes.mistakes.push(*mistake),
        }
    }
    templates
}

/// `vpn-reset.sk.md` → (`vpn-reset`, sk).
fn named(path: &Path) -> Option<(String, Option<Language>)> {
    let stem = path.file_stem()?.to_str()?;
    let (name, language) = match stem.split_once('.') {
        Some((name, code)) => (name, Some(Language::ALL.into_iter().find(|l| l.code() == code)?)),
        None => (stem, None),
    };
    is_name(name).then(|| (name.to_owned(), language))
}

fn read(path: &Path) -> Result<TemplateText, Box<Mistake>> {
    let about = |line: usize, message: String, hint: Option<&str>| {
        let mistake = Mistake::about(path, message, hint.map(str::to_owned));
        Box::new(if line > 0 { mistake.at_line(line) } else { mistake })
    };
    let unreadable = |e: std::io::Error| about(0, format!("The template cannot be read: {e}"), None);
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > TEXT_MAX as u64 {
        return Err(about(0, format!("The template is larger than {} KiB", TEXT_MAX / 1024), None));
    }
    let whole = std::fs::read_to_string(path).map_err(unreadable)?.replace("\r\n", "\n");
    let Some(front) = whole.strip_prefix("---\n") else {
        return Ok(TemplateText { file: path.to_owned(), about: None, text: whole, line: 1 });
    };
    let Some((front, text)) = front.split_once("\n---\n") else {
        let hint = "What begins with \"---\" needs another such line below it";
        return Err(about(1, "Its head has no end".to_owned(), Some(hint)));
    };
    let mut said = None;
    for (number, line) in (2..).zip(front.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        match line.split_once(':') {
            Some((key, value)) if key.trim() == "about" => said = Some(value.trim().trim_matches('"').to_owned()),
            _ => {
                return Err(about(number, "Its head says something unknown".to_owned(), Some("about: what it is for")));
            }
        }
    }
    let line = front.lines().count() + 3;
    Ok(TemplateText { file: path.to_owned(), about: said, text: text.to_owned(), line })
}
