//! Drills for the crash tests, in debug builds only: the process ends at a named place, or on reading a certain mail. In a
//! release build nothing here does anything, whatever the environment says.

/// `POSTDESK_DIE_AT=after-commit:17`: the process ends, without a word and without cleaning up, when it comes to this
/// place for the 17th time. `POSTDESK_WAIT_AT=shown:PATH`: when it first comes to this place it makes the file PATH and goes
/// on when that is gone.
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
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::Duration;

    struct Bomb {
        name: String,
        left: AtomicU32,
    }

    static BOMB: OnceLock<Option<Bomb>> = OnceLock::new();
    static WAIT: OnceLock<Option<Wait>> = OnceLock::new();
    static POISON: OnceLock<Option<Vec<u8>>> = OnceLock::new();

    pub(super) fn point(name: &str) {
        wait(name);
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

    struct Wait {
        name: String,
        file: PathBuf,
        done: AtomicBool,
    }

    fn wait(name: &str) {
        let wait = WAIT.get_or_init(|| {
            let text = std::env::var("POSTDESK_WAIT_AT").ok()?;
            let (name, file) = text.split_once(':')?;
            Some(Wait { name: name.to_owned(), file: file.into(), done: AtomicBool::new(false) })
        });
        if let Some(wait) = wait
            && wait.name == name
            && !wait.done.swap(true, Ordering::SeqCst)
            && std::fs::write(&wait.file, "").is_ok()
        {
            while wait.file.exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
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
