//! The fault proxy itself: each fault is what it says, at the byte where it was put.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::fault_proxy::{Fault, Kind, Proxy, Way, echo};

/// What comes back of ten bytes, said in two halves, with this fault, until so many came or the connection ended; and how
/// it ended, if it did.
async fn until(expected: usize, fault: Option<Fault>) -> (String, Option<ErrorKind>) {
    let (port, echo) = echo().await;
    let proxy = Proxy::start(port).await;
    proxy.follow(move |_| fault);
    let mut client = TcpStream::connect(proxy.address).await.expect("connects");
    client.set_nodelay(true).expect("nodelay");
    let mut back = Vec::new();
    let mut ended = None;
    for half in ["01234", "56789"] {
        if client.write_all(half.as_bytes()).await.is_err() {
            ended.get_or_insert(ErrorKind::ConnectionReset);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut space = [0; 64];
    while back.len() < expected && ended.is_none() {
        match timeout(Duration::from_secs(20), client.read(&mut space)).await.expect("an end") {
            Ok(0) => ended = Some(ErrorKind::UnexpectedEof),
            Err(error) => ended = Some(error.kind()),
            Ok(read) => back.extend_from_slice(&space[..read]),
        }
    }
    if ended.is_none() {
        let more = timeout(Duration::from_millis(30), client.read(&mut space)).await;
        assert!(more.is_err(), "{fault:?}: no more comes: {more:?}");
    }
    assert_eq!(proxy.struck(), usize::from(fault.is_some()), "{fault:?}");
    echo.abort();
    (String::from_utf8(back).expect("is text"), ended)
}

fn at(way: Way, at: usize, kind: Kind) -> Option<Fault> {
    Some(Fault { way, at, kind })
}

#[tokio::test]
async fn each_fault_is_what_it_says() {
    let all = |text: &str| (text.to_owned(), None);
    assert_eq!(until(10, None).await, all("0123456789"));
    for way in [Way::Up, Way::Down] {
        // What the server had not sent back yet when the line was cut comes back no more.
        for (kind, how) in [(Kind::Cut, ErrorKind::UnexpectedEof), (Kind::Reset, ErrorKind::ConnectionReset)] {
            for byte in [0, 3, 7] {
                let (back, ended) = until(10, at(way, byte, kind)).await;
                let reset = ended == Some(ErrorKind::ConnectionReset);
                // The kernel answers what still comes to a closed end by a reset.
                assert!(ended == Some(how) || reset, "{way:?} {kind:?} {byte}: {ended:?}");
                assert!("0123456789"[..byte].starts_with(&back), "{way:?} {kind:?} {byte}: {back}");
                assert!(reset || way == Way::Up || back.len() == byte, "{way:?} {kind:?} {byte}: {back}");
            }
        }
        // A line that died while the server was answering: what it said is lost, too.
        let (back, ended) = until(if way == Way::Down { 3 } else { 0 }, at(way, 3, Kind::Stall)).await;
        assert!("012".starts_with(&back) && ended.is_none(), "{way:?}: {back} {ended:?}");
        assert_eq!(until(6, at(way, 3, Kind::Lose(4))).await, all("012789"), "{way:?}");
        assert_eq!(until(12, at(way, 2, Kind::Double(2))).await, all("012323456789"), "{way:?}");
        assert_eq!(until(10, at(way, 6, Kind::Corrupt(1))).await, all("0123457789"), "{way:?}");
        assert_eq!(until(10, at(way, 6, Kind::Delay(Duration::from_millis(20)))).await, all("0123456789"), "{way:?}");
        let began = Instant::now();
        assert_eq!(until(10, at(way, 4, Kind::Trickle(Duration::from_millis(20)))).await, all("0123456789"), "{way:?}");
        assert!(began.elapsed() >= Duration::from_millis(6 * 20), "{way:?}");
    }
}

#[tokio::test]
async fn connections_are_counted_and_each_has_its_own_fault() {
    let (port, _echo) = echo().await;
    let proxy = Proxy::start(port).await;
    proxy.follow(|n| (n == 1).then_some(Fault { way: Way::Up, at: 0, kind: Kind::Cut }));
    for (n, alive) in [(0, true), (1, false), (2, true)] {
        let mut client = TcpStream::connect(proxy.address).await.expect("connects");
        client.write_all(b"x").await.expect("writes");
        let read = client.read(&mut [0; 4]).await.unwrap_or(0);
        assert_eq!(read == 1, alive, "connection {n}");
    }
    assert_eq!((proxy.connections(), proxy.struck()), (3, 1));
    proxy.refuse(true);
    let mut client = TcpStream::connect(proxy.address).await.expect("connects");
    assert_eq!(client.read(&mut [0; 4]).await.unwrap_or(0), 0);
}
