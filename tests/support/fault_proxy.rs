//! A proxy on loopback that does to a connection what networks do: cuts, resets, delays, trickles, loses, doubles and
//! corrupts bytes, and leaves connections half open. It counts what passes, so that a fault can be put at any byte, of
//! TLS too.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// To which end bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Both ends are closed in good order (FIN), what came before this byte having passed.
    Cut,
    /// Both ends are closed by a reset (RST).
    Reset,
    /// From here on nothing passes in either way, and nobody is told: a dead line behind a firewall.
    Stall,
    /// So many bytes vanish; what comes after them passes.
    Lose(usize),
    /// So many bytes come twice.
    Double(usize),
    /// This byte is changed by these bits.
    Corrupt(u8),
    /// A pause before this byte.
    Delay(Duration),
    /// From here on one byte passes in each such pause.
    Trickle(Duration),
}

/// A fault on one connection: what happens before the byte with this number (from 0) passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub way: Way,
    pub at: usize,
    pub kind: Kind,
}

/// What a line of the server's becomes (line end and all) before the client sees it; made anew for each connection, given
/// its number. The bytes of literals come as lines, too.
pub type Rewrite = Arc<dyn Fn(usize) -> Rewriter + Send + Sync>;
pub type Rewriter = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

/// Which fault the n-th connection (from 0) has.
pub type Plan = Arc<dyn Fn(usize) -> Option<Fault> + Send + Sync>;

pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    target: SocketAddr,
    plan: Mutex<Plan>,
    rewrite: Mutex<Option<Rewrite>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    struck: AtomicUsize,
    /// Of the connection that ended last: bytes up, bytes down.
    passed: Mutex<(usize, usize)>,
    refuses: AtomicBool,
}

impl Proxy {
    /// In front of this port of loopback, without any fault.
    pub async fn start(target: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            target: SocketAddr::from(([127, 0, 0, 1], target)),
            plan: Mutex::new(Arc::new(|_| None)),
            rewrite: Mutex::new(None),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            struck: AtomicUsize::new(0),
            passed: Mutex::new((0, 0)),
            refuses: AtomicBool::new(false),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Proxy { address, shared, task }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// For connections made from now on; they are counted anew.
    pub fn follow(&self, plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) {
        *self.shared.plan.lock().expect("not poisoned") = Arc::new(plan);
        self.shared.connections.store(0, SeqCst);
    }

    /// Makes the server a liar, on connections made from now on.
    pub fn rewrite(&self, rewrite: impl Fn(usize) -> Rewriter + Send + Sync + 'static) {
        *self.shared.rewrite.lock().expect("not poisoned") = Some(Arc::new(rewrite));
    }

    /// From now on the server's words pass as they are.
    pub fn honest(&self) {
        *self.shared.rewrite.lock().expect("not poisoned") = None;
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(SeqCst)
    }

    /// Faults that came to pass.
    pub fn struck(&self) -> usize {
        self.shared.struck.load(SeqCst)
    }

    /// Waits until no connection is open; bytes up and down of the one that ended last.
    pub async fn passed(&self) -> (usize, usize) {
        while self.shared.open.load(SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        *self.shared.passed.lock().expect("not poisoned")
    }

    /// Closes each new connection at once.
    pub fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Aborted with this task: no connection outlives the proxy.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if shared.refuses.load(SeqCst) {
            continue;
        }
        let number = shared.connections.fetch_add(1, SeqCst);
        let fault = shared.plan.lock().expect("not poisoned")(number);
        let rewriter = shared.rewrite.lock().expect("not poisoned").as_ref().map(|rewrite| rewrite(number));
        let shared = Arc::clone(&shared);
        shared.open.fetch_add(1, SeqCst);
        connections.spawn(async move {
            if let Ok(server) = TcpStream::connect(shared.target).await {
                let _ = client.set_nodelay(true);
                let _ = server.set_nodelay(true);
                let passed = carry(client, server, fault, rewriter, &shared).await;
                *shared.passed.lock().expect("not poisoned") = passed;
            }
            shared.open.fetch_sub(1, SeqCst);
        });
    }
}

/// How one way of a connection ended.
enum End {
    Closed,
    Reset,
}

/// Carries both ways until one of them ends; bytes up, and down.
async fn carry(
    client: TcpStream,
    server: TcpStream,
    fault: Option<Fault>,
    rewriter: Option<Rewriter>,
    shared: &Shared,
) -> (usize, usize) {
    let stalled = tokio::sync::watch::channel(false).0;
    let (mut passed_up, mut passed_down) = (0, 0);
    let of = |way| fault.filter(|fault| fault.way == way);
    let end = tokio::select! {
        end = one_way(&client, &server, of(Way::Up), None, &stalled, &mut passed_up, shared) => end,
        end = one_way(&server, &client, of(Way::Down), rewriter, &stalled, &mut passed_down, shared) => end,
    };
    if let End::Reset = end {
        // The two are dropped with a linger of nothing: the kernel sends RST instead of FIN.
        let _ = client.set_zero_linger();
        let _ = server.set_zero_linger();
    }
    (passed_up, passed_down)
}

async fn one_way(
    from: &TcpStream,
    to: &TcpStream,
    fault: Option<Fault>,
    mut rewriter: Option<Rewriter>,
    stalled: &tokio::sync::watch::Sender<bool>,
    passed: &mut usize,
    shared: &Shared,
) -> End {
    let mut due = fault;
    let mut trickle = None;
    let mut lose = 0;
    let mut space = vec![0; 64 * 1024];
    let mut unended = Vec::new();
    loop {
        if *stalled.borrow() {
            return never().await;
        }
        let Ok(read) = read(from, &mut space).await else { return End::Closed };
        let Some(bytes) = space.get(..read).filter(|bytes| !bytes.is_empty()) else { return End::Closed };
        let mut bytes = match &mut rewriter {
            Some(rewriter) => rewritten(rewriter, &mut unended, bytes),
            None => bytes.to_vec(),
        };
        if bytes.is_empty() {
            continue;
        }
        let start = *passed;
        *passed += bytes.len();
        let strikes = due.filter(|fault| fault.at < *passed);
        let end = strikes.map_or(bytes.len(), |fault| fault.at.saturating_sub(start));
        let (before, after) = bytes.split_at_mut(end);
        if send(to, &skip(before, &mut lose), trickle, stalled).await.is_err() {
            return End::Closed;
        }
        let Some(fault) = strikes else { continue };
        due = None;
        shared.struck.fetch_add(1, SeqCst);
        match fault.kind {
            Kind::Cut => return End::Closed,
            Kind::Reset => return End::Reset,
            Kind::Stall => {
                let _ = stalled.send(true);
                stalled.send_replace(true);
                return never().await;
            }
            Kind::Lose(count) => lose = count,
            Kind::Double(count) => {
                let twice = after[..count.min(after.len())].to_vec();
                if send(to, &twice, trickle, stalled).await.is_err() {
                    return End::Closed;
                }
            }
            Kind::Corrupt(bits) => after[0] ^= bits,
            Kind::Delay(pause) => tokio::time::sleep(pause).await,
            Kind::Trickle(pause) => trickle = Some(pause),
        }
        if send(to, &skip(after, &mut lose), trickle, stalled).await.is_err() {
            return End::Closed;
        }
    }
}

/// Whole lines, as they become; what has no end yet is kept for the next time.
fn rewritten(rewriter: &mut Rewriter, unended: &mut Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    unended.extend_from_slice(bytes);
    let whole = unended.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let lines: Vec<u8> = unended.drain(..whole).collect();
    lines.split_inclusive(|b| *b == b'\n').flat_map(rewriter).collect()
}

/// The connection stays open, and nothing happens on it, until the proxy ends.
async fn never() -> End {
    std::future::pending().await
}

/// What is left of some bytes when the next `lose` ones vanish.
fn skip<'a>(bytes: &'a [u8], lose: &mut usize) -> std::borrow::Cow<'a, [u8]> {
    let lost = (*lose).min(bytes.len());
    *lose -= lost;
    bytes[lost..].into()
}

