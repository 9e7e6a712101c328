//! Any text as a forwarded mail, inline and attached.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    common::read(&common::mail("Subject: Fwd: x\r\nContent-Type: text/plain; charset=utf-8", data));
    common::read(&common::mail("Subject: Fwd: x\r\nContent-Type: message/rfc822", data));
});
