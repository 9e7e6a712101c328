//! What the benchmarks share.
#![allow(dead_code)] // Each uses its part.

/// `cargo test --all-targets` starts benchmarks too, without this argument of `cargo bench`: that is no time for them.
pub fn is_asked_for(script: &str) -> bool {
    let asked = std::env::args().any(|a| a == "--bench");
    if !asked {
        println!("This is run by {script}.");
    }
    asked
}

/// What is measured; another build of it, to set two side by side, is named by `POSTDESK_PROGRAM`.
pub fn program() -> std::ffi::OsString {
    std::env::var_os("POSTDESK_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_postdesk").into())
}

/// Median, 99th percentile and the largest, by the nearest rank.
pub fn percentiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1];
    [at(0.5), at(0.99), at(1.0)]
}
