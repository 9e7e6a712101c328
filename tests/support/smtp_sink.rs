//! An SMTP server of the test's own, for what a real one cannot be made to do: silence at any phase, a cut after the
//! final dot, replies that are too many, too long or out of turn. It records every command and every mail it took.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does when its turn comes.
#[derive(Clone, Debug)]
pub enum Say {
    /// These bytes, whatever they are.
    Raw(Vec<u8>),
    /// Nothing, with the connection open.
    Hang,
    /// Closes the connection.
    Close,
    /// Reply lines without an end.
    Endless,
    /// One line without an end.
    EndlessLine,
    /// After so long, what follows.
    After(Duration, Box<Say>),
}

impl Say {
    pub fn line(text: &str) -> Say {
        Say::Raw(format!("{text}\r\n").into_bytes())
    }
}

/// What happens inside the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    Take,
    /// Read in gulps of 64 KiB, with this pause after each.
    Sip(Duration),
    /// After so many bytes the server reads no more.
    StopReading(usize),
    /// After so many bytes the connection is closed.
    CloseAfter(usize),
    /// After so many bytes it says something, and reads on.
    SpeakAfter(usize, &'static str),
}

/// The server's part. The first rule whose start a command has (case ignored) is followed; "" at the greeting,
/// "." after the final dot. What no rule says is answered as an ordinary server would.
#[derive(Clone)]
pub struct Script {
    pub extensions: Vec<&'static str>,
    pub rules: Vec<(&'static str, Say)>,
    pub body: Body,
    /// Mails a connection takes; at the next MAIL it says 421 and closes.
    pub mails_per_connection: usize,
    /// Wants a body also for a mail that it refused to begin or that nobody takes.
    pub wants_any_body: bool,
    /// What came with MAIL is thrown away.
    pub loses_groups: bool,
}

impl Default for Script {
    fn default() -> Self {
        let extensions = vec!["SIZE 50000000", "8BITMIME", "ENHANCEDSTATUSCODES"];
        Script {
            extensions,
            rules: Vec::new(),
            body: Body::Take,
            mails_per_connection: usize::MAX,
            wants_any_body: false,
            loses_groups: false,
        }
    }
}

impl Script {
    pub fn on(command: &'static str, say: Say) -> Self {
        Script::default().and(command, say)
    }

    pub fn and(mut self, command: &'static str, say: Say) -> Self {
        self.rules.push((command, say));
        self
    }
}

/// A mail whose final dot the server got, accepted or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The MAIL command as it came.
    pub mail: String,
    pub rcpt: Vec<String>,
    /// Dots undone; what the client says is the mail, with its last line end.
    pub bytes: Vec<u8>,
    pub connection: usize,
}

#[derive(Default)]
struct Record {
    taken: Vec<Taken>,
    commands: Vec<(usize, String)>,
    most_commands: usize,
    connections: usize,
    open: usize,
    most_open: usize,
}

pub struct Sink {
    pub address: SocketAddr,
    record: Arc<Mutex<Record>>,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Sink {
    pub async fn start(script: Script) -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
        let address = listener.local_addr().expect("bound");
        let record = Arc::new(Mutex::new(Record::default()));
        let script = Arc::new(Mutex::new(script));
        let task = tokio::spawn(accept(listener, Arc::clone(&record), Arc::clone(&script)));
        Sink { address, record, script, task }
    }

    /// For connections made from now on.
    pub fn follow(&self, script: Script) {
        *self.script.lock().expect("not poisoned") = script;
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.record().taken.clone()
    }

    /// What came after the first `seen`.
    pub fn taken_after(&self, seen: usize) -> Vec<Taken> {
        self.record().taken.get(seen..).unwrap_or_default().to_vec()
    }

    /// All commands, each with its connection's number.
    pub fn commands(&self) -> Vec<(usize, String)> {
        self.record().commands.clone()
    }

    /// The most commands that had come when one was read.
    pub fn most_commands_at_once(&self) -> usize {
        self.record().most_commands
    }

    pub fn connections(&self) -> usize {
        self.record().connections
    }

    /// The most connections that were open at once.
    pub fn most_open(&self) -> usize {
        self.record().most_open
    }

    pub fn open(&self) -> usize {
        self.record().open
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("not poisoned")
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, record: Arc<Mutex<Record>>, script: Arc<Mutex<Script>>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        tcp.set_nodelay(true).expect("nodelay");
        let script = script.lock().expect("not poisoned").clone();
        let number = {
            let mut record = record.lock().expect("not poisoned");
            record.connections += 1;
            record.open += 1;
            record.most_open = record.most_open.max(record.open);
            record.connections
        };
        let connection = Connection { tcp, script, record: Arc::clone(&record), number, got: Vec::new() };
        let record = Arc::clone(&record);
        connections.spawn(async move {
            let _ = connection.serve().await;
            record.lock().expect("not poisoned").open -= 1;
        });
    }
}

struct Connection {
    tcp: TcpStream,
    script: Script,
    record: Arc<Mutex<Record>>,
    number: usize,
    got: Vec<u8>,
}

/// The connection is over.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Over
    }
}

