//! The words and files that an order brings: from the command line, a file or standard input.

use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use crate::cli::exit::{self, Failure, OrExit as _};
use crate::model::text::clean_text;
use crate::model::{Attachment, Digest};

/// Longest text, in bytes: what is kept of a mail's text too.
const TEXT_MAX: u64 = 1_000_000;
/// All attachments together, in bytes: in base64 they stay under the 50 MB that a mail may have.
const ATTACHED_MAX: u64 = 35_000_000;

#[derive(clap::Args, Debug)]
pub struct Words {
    /// The text; else it is read from --file, or from standard input
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
    /// A file with the text; "-" is standard input
    #[arg(long, short = 'F', value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,
}

impl Words {
    /// The text, which must be there.
    pub fn read(self) -> Result<String, Failure> {
        let text = match (self.message, self.file) {
            (Some(text), _) => text,
            (None, Some(path)) if path.as_os_str() != "-" => {
                let file = std::fs::File::open(&path);
                let named = |e: io::Error| anyhow::anyhow!("Cannot read {}: {e}", path.display());
                text_of(file.map_err(named).code(exit::DATA)?, &path.display().to_string())?
            }
            (None, _) => {
                if io::stdin().is_terminal() {
                    eprintln!("Write the text; an empty line and Ctrl-D end it.");
                }
                text_of(io::stdin().lock(), "standard input")?
            }
        };
        let text = clean_text(&text).trim_end().to_owned();
        if text.trim().is_empty() {
            return Err(exit::fail(exit::DATA, "There is no text: nothing was done"));
        }
        Ok(text)
    }
}

fn text_of(from: impl Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(TEXT_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|e| anyhow::anyhow!("Cannot read {name}: {e}")).code(exit::DATA)?;
    if bytes.len() as u64 > TEXT_MAX {
        return Err(exit::fail(exit::DATA, format!("The text in {name} is longer than {TEXT_MAX} bytes")));
    }
    let not_text = |_| exit::fail(exit::DATA, format!("The text in {name} is not UTF-8"));
    String::from_utf8(bytes).map_err(not_text)
}

/// Reads the files that go with an answer.
pub fn attachments(paths: &[PathBuf]) -> Result<Vec<Attachment>, Failure> {
    let mut left = ATTACHED_MAX;
    let mut attachments = Vec::new();
    for path in paths {
        let named = |e: io::Error| anyhow::anyhow!("Cannot attach {}: {e}", path.display());
        let mut content = Vec::new();
        let file = std::fs::File::open(path).map_err(named).code(exit::DATA)?;
        file.take(left + 1).read_to_end(&mut content).map_err(named).code(exit::DATA)?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| {
            exit::fail(exit::DATA, format!("The attachments are larger than {} MB in all", ATTACHED_MAX / 1_000_000))
        })?;
        attachments.push(Attachment {
            name: path.file_name().map(|n| n.to_string_lossy().into_owned()),
            media_type: media_type(path).to_owned(),
            disposition: "attachment".to_owned(),
            cid: None,
            size: content.len(),
            sha256: Digest::of(&content),
            content: content.into(),
            span: None,
        });
    }
    Ok(attachments)
}

/// By the file name's end (IANA media types); what is not known goes as plain bytes.
fn media_type(path: &Path) -> &'static str {
    let end = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    match end.as_str() {
        "csv" => "text/csv",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "gif" => "image/gif",
        "htm" | "html" => "text/html",
        "ics" => "text/calendar",
        "jpeg" | "jpg" => "image/jpeg",
        "json" => "application/json",
        "log" | "txt" => "text/plain",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odt" => "application/vnd.oasis.opendocument.text",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "webp" => "image/webp",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xml" => "application/xml",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_utf8_bounded_and_not_empty() {
        assert_eq!(text_of("Dobrý deň".as_bytes(), "x").ok().as_deref(), Some("Dobrý deň"));
        assert!(text_of(&b"Dobr\xfd"[..], "x").is_err());
        assert!(text_of(io::repeat(b'a'), "x").is_err());
        let words = |text: &str| Words { message: Some(text.into()), file: None }.read().map_err(|f| f.code);
        assert_eq!(words("a\r\nb\x1b[0m\n\n"), Ok("a\nb[0m".into()));
        assert_eq!(words(" \n"), Err(exit::DATA));
    }

    #[test]
    fn files_are_attached_by_name_and_kind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("Faktúra 1.PDF");
        std::fs::write(&path, b"%PDF").expect("is written");
        let read = attachments(std::slice::from_ref(&path)).expect("is read");
        let [a] = read.as_slice() else { panic!("one attachment") };
        assert_eq!((a.name.as_deref(), a.media_type.as_str()), (Some("Faktúra 1.PDF"), "application/pdf"));
        assert_eq!((a.content.as_ref(), a.sha256), (&b"%PDF"[..], Digest::of(b"%PDF")));
        let missing = attachments(&[folder.path().join("none")]).map_err(|f| (f.code, f.error.to_string()));
        assert!(missing.is_err_and(|(code, text)| code == exit::DATA && text.starts_with("Cannot attach")));
    }
}
