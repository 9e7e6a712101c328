//! Any bytes as a winmail.dat.

#![no_main]

mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::tnef(data));
