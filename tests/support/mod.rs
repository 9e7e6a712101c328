//! What the tests against real servers share. Each test file uses a part of it.
#![allow(dead_code)]

pub mod desk;
pub mod dovecot;
pub mod fault_proxy;
pub mod outbox_store;
pub mod postfix;
pub mod scripted_imap;
pub mod shim;
pub mod smtp_sink;

use std::net::TcpListener;
use std::time::Duration;

/// A port on loopback that was free a moment ago. Whoever binds it must be ready to find it taken.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("loopback has a free port").port()
}

/// Looks until `look` finds something, with pauses that grow from 10 to 200 ms; fails the test after `longest`. The look
/// itself, which may start a program, does not count.
pub fn eventually<T>(what: &str, longest: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let (mut waited, mut pause) = (Duration::ZERO, Duration::from_millis(10));
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(waited < longest, "{what}: not within {longest:?}");
        std::thread::sleep(pause);
        waited += pause;
        pause = (pause * 5 / 4).min(Duration::from_millis(200));
    }
}

/// A small mail with this subject and body.
pub fn mail(subject: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Jana Malá <jana@firma.example>\r\nTo: podpora@desk.example\r\nSubject: {subject}\r\n\
         Message-ID: <{}@firma.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n\r\n{body}\r\n",
        subject.replace(' ', ".")
    )
    .into_bytes()
}
