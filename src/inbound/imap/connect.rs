//! From settings to a logged-in session: TCP, TLS or STARTTLS, greeting, login.

use std::net::SocketAddr;
use std::time::Duration;

use async_imap::imap_proto::{Capability, Response, ResponseCode, Status};
use async_imap::types::UnsolicitedResponse;
use async_imap::{Authenticator, Client, Session};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::guard::{Guard, Wire};
use super::reading;
use crate::config::tls::Trust;
use crate::inbound::error::{SourceError, said, will_pass};
use crate::inbound::{ImapSettings, Tls};

/// Longest wait for a TCP connection to one address.
const CONNECT: Duration = Duration::from_secs(20);

/// A wire, and for how long from now the server's certificate will be accepted, where there is TLS.
type Wired = (Box<dyn Wire>, Option<Duration>);

/// Connects and logs in; also for how long from now the server's certificate will be accepted, where there is TLS. Every
/// await is bounded by the settings' patience.
pub(super) async fn log_in(settings: &ImapSettings) -> Result<(Session<Guard>, Option<Duration>), SourceError> {
    let (wire, mut certificate) = wire(settings).await?;
    let mut client = Client::new(Guard::new(wire));
    let mut offered = greeting(&mut client, settings).await?;
    if settings.tls == Tls::StartTls {
        (client, certificate) = start_tls(client, settings).await?;
        // RFC 3501 section 6.2.1: what was offered in the clear is void.
        offered = None;
    }
    let offered = match offered {
        Some(offered) => offered,
        None => ask_capabilities(&mut client, settings).await?,
    };
    Ok((authenticate(client, settings, &offered).await?, certificate))
}

fn server(settings: &ImapSettings) -> String {
    format!("{}:{}", settings.host, settings.port)
}

async fn wire(settings: &ImapSettings) -> Result<Wired, SourceError> {
    let stream = tcp(settings).await?;
    match settings.tls {
        Tls::Implicit => secure(stream, settings).await,
        Tls::StartTls | Tls::None => Ok((Box::new(stream), None)),
    }
}

async fn tcp(settings: &ImapSettings) -> Result<TcpStream, SourceError> {
    let unreachable = |because: String| SourceError::Unreachable { server: server(settings), because };
    let looked_up = timeout(CONNECT, tokio::net::lookup_host((settings.host.as_str(), settings.port)))
        .await
        .map_err(|_| unreachable("the name service does not answer".to_owned()))?
        .map_err(|e| unreachable(format!("the name cannot be resolved ({e})")))?;
    let addresses: Vec<SocketAddr> = looked_up.collect();
    let here = !addresses.is_empty() && addresses.iter().all(|a| a.ip().to_canonical().is_loopback());
    if settings.tls == Tls::None && !settings.allow_plain && !here {
        return Err(SourceError::PlainRefused { server: server(settings) });
    }
    let mut because = "the name has no address".to_owned();
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            // Without TCP_NODELAY every command waits some 40 ms for the server's delayed acknowledgement.
            Ok(Ok(stream)) => match stream.set_nodelay(true) {
                Ok(()) => return Ok(stream),
                Err(error) => because = error.to_string(),
            },
            Ok(Err(error)) => because = error.to_string(),
            Err(_) => because = format!("no answer in {} seconds", CONNECT.as_secs()),
        }
    }
    Err(unreachable(because))
}

async fn secure<S: Wire + 'static>(stream: S, settings: &ImapSettings) -> Result<Wired, SourceError> {
    let failed = |because: String| SourceError::Tls { server: server(settings), because };
    let trust = Trust::load(settings.ca_file.as_deref()).map_err(|because| {
        failed(match &settings.ca_file {
            Some(path) => format!("The authorities in {} cannot be used: {because}", path.display()),
            None => format!("The system's authorities cannot be read: {because}"),
        })
    })?;
    let name = ServerName::try_from(settings.host.clone())
        .map_err(|_| failed("the host is neither a name nor an address that a certificate can have".to_owned()))?;
    let connecting = tokio_rustls::TlsConnector::from(trust.config.clone()).connect(name.clone(), stream);
    match timeout(settings.patience, connecting).await {
        Ok(Ok(stream)) => {
            let certificate = trust.accepted_for(stream.get_ref().1, &name);
            Ok((Box::new(stream), certificate))
        }
        Ok(Err(error)) => Err(failed(advice(&error, settings))),
        Err(_) => Err(SourceError::TimedOut { doing: "the TLS handshake", after: settings.patience }),
    }
}

fn advice(error: &std::io::Error, settings: &ImapSettings) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => {
            format!(
                "its certificate is not accepted ({why}). Use the name it is made out for, or name its authority in ca_file"
            )
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            format!("port {} does not speak TLS. Perhaps tls = \"starttls\" is meant", settings.port)
        }
        _ => format!("the TLS handshake fails ({error})"),
    }
}

/// Reads the greeting; returns the capabilities that it names, if it does.
async fn greeting(client: &mut Client<Guard>, settings: &ImapSettings) -> Result<Option<Vec<String>>, SourceError> {
    const DOING: &str = "the greeting";
    let read = timeout(settings.patience, client.read_response())
        .await
        .map_err(|_| SourceError::TimedOut { doing: "waiting for the greeting", after: settings.patience })?;
    let response = read
        .map_err(|e| reading::io_error(&e, DOING))?
        .ok_or(SourceError::Lost { doing: "waiting for the greeting" })?;
    match response.parsed() {
        Response::Data { status: Status::Ok, outcome } => Ok(match &outcome.code {
            Some(ResponseCode::Capabilities(list)) => Some(words(list)),
            _ => None,
        }),
        Response::Data { status: Status::Bye, outcome } => {
            Err(SourceError::Bye { because: said(outcome.information.as_deref().unwrap_or_default()) })
        }
        Response::Data { status: Status::PreAuth, .. } => Err(SourceError::Protocol {
            doing: DOING,
            because: "it is logged in already (PREAUTH), and nobody knows as whom".to_owned(),
        }),
        _ => Err(SourceError::Protocol { doing: DOING, because: "it is not an IMAP greeting".to_owned() }),
    }
}

