//! A real DNS server (Debian's dnsmasq) on a free port of the loopback, with the records of a test.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postdesk::authenticate::{Authenticator, Resolvers};

pub struct Dns {
    child: Child,
    pub address: SocketAddr,
    log: PathBuf,
    /// Never answers; takes the questions about `dead.example`.
    _silent: UdpSocket,
    _scratch: tempfile::TempDir,
}

impl Dns {
    /// Starts a server that knows these TXT records, says that nothing else under `example` exists, and never answers
    /// about `dead.example`.
    pub fn start(records: &[(&str, &str)]) -> Dns {
        for _ in 0..5 {
            if let Some(dns) = Self::try_start(records) {
                return dns;
            }
        }
        panic!("dnsmasq does not answer on any port that was free");
    }

    /// The same on a port that was kept free for it; None where somebody else took it meanwhile.
    pub fn start_at(port: u16, records: &[(&str, &str)]) -> Option<Dns> {
        Self::on_port(port, records)
    }

    fn try_start(records: &[(&str, &str)]) -> Option<Dns> {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).expect("a free port").port();
        Self::on_port(port, records)
    }

    fn on_port(port: u16, records: &[(&str, &str)]) -> Option<Dns> {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let log = scratch.path().join("queries.log");
        let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free UDP port");
        let dead = silent.local_addr().expect("bound").port();
        let mut command = Command::new("dnsmasq");
        command
            .env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()))
            .args(["--no-daemon", "--conf-file=/dev/null", "--no-hosts", "--no-resolv", "--bind-interfaces"])
            .args(["--listen-address=127.0.0.1", "--cache-size=0", "--log-queries=extra", "--local=/example/"])
            .arg("--pid-file=")
            .arg(format!("--port={port}"))
            .arg(format!("--log-facility={}", log.display()))
            .arg(format!("--server=/dead.example/127.0.0.1#{dead}"));
        for (name, text) in records {
            // A string of a TXT record holds at most 255 octets (RFC 1035 section 3.3.14).
            let strings: Vec<String> = text.as_bytes().chunks(200).map(|c| String::from_utf8_lossy(c).into()).collect();
            command.arg(format!("--txt-record={name},{}", strings.join(",")));
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dnsmasq must be installed (Debian: dnsmasq-base)");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut dns = Dns { child, address, log, _silent: silent, _scratch: scratch };
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if dns.child.try_wait().ok()?.is_some() {
                return None; // somebody else took the port meanwhile
            }
            if TcpStream::connect(address).is_ok() {
                return Some(dns);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    pub fn authenticator(&self) -> Authenticator {
        Authenticator::new(&Resolvers::Servers(vec![self.address])).expect("a resolver")
    }

    /// The names that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let name = |line: &str| line.split_once(" query[").and_then(|(_, q)| q.split(' ').nth(1)).map(str::to_owned);
        log.lines().filter_map(name).collect()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
