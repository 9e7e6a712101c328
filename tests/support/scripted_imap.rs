//! An IMAP server that says what a test tells it to: for what Dovecot cannot be made to do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What to do upon a command.
#[derive(Clone)]
pub enum Act {
    /// Say this; `TAG` becomes the command's tag. The end of the string is sent as it is: lines need their CR LF.
    Say(Vec<u8>),
    /// Say this and hang up.
    SayAndClose(Vec<u8>),
    /// Say this over and over, for ever, with this pause.
    Endless(Vec<u8>, Duration),
    /// Say nothing and keep the line open.
    Silence,
}

impl Act {
    pub fn say(text: &str) -> Act {
        Act::Say(text.as_bytes().to_vec())
    }
}

/// (how the command begins, what to do): the first unused line that fits is taken and used up; after that, the built-in
/// behaviour of a plain server with one folder of `exists` mails.
pub type Script = Vec<(&'static str, Act)>;

pub struct Scripted {
    pub port: u16,
    part: Arc<Mutex<(u32, Script)>>,
    task: tokio::task::JoinHandle<()>,
}

impl Scripted {
    /// For connections made from now on.
    pub fn follow(&self, exists: u32, script: Script) {
        *self.part.lock().expect("not poisoned") = (exists, script);
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts the server; every connection gets the script anew.
pub async fn start(capabilities: &'static str, exists: u32, script: Script) -> Scripted {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
    let port = listener.local_addr().expect("an address").port();
    let part = Arc::new(Mutex::new((exists, script)));
    let parts = Arc::clone(&part);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (exists, script) = parts.lock().expect("not poisoned").clone();
            tokio::spawn(async move {
                // The client hangs up when it likes: no error of the test.
                let _ = serve(stream, capabilities, exists, script).await;
            });
        }
    });
    Scripted { port, part, task }
}

async fn serve(stream: TcpStream, capabilities: &str, exists: u32, mut script: Script) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let greeting = take(&mut script, "GREETING").unwrap_or_else(|| Act::say("* OK ready\r\n"));
    if !act(&mut write, &greeting, "*").await? {
        return Ok(());
    }
    loop {
        let mut line = String::new();
        if read.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let (tag, command) = line.split_once(' ').unwrap_or((line, line));
        let answer = match take(&mut script, command) {
            Some(answer) => answer,
            None => built_in(command, capabilities, exists),
        };
        if !act(&mut write, &answer, tag).await? {
            return Ok(());
        }
    }
}

fn take(script: &mut Script, command: &str) -> Option<Act> {
    let at = script.iter().position(|(begin, _)| command.starts_with(begin))?;
    Some(script.remove(at).1)
}

fn built_in(command: &str, capabilities: &str, exists: u32) -> Act {
    let word = command.split(' ').next().unwrap_or_default();
    match word {
        "CAPABILITY" => Act::say(&format!("* CAPABILITY IMAP4rev1 {capabilities}\r\nTAG OK done\r\n")),
        "SELECT" => Act::say(&format!(
            "* {exists} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 77] ok\r\n* OK [UIDNEXT {}] ok\r\nTAG OK [READ-WRITE] done\r\n",
            exists + 1
        )),
        "IDLE" => Act::say("+ idling\r\n"),
        "DONE" => Act::Silence,
        _ => Act::say("TAG OK done\r\n"),
    }
}

/// False: the conversation is over.
async fn act(write: &mut (impl tokio::io::AsyncWrite + Unpin), answer: &Act, tag: &str) -> std::io::Result<bool> {
    let (bytes, go_on) = match answer {
        Act::Say(bytes) => (bytes, true),
        Act::SayAndClose(bytes) => (bytes, false),
        Act::Silence => return Ok(true),
        Act::Endless(bytes, pause) => loop {
            write.write_all(bytes).await?;
            if !pause.is_zero() {
                tokio::time::sleep(*pause).await;
            }
        },
    };
    let mut rest = bytes.as_slice();
    while let Some(at) = rest.windows(3).position(|w| w == b"TAG") {
        write.write_all(&rest[..at]).await?;
        write.write_all(tag.as_bytes()).await?;
        rest = &rest[at + 3..];
    }
    write.write_all(rest).await?;
    write.flush().await?;
    if !go_on {
        write.shutdown().await?;
        // So that the last words arrive before the line is cut.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(go_on)
}
