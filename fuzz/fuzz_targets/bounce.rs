//! Any text as a bounce, in words and as a delivery report.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    common::read(&common::mail("Sender: MAILER-DAEMON@x.example\r\nReturn-Path: <>\r\nSubject: failure notice", data));
    let head = "Content-Type: multipart/report; report-type=delivery-status; boundary=b";
    let body = [&b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"[..], data, b"\r\n--b--\r\n"].concat();
    common::read(&common::mail(head, &body));
});
