//! Files that old programs put straight into the text: `begin 644 name` … `end`.

use super::transfer;

/// A file's name and its decoded bytes.
pub type File = (String, Vec<u8>);

/// The text without its uuencoded files, and the files; None where there are none.
pub fn extract(text: &str) -> Option<(String, Vec<File>)> {
    if !text.contains("begin ") {
        return None;
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let file = begin(line).and_then(|name| body(lines.get(at + 1..)?).map(|len| (name, len)));
        if let Some((name, len)) = file {
            let block = lines.get(at..at + 1 + len).unwrap_or_default().join("\n");
            files.push((name.to_owned(), transfer::decode("x-uuencode", block.as_bytes()).bytes));
            at += 1 + len;
        } else {
            kept.push(*line);
            at += 1;
        }
    }
    (!files.is_empty()).then(|| (kept.join("\n"), files))
}

/// The file's name, where a line begins one.
fn begin(line: &str) -> Option<&str> {
    let rest = line.trim_end().strip_prefix("begin ")?;
    let (mode, name) = rest.split_once(' ')?;
    let octal = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    (octal && !name.trim().is_empty()).then_some(name.trim())
}

/// How many lines the data and its `end` take; None where this is ordinary text.
fn body(lines: &[&str]) -> Option<usize> {
    let mut data = 0;
    for (i, line) in lines.iter().enumerate() {
        let line = line.trim_end_matches('\r');
        if line.trim_end() == "end" && data > 0 {
            return Some(i + 1);
        }
        let first = line.bytes().next();
        if line.is_empty() || first == Some(b'`') {
            continue;
        }
        let wanted = usize::from(first?.wrapping_sub(32) & 63).div_ceil(3) * 4;
        if !line.bytes().all(|b| (32..=96).contains(&b)) || line.len() > wanted + 6 {
            return None;
        }
        data += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_out_and_ordinary_text_is_not() {
        let (text, files) = extract("Hi\nbegin 644 a.txt\n%2&5L;&\\\n`\nend\nBye").expect("a file");
        assert_eq!((text.as_str(), files[0].0.as_str(), files[0].1.as_slice()), ("Hi\nBye", "a.txt", &b"Hello"[..]));
        assert!(extract("Let us begin 100 things\nbegin 644 x\nnot data at all\nend").is_none());
    }
}