async fn start_tls(
    mut client: Client<Guard>,
    settings: &ImapSettings,
) -> Result<(Client<Guard>, Option<Duration>), SourceError> {
    let failed = |because: String| SourceError::Tls { server: server(settings), because };
    match timeout(settings.patience, client.run_command_and_check_ok("STARTTLS", None)).await {
        Err(_) => return Err(SourceError::TimedOut { doing: "asking for STARTTLS", after: settings.patience }),
        Ok(Err(async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_))) => {
            return Err(failed(
                "it does not offer STARTTLS. Perhaps tls = \"implicit\" and port 993 are meant".to_owned(),
            ));
        }
        Ok(Err(error)) => return Err(reading::client_error(&error, "STARTTLS")),
        Ok(Ok(())) => {}
    }
    // Whatever came in the clear after the answer was put there by somebody else, and must not be read as the server's
    // protected words (the injection of CVE-2011-0411). What the parser had read ahead vanishes with the client.
    let (wire, ahead) = client.into_inner().into_wire();
    if ahead > 0 {
        return Err(failed("it sent more in the clear after agreeing to TLS: somebody may be in between".to_owned()));
    }
    let (wire, certificate) = secure(wire, settings).await?;
    Ok((Client::new(Guard::new(wire)), certificate))
}

/// Before the login async-imap hands untagged answers out through a side channel only.
async fn ask_capabilities(client: &mut Client<Guard>, settings: &ImapSettings) -> Result<Vec<String>, SourceError> {
    let (tx, rx) = async_channel::bounded(100);
    timeout(settings.patience, client.run_command_and_check_ok("CAPABILITY", Some(tx)))
        .await
        .map_err(|_| SourceError::TimedOut { doing: "asking for capabilities", after: settings.patience })?
        .map_err(|e| reading::client_error(&e, "CAPABILITY"))?;
    let mut offered = Vec::new();
    while let Ok(untagged) = rx.try_recv() {
        if let UnsolicitedResponse::Other(response) = untagged
            && let Response::Capabilities(list) = response.parsed()
        {
            offered = words(list);
        }
    }
    Ok(offered)
}

/// Upper-case capability words.
pub(super) fn words(list: &[Capability<'_>]) -> Vec<String> {
    list.iter()
        .map(|capability| match capability {
            Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
            Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
            Capability::Atom(word) => word.to_ascii_uppercase(),
        })
        .collect()
}

/// SASL PLAIN (RFC 4616) where offered, as it is the one that takes passwords in UTF-8; else the LOGIN command; else
/// SASL LOGIN.
async fn authenticate(
    client: Client<Guard>,
    settings: &ImapSettings,
    offered: &[String],
) -> Result<Session<Guard>, SourceError> {
    let secret = settings.password.clone();
    let password = tokio::task::spawn_blocking(move || secret.load())
        .await
        .map_err(|e| SourceError::Secret(e.to_string()))?
        .map_err(|e| SourceError::Secret(e.to_string()))?;
    let has = |word: &str| offered.iter().any(|o| o == word);
    let user = settings.user.clone();
    let attempt = async {
        if has("AUTH=PLAIN") {
            client.authenticate("PLAIN", Answers(vec![format!("\0{user}\0{password}")])).await
        } else if has("LOGINDISABLED") && has("AUTH=LOGIN") {
            client.authenticate("LOGIN", Answers(vec![password.clone(), user.clone()])).await
        } else if has("LOGINDISABLED") {
            Err((async_imap::error::Error::No("it offers no login by password here".to_owned()), client))
        } else {
            client.login(&user, &password).await
        }
    };
    match timeout(settings.patience, attempt).await {
        Err(_) => Err(SourceError::TimedOut { doing: "logging in", after: settings.patience }),
        Ok(Ok(session)) => Ok(session),
        Ok(Err((async_imap::error::Error::No(text) | async_imap::error::Error::Bad(text), _))) => {
            // A server that repeats what it was given must not bring it into a log.
            let text = text.replace(&password, "…").replace(&user, "…");
            let because = said(&plain_words(&text));
            if will_pass(&because) || because.contains("[SERVERBUG]") {
                return Err(SourceError::Refused { doing: "the login", because });
            }
            Err(SourceError::LoginRefused { server: server(settings), because })
        }
        Ok(Err((async_imap::error::Error::Validate(_), _))) => {
            Err(SourceError::Secret("User or password has a line break in it".to_owned()))
        }
        Ok(Err((error, _))) => Err(reading::client_error(&error, "the login")),
    }
}

/// Takes async-imap's wrapping off a server's words: `code: None, info: Some("Authentication failed.")`.
fn plain_words(text: &str) -> String {
    match text.split_once("info: Some(\"").and_then(|(_, rest)| rest.rsplit_once("\")")) {
        Some((info, _)) => info.to_owned(),
        None if text.starts_with("code: ") => String::new(),
        None => text.to_owned(),
    }
}

/// Answers to a SASL dialogue, the last one first.
struct Answers(Vec<String>);

impl Authenticator for Answers {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.pop().unwrap_or_default()
    }
}
