//! The page as Chromium shows it, by day and by night, without a network. `POSTDESK_SCREENSHOTS=FOLDER` keeps the pictures.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::desk::cli_support::Bench;
use super::desk::{EVIL, known_desk};

const PATIENCE: Duration = Duration::from_secs(120);

/// Runs Chromium on the page; what it wrote to standard output. Each run has a profile of its own.
fn chromium(bench: &Bench, page: &Path, flags: &[&str]) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    let stdout = bench.path("chromium.out");
    let mut child = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(flags)
        .arg(format!("file://{}", page.display()))
        .stdout(std::fs::File::create(&stdout).expect("a file"))
        .stderr(Stdio::null())
        .spawn()
        .expect("Debian's chromium is there (scripts/test installs it)");
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("its end is seen") {
            break status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("Chromium did not end within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(status.success(), "Chromium ended with {status}");
    std::fs::read_to_string(&stdout).expect("is text")
}

/// What a picture shows: its size, how many colours there are, and how light it is on the whole (0 to 255).
fn look_at(path: &Path) -> ((u32, u32), usize, u64) {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).expect("the picture")));
    let mut reader = decoder.read_info().expect("is a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut bytes).expect("is whole");
    let step = info.color_type.samples();
    let pixels: Vec<&[u8]> = bytes.chunks_exact(step).map(|pixel| &pixel[..3]).collect();
    let light: u64 = pixels.iter().map(|p| p.iter().map(|c| u64::from(*c)).sum::<u64>() / 3).sum();
    let colours: BTreeSet<&[u8]> = pixels.iter().copied().collect();
    ((info.width, info.height), colours.len(), light / pixels.len() as u64)
}

fn page_of(bench: &Bench) -> std::path::PathBuf {
    let page = bench.path("report.html");
    let path = page.to_string_lossy().into_owned();
    bench.run(&["report", "--since", "2026-11-01", "--until", "2026-11-30", "--html", &path]).text();
    page
}

#[test]
fn the_page_is_shown_by_day_and_by_night() {
    let bench = known_desk();
    let page = page_of(&bench);
    let shot = |name: &str, dark: bool| {
        let picture = bench.path(name);
        let to = format!("--screenshot={}", picture.display());
        let mut flags = vec![to.as_str(), "--window-size=1280,3000"];
        if dark {
            flags.push("--blink-settings=preferredColorScheme=0");
        }
        chromium(&bench, &page, &flags);
        if let Some(folder) = std::env::var_os("POSTDESK_SCREENSHOTS") {
            std::fs::copy(&picture, Path::new(&folder).join(name)).expect("is copied");
        }
        look_at(&picture)
    };
    let (size, colours, light) = shot("light.png", false);
    assert_eq!(size, (1280, 3000));
    assert!(colours > 100 && light > 220, "{colours} colours, lightness {light}");
    let (_, colours, dark) = shot("dark.png", true);
    assert!(colours > 100 && dark < 60, "{colours} colours, lightness {dark}");
}

#[test]
fn the_page_says_the_figures_and_needs_nothing_else() {
    let bench = known_desk();
    let page = page_of(&bench);
    let html = std::fs::read_to_string(&page).expect("is there");
    for outside in ["http://", "https://", "src=", "<link", "<script", "url(", "@import"] {
        assert!(!html.contains(outside), "the page names {outside}");
    }
    let dom = chromium(&bench, &page, &["--dump-dom"]);
    for (what, text) in [
        ("tile", "<dt>Tickets opened</dt><dd>5</dd>"),
        ("tile", "<dt>Answered in time</dt><dd>50 %</dd>"),
        (
            "time",
            "<th scope=\"row\">resolution</th><td class=\"label\">no SLA, wall time</td><td>2</td><td>48 h</td><td>72 h</td>",
        ),
        (
            "agent",
            "<th scope=\"row\">peter</th><td>1</td><td>1</td><td>0</td><td>0</td><td>2</td><td>0 %</td><td>55 min</td>",
        ),
        ("organisation", "<th scope=\"row\">Firma</th><td>50 %</td><td>1</td><td>1</td><td>0</td>"),
        ("bounces", "<th scope=\"row\">firma.example</th><td>1</td><td>0</td>"),
        ("chart", "aria-label=\"Tickets opened and resolved\""),
    ] {
        assert!(dom.contains(text), "{what}: {text} is missing in\n{dom}");
    }
    // The browser read it as text: no element was made of it.
    assert!(!dom.contains("<script") && dom.contains("&lt;script&gt;"), "{EVIL}");
    assert!(dom.matches("<svg").count() >= 7, "charts are missing");
    assert_eq!(dom.matches("<section").count(), dom.matches("<table").count(), "beside each chart stands a table");
}