impl Connection {
    async fn serve(mut self) -> Result<(), Over> {
        self.say("", "220 sink.example ESMTP").await?;
        let mut mail = Taken { connection: self.number, ..Taken::default() };
        let mut mails = 0;
        let (mut begun, mut taken_by) = (false, 0);
        loop {
            let line = self.line().await?;
            {
                let mut record = self.record.lock().expect("not poisoned");
                record.commands.push((self.number, line.clone()));
                let waiting = 1 + self.got.windows(2).filter(|w| w == b"\r\n").count();
                record.most_commands = record.most_commands.max(waiting);
            }
            let word = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    let mut reply = "250".to_owned();
                    let lines: Vec<&str> =
                        std::iter::once("sink.example").chain(self.script.extensions.iter().copied()).collect();
                    for (i, line) in lines.iter().enumerate() {
                        let separator = if i + 1 == lines.len() { ' ' } else { '-' };
                        let code = if i == 0 { "" } else { "\r\n250" };
                        reply.push_str(&format!("{code}{separator}{line}"));
                    }
                    self.say(&line, &reply).await?;
                }
                "MAIL" if mails >= self.script.mails_per_connection => {
                    self.tcp.write_all(b"421 4.7.0 Enough on this connection\r\n").await?;
                    return Ok(());
                }
                "MAIL" => {
                    mails += 1;
                    if self.script.loses_groups {
                        self.got.clear();
                    }
                    mail = Taken { mail: line.clone(), connection: self.number, ..Taken::default() };
                    (begun, taken_by) = (self.say(&line, "250 2.1.0 Ok").await? == b'2', 0);
                }
                "RCPT" if !begun => drop(self.say(&line, "503 5.5.1 MAIL first").await?),
                "RCPT" => {
                    mail.rcpt.push(line.clone());
                    taken_by += usize::from(self.say(&line, "250 2.1.5 Ok").await? == b'2');
                }
                "DATA" if taken_by == 0 && !self.script.wants_any_body => {
                    self.say(&line, "554 5.5.1 No valid recipients").await?;
                }
                "DATA" => {
                    if self.say(&line, "354 Go on").await? == b'3' {
                        mail.bytes = self.body().await?;
                        self.record.lock().expect("not poisoned").taken.push(mail.clone());
                        self.say(".", "250 2.0.0 Ok: taken").await?;
                    }
                }
                "RSET" => {
                    (begun, taken_by) = (false, 0);
                    self.say(&line, "250 2.0.0 Ok").await?;
                }
                "NOOP" => drop(self.say(&line, "250 2.0.0 Ok").await?),
                "QUIT" => {
                    self.say(&line, "221 2.0.0 Bye").await?;
                    return Ok(());
                }
                _ => drop(self.say(&line, "502 5.5.2 What?").await?),
            }
        }
    }

    /// Says what the script says, or else `usual`. The first digit of it.
    async fn say(&mut self, command: &str, usual: &str) -> Result<u8, Over> {
        let upper = command.to_ascii_uppercase();
        let follows =
            |start: &str| if start.len() < 2 { upper == start } else { upper.starts_with(&start.to_ascii_uppercase()) };
        let rule = self.script.rules.iter().find(|(start, _)| follows(start));
        let mut say = rule.map_or_else(|| Say::line(usual), |(_, say)| say.clone());
        loop {
            match say {
                Say::Raw(bytes) => {
                    self.tcp.write_all(&bytes).await?;
                    return Ok(bytes.first().copied().unwrap_or_default());
                }
                Say::Close => return Err(Over),
                Say::Hang => loop {
                    // Reads, so that the client's side sees an open connection; ends when the client gives up.
                    if self.tcp.read(&mut [0; 1024]).await? == 0 {
                        return Err(Over);
                    }
                },
                Say::Endless => loop {
                    self.tcp.write_all(b"250-and another thing\r\n").await?;
                },
                Say::EndlessLine => loop {
                    self.tcp.write_all(&[b'2'; 1024]).await?;
                },
                Say::After(time, next) => {
                    tokio::time::sleep(time).await;
                    say = *next;
                }
            }
        }
    }

    async fn more(&mut self) -> Result<(), Over> {
        let mut space = [0; 65536];
        match self.tcp.read(&mut space).await? {
            0 => Err(Over),
            n => {
                self.got.extend_from_slice(&space[..n]);
                Ok(())
            }
        }
    }

    async fn line(&mut self) -> Result<String, Over> {
        loop {
            if let Some(end) = self.got.windows(2).position(|w| w == b"\r\n") {
                let line = String::from_utf8_lossy(&self.got[..end]).into_owned();
                self.got.drain(..end + 2);
                return Ok(line);
            }
            self.more().await?;
        }
    }

    async fn body(&mut self) -> Result<Vec<u8>, Over> {
        let mut looked = 0;
        let mut spoke = false;
        loop {
            match self.script.body {
                Body::StopReading(n) if self.got.len() >= n => loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                },
                Body::Sip(pause) => tokio::time::sleep(pause).await,
                Body::CloseAfter(n) if self.got.len() >= n => return Err(Over),
                Body::SpeakAfter(n, text) if self.got.len() >= n && !spoke => {
                    spoke = true;
                    self.tcp.write_all(format!("{text}\r\n").as_bytes()).await?;
                }
                _ => {}
            }
            if let Some(end) = self.got[looked..].windows(5).position(|w| w == b"\r\n.\r\n") {
                let end = looked + end + 2;
                let body: Vec<u8> = self.got.drain(..end + 3).take(end).collect();
                return Ok(undo_dots(&body));
            }
            looked = self.got.len().saturating_sub(4);
            self.more().await?;
        }
    }
}

/// RFC 5321 section 4.5.2.
fn undo_dots(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut start = true;
    for &byte in body {
        if !(start && byte == b'.') {
            out.push(byte);
        }
        start = byte == b'\n';
    }
    out
}
