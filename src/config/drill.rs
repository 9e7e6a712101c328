//! Drills for the crash tests, in debug builds only: the process ends at a named place, or on reading a certain mail. In a
//! release build nothing here does anything, whatever the environment says.

/// `POSTDESK_DIE_AT=after-commit:17`: the process ends, without a word and without cleaning up, when it comes to this
/// place for the 17th time.
pub fn point(name: &str) {
    #[cfg(debug_assertions)]
    armed::point(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// `POSTDESK_POISON=words`: the process ends when it reads a mail that has these words in it, as a stack overflow or a lack
/// of memory would end it.
pub fn poison(raw: &[u8]) {
    #[cfg(debug_assertions)]
    armed::poison(raw);
    #[cfg(not(debug_assertions))]
    let _ = raw;
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Bomb {
        name: String,
        left: AtomicU32,
    }

    static BOMB: OnceLock<Option<Bomb>> = OnceLock::new();
    static POISON: OnceLock<Option<Vec<u8>>> = OnceLock::new();

    pub(super) fn point(name: &str) {
        let bomb = BOMB.get_or_init(|| {
            let text = std::env::var("POSTDESK_DIE_AT").ok()?;
            let (name, count) = text.rsplit_once(':').unwrap_or((&text, "1"));
            Some(Bomb { name: name.to_owned(), left: AtomicU32::new(count.parse().unwrap_or(1)) })
        });
        if let Some(bomb) = bomb
            && bomb.name == name
            && bomb.left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            std::process::abort();
        }
    }

    pub(super) fn poison(raw: &[u8]) {
        let poison = POISON.get_or_init(|| Some(std::env::var("POSTDESK_POISON").ok()?.into_bytes()));
        if let Some(words) = poison
            && !words.is_empty()
            && raw.windows(words.len()).any(|window| window == words)
        {
            std::process::abort();
        }
    }
}
