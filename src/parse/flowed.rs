//! format=flowed (RFC 3676): lines that the sender's program broke are joined again.

/// Joins flowed lines. Lines of different quote depth never join, and the signature separator ends a paragraph.
pub fn unfold(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The depth of the paragraph that the line before left open.
    let mut open: Option<usize> = None;
    for (i, line) in text.split('\n').enumerate() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        let content = content.strip_prefix(' ').unwrap_or(content);
        if open == Some(depth) && content != "-- " {
            out.push_str(content);
        } else {
            if i > 0 {
                out.push('\n');
            }
            out.push_str(line.get(..depth).unwrap_or_default());
            if depth > 0 {
                out.push(' ');
            }
            out.push_str(content);
        }
        let flows = content.ends_with(' ') && content != "-- " && !content.trim().is_empty();
        open = flows.then_some(depth);
        if flows && delsp {
            out.pop();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_joined_and_quotes_kept_apart() {
        assert_eq!(unfold("a \nb\nc", false), "a b\nc");
        assert_eq!(unfold("> a \n> b\nc", false), "> a b\nc");
        assert_eq!(unfold("> a \nb", false), "> a \nb");
        assert_eq!(unfold("a \n-- \nb", false), "a \n-- \nb");
        assert_eq!(unfold("日本 \n語", true), "日本語");
        assert_eq!(unfold("a\n b\n", false), "a\nb\n");
    }
}
