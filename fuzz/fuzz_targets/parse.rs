//! Any bytes as a mail. Seeds: `fixtures/messages/*.eml`.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    common::read(data);
});
