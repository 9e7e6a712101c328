//! Any bytes as the value of each field that is decoded.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for name in ["From", "Subject", "Date", "References", "Content-Type", "Content-Disposition", "List-Id", "Received"] {
        let mail = [name.as_bytes(), b": ", data, b"\r\nX-End: 1\r\n\r\nbody"].concat();
        common::read(&mail);
    }
});
