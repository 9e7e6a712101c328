//! Lines whose parts the sender's program glued together.

use crate::parse::lines::Line;

use super::block::{self, Divider};
use super::{attribution, words};

/// Takes such lines apart: Yahoo's forwarded header in one line, and an attribution that shares its line with the end of
/// the reply.
pub fn prepare(lines: &[Line]) -> Vec<Line> {
    let mut out = Vec::with_capacity(lines.len());
    for line in lines {
        if line.depth == 3 && line.text.trim_end().ends_with(">>>") {
            // GroupWise's own head, which only looks like a quotation.
            out.push(Line { text: format!(">>> {}", line.text), depth: 0, ..line.clone() });
        } else if let Some(fields) = ruled_header(line) {
            out.extend(fields.into_iter().map(|text| Line { text, rule: false, ..line.clone() }));
        } else if let Some((before, fields)) = glued_header(&line.text) {
            out.push(Line { text: before, ..line.clone() });
            out.extend(fields.into_iter().map(|text| Line { text, rule: false, ..line.clone() }));
        } else if let Some(at) = attribution::begins_inside(&line.text) {
            let (reply, rest) = line.text.split_at(at);
            let reply = reply.trim_end().trim_end_matches('-').trim_end();
            out.push(Line { text: reply.to_owned(), ..line.clone() });
            out.push(Line { text: rest.to_owned(), rule: false, ..line.clone() });
        } else {
            out.push(line.clone());
        }
    }
    out
}

/// `----- Forwarded Message ----- From: A <a@x>To: B <b@x>Sent: …Subject: …`
fn glued_header(text: &str) -> Option<(String, Vec<String>)> {
    let trimmed = text.trim_start();
    if !trimmed.starts_with("---") || trimmed.len() > 8000 {
        return None;
    }
    let inner = trimmed.trim_start_matches('-');
    let end = inner.find("---")?;
    let after = inner.get(end..)?.trim_start_matches('-');
    let divider = trimmed.get(..trimmed.len() - after.len())?;
    if after.trim().is_empty() || block::divider(divider) == Divider::None {
        return None;
    }
    let starts = label_starts(after);
    let first = *starts.first()?;
    if !after.get(..first)?.trim().is_empty() || starts.len() < 3 {
        return None;
    }
    let mut fields = Vec::new();
    for (i, start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(after.len());
        fields.push(after.get(*start..end)?.trim().to_owned());
    }
    Some((divider.trim().to_owned(), fields))
}

/// Fields that an HTML mail puts into one line, right below a rule.
fn ruled_header(line: &Line) -> Option<Vec<String>> {
    if !line.rule || line.text.len() > 2000 {
        return None;
    }
    let starts = label_starts(&line.text);
    if starts.first() != Some(&0) || starts.len() < 2 {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([line.text.len()]);
    starts.iter().zip(ends).map(|(from, to)| line.text.get(*from..to).map(|t| t.trim().to_owned())).collect()
}

/// Where labels of a header block begin in a line without breaks.
fn label_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut seen = Vec::new();
    for (colon, _) in text.match_indices([':', '：']).take(200) {
        let before: Vec<(usize, char)> = text.get(..colon).unwrap_or_default().char_indices().rev().take(24).collect();
        // The longest label that ends here and begins with a capital.
        let found = before.iter().rev().find_map(|&(at, c)| {
            let label =
                (!c.is_lowercase() && c.is_alphabetic()).then(|| block::label(text.get(at..colon)?)).flatten()?;
            Some((at, label))
        });
        if let Some((at, label)) = found
            && !seen.contains(&label)
        {
            seen.push(label);
            starts.push(at);
            if label == words::Label::Subject {
                break;
            }
        }
    }
    starts
}
