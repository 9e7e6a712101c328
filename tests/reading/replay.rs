//! The fuzz targets' seeds, and every input that ever broke one, through the targets themselves: short and the same each
//! time. `fuzz/run` looks for new ones.

#[path = "../../fuzz/fuzz_targets/targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::fixtures;

/// What stands below the header block of a mail.
fn body(mail: &[u8]) -> &[u8] {
    let at = mail.windows(2).position(|w| w == b"\n\n").map(|i| i + 2);
    let at = at.or_else(|| mail.windows(4).position(|w| w == b"\r\n\r\n").map(|i| i + 4));
    &mail[at.unwrap_or(0)..]
}

#[test]
fn every_target_reads_every_seed() {
    for (name, mail) in fixtures() {
        let body = body(&mail);
        // Whole, without its header, and cut in the middle: what a fuzzer tries first.
        for bytes in [&mail[..], body, &body[..body.len() / 2]] {
            for (target, run) in targets::ALL {
                let held = catch_unwind(AssertUnwindSafe(|| run(bytes)));
                assert!(held.is_ok(), "{target} breaks on {name}");
            }
        }
    }
}

#[test]
fn what_once_broke_a_target_breaks_it_no_more() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/found");
    let mut inputs = 0;
    for (target, run) in targets::ALL {
        let Ok(entries) = std::fs::read_dir(folder.join(target)) else { continue };
        for path in entries.map(|e| e.expect("an entry").path()) {
            let bytes = std::fs::read(&path).expect("an input");
            let held = catch_unwind(AssertUnwindSafe(|| run(&bytes)));
            assert!(held.is_ok(), "{target} breaks on {}", path.display());
            inputs += 1;
        }
    }
    assert!(inputs > 0, "fuzz/found has no inputs: was it moved?");
}
