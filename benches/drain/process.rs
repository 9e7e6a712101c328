//! What a child process costs, as Linux counts it in `/proc`.

use std::fs;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// USER_HZ: in which `/proc/PID/stat` counts, on every Linux there is.
const TICKS_PER_SECOND: u64 = 100;

#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// In user space and in the kernel, of all threads.
    pub cpu: Duration,
    /// The most memory that it ever had, in bytes.
    pub peak_rss: u64,
    /// What it made the block layer write, in bytes.
    pub written: u64,
}

/// What a process has used up to now; None once it is gone.
pub fn usage(pid: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (name) state …`, utime and stime are the 14th and 15th; the name may have spaces in it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let io = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    Some(Usage {
        cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND),
        // A zombie has no memory, and its line is missing.
        peak_rss: named(&status, "VmHWM:")? * 1024,
        written: named(&io, "write_bytes:")?,
    })
}

fn named(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|l| l.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// Waits for the end of a process. Its last counts are up to [`LOOK`] old.
pub fn wait(child: &mut Child, longest: Duration) -> (ExitStatus, Usage) {
    let (pid, begin) = (child.id(), Instant::now());
    let mut last = Usage::default();
    loop {
        if let Some(status) = child.try_wait().expect("waited for") {
            return (status, last);
        }
        assert!(begin.elapsed() < longest, "process {pid} does not end");
        last = usage(pid).unwrap_or(last);
        std::thread::sleep(LOOK);
    }
}

/// Time between two looks at a process or at the database.
pub const LOOK: Duration = Duration::from_millis(10);