async fn read(from: &TcpStream, space: &mut [u8]) -> std::io::Result<usize> {
    loop {
        from.readable().await?;
        match from.try_read(space) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

async fn send(
    to: &TcpStream,
    bytes: &[u8],
    trickle: Option<Duration>,
    stalled: &tokio::sync::watch::Sender<bool>,
) -> std::io::Result<()> {
    for piece in bytes.chunks(if trickle.is_some() { 1 } else { bytes.len().max(1) }) {
        if let Some(pause) = trickle {
            tokio::time::sleep(pause).await;
        }
        if *stalled.borrow() {
            never().await;
        }
        let mut rest = piece;
        while !rest.is_empty() {
            to.writable().await?;
            match to.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// TLS in front of a server that has none.
pub struct TlsFront {
    pub port: u16,
    /// PEM of the authority that vouches for it.
    pub ca_file: std::path::PathBuf,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl TlsFront {
    pub async fn start(target: u16) -> TlsFront {
        let folder = tempfile::tempdir().expect("a scratch folder");
        super::dovecot::certificate(folder.path(), None);
        let pem = |name: &str| std::fs::read(folder.path().join(name)).expect("is read");
        let certificates = CertificateDer::pem_slice_iter(&pem("cert.pem")).collect::<Result<Vec<_>, _>>();
        let key = PrivateKeyDer::from_pem_slice(&pem("key.pem")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(certificates.expect("certificates"), key)
            })
            .expect("a server's configuration");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
        let port = listener.local_addr().expect("bound").port();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let _ = client.set_nodelay(true);
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        TlsFront { port, ca_file: folder.path().join("ca.pem"), task, _folder: folder }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that sends back what it gets, for tests of the proxy itself.
pub async fn echo() -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
    let port = listener.local_addr().expect("bound").port();
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut space = [0; 1024];
                while let Ok(read @ 1..) = stream.read(&mut space).await {
                    if stream.write_all(&space[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, task)
}
