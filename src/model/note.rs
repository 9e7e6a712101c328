//! The address to which notes go: an agent's own plus-address, marked.

/// Stands before the detail of an agent's plus-address to which notes go.
pub const NOTE_DETAIL: &str = "note-";

/// The detail without the mark of the note address. Whoever takes the mark off, or puts it on, is not believed the more
/// for it, and guesses no less.
pub fn bare_detail(detail: &str) -> &str {
    if is_note_detail(detail) { &detail[NOTE_DETAIL.len()..] } else { detail }
}

/// Whether what is sent to a plus-address of this detail is a note.
pub fn is_note_detail(detail: &str) -> bool {
    detail.get(..NOTE_DETAIL.len()).is_some_and(|start| start.eq_ignore_ascii_case(NOTE_DETAIL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_told_from_a_token() {
        for marked in ["note-1a-1001-x-y", "NOTE-1a-1001-x-y"] {
            assert!(is_note_detail(marked));
            assert_eq!(bare_detail(marked), "1a-1001-x-y");
        }
        for bare in ["1a-1001-x-y", "note", "ñote-1a", ""] {
            assert!(!is_note_detail(bare));
            assert_eq!(bare_detail(bare), bare);
        }
    }
}
