//! From nothing to a session that takes mail: TCP, TLS, greeting, EHLO, STARTTLS, AUTH.
//!
//! STARTTLS is done with two connections of lettre's over one TCP stream: the first greets, says EHLO and STARTTLS in
//! the clear; then the stream is taken back from it ([`super::wire`]), TLS is made with our own rustls configuration,
//! and the second begins anew over that. lettre's own `starttls` would bring its second way to configure TLS (its own
//! root certificates, no platform verifier) into the program; and beginning anew forgets all that was said in the clear,
//! as RFC 3207 section 4.2 demands.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Starttls;
use lettre::transport::smtp::extension::{ClientId, Extension};
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, timeout};

use crate::config::tls::Trust;
use crate::model::outgoing::SmtpReply;

use super::error::SmtpError;
use super::settings::{SmtpSettings, Tls};
use super::tls::{connect, handshake, trust};
use super::wire::{Stream, Tap, wire};

/// In the order of preference. Both give the password away, which is why TLS comes first.
pub(super) const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A connection on which mail can be sent: greeted, encrypted and logged in as the settings demand.
pub(super) struct Session {
    pub(super) conn: AsyncSmtpConnection,
    pub(super) tap: Tap,
    pub(super) ability: Ability,
    /// When it was last used.
    pub(super) used: Instant,
}

/// What a server said it can do (its last EHLO).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ability {
    /// Encrypted by TLS.
    pub encrypted: bool,
    /// For how long from now the server's certificate will be accepted, at most 400 days; None: no TLS, or not looked at.
    pub certificate: Option<Duration>,
    /// Logged in by AUTH.
    pub authenticated: bool,
    /// The EHLO keywords with their parameters, as said.
    pub keywords: Vec<String>,
    /// SIZE (RFC 1870).
    pub size: bool,
    /// Largest mail in bytes, where the server set a bound.
    pub size_max: Option<u64>,
    /// 8BITMIME (RFC 6152).
    pub eight_bit: bool,
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
}

impl Ability {
    fn of(lines: &[String]) -> Self {
        let keywords: Vec<String> = lines.iter().skip(1).map(|line| line.trim().to_owned()).collect();
        let parameter = |keyword: &str| {
            keywords.iter().find_map(|line| {
                let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
                word.eq_ignore_ascii_case(keyword).then(|| rest.trim().to_owned())
            })
        };
        Ability {
            encrypted: false,
            certificate: None,
            authenticated: false,
            size: parameter("SIZE").is_some(),
            size_max: parameter("SIZE").and_then(|size| size.parse().ok()).filter(|&size| size > 0),
            eight_bit: parameter("8BITMIME").is_some(),
            pipelining: parameter("PIPELINING").is_some(),
            keywords,
        }
    }
}

/// Connects, logs in, asks nothing of the server, and leaves: for `check --online`. Somebody waits for it, so that each
/// reply has half a minute and not the five of a delivery.
pub async fn probe(settings: &SmtpSettings) -> Result<Ability, SmtpError> {
    let mut settings = settings.clone();
    settings.limits.command = settings.limits.command.min(PROBE_MAX);
    let mut session = open_and_look(&settings, true).await?;
    let ability = session.ability.clone();
    session.quit().await;
    Ok(ability)
}

const PROBE_MAX: Duration = Duration::from_secs(30);

/// Opens a session. Password and authority file are read anew.
pub(super) async fn open(settings: &SmtpSettings) -> Result<Session, SmtpError> {
    open_and_look(settings, false).await
}

/// [`open`]; `look`: it is found out for how long the server's certificate will be accepted.
async fn open_and_look(settings: &SmtpSettings, look: bool) -> Result<Session, SmtpError> {
    let (credentials, trust) = prepare(settings).await?;
    let (tcp, peer) = connect(settings).await?;
    let encrypted = trust.is_some();
    let mut certificate = None;
    let mut session = match (settings.tls, trust) {
        (Tls::Implicit, Some(trust)) => {
            let tls;
            (tls, certificate) = handshake(tcp, &trust, look, settings).await?;
            greet(Stream::Tls(tls), peer, false, settings).await?
        }
        (Tls::StartTls, Some(trust)) => {
            let clear = greet(Stream::Plain(tcp), peer, false, settings).await?;
            let (tcp, peer) = start_tls(clear, settings).await?;
            let tls;
            (tls, certificate) = handshake(tcp, &trust, look, settings).await?;
            greet(Stream::Tls(tls), peer, true, settings).await?
        }
        (_, _) => greet(Stream::Plain(tcp), peer, false, settings).await?,
    };
    session.ability.encrypted = encrypted;
    session.ability.certificate = certificate;
    if let Some(credentials) = credentials {
        session.log_in(credentials, settings).await?;
    }
    Ok(session)
}

type Prepared = (Option<Credentials>, Option<Trust>);

/// What is read from files, on a blocking thread.
async fn prepare(settings: &SmtpSettings) -> Result<Prepared, SmtpError> {
    let (user, password) = (settings.user.clone(), settings.password.clone());
    let (tls, ca_file) = (settings.tls, settings.ca_file.clone());
    let read = move || {
        let credentials = match (user, password) {
            (Some(user), Some(password)) => Some(Credentials::new(user, password.read().map_err(SmtpError::Password)?)),
            _ => None,
        };
        let trust = if tls == Tls::None { None } else { Some(trust(ca_file.as_deref())?) };
        Ok((credentials, trust))
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|e| {
        Err(SmtpError::Authority { path: "of outgoing.smtp".to_owned(), because: format!("reading it failed: {e}") })
    })
}

async fn greet(stream: Stream, peer: SocketAddr, greeted: bool, settings: &SmtpSettings) -> Result<Session, SmtpError> {
    let (wire, tap) = wire(stream, peer, greeted);
    let hello = ClientId::Domain(settings.hello.clone());
    // lettre reads the greeting and says EHLO in one step, so that both share one limit.
    let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello);
    let conn = within(settings, "at the greeting", settings.limits.command, greeting).await?;
    let ability = Ability::of(&tap.lines());
    Ok(Session { conn, tap, ability, used: Instant::now() })
}

async fn start_tls(
    mut clear: Session,
    settings: &SmtpSettings,
) -> Result<(tokio::net::TcpStream, SocketAddr), SmtpError> {
    if !clear.conn.server_info().supports_feature(Extension::StartTls) {
        return Err(SmtpError::NoStartTls { server: settings.server() });
    }
    let when = "at STARTTLS";
    let response = within(settings, when, settings.limits.command, clear.conn.command(Starttls)).await?;
    let broken = |because: &str| SmtpError::Broken { server: settings.server(), when, because: because.to_owned() };
    if !response.has_code(220) {
        return Err(broken(&format!("it answered {}", response.code())));
    }
    clear.tap.take_tcp().ok_or_else(|| broken("it said more than it was asked, in the clear"))
}

impl Session {
    async fn log_in(&mut self, credentials: Credentials, settings: &SmtpSettings) -> Result<(), SmtpError> {
        if self.conn.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
            return Err(SmtpError::NoLogin { server: settings.server() });
        }
        let auth = self.conn.auth(&MECHANISMS, &credentials);
        let response = within(settings, "at AUTH", settings.limits.command, auth).await.map_err(|e| match e {
            // 4xx is a login server that is down, not a wrong password.
            SmtpError::Unwelcome { server, reply } if reply.code >= 500 => SmtpError::Login { server, reply },
            e => e,
        })?;
        if !response.has_code(235) {
            let because = format!("it answered {}", response.code());
            return Err(SmtpError::Broken { server: settings.server(), when: "at AUTH", because });
        }
        self.ability.authenticated = true;
        Ok(())
    }

    /// Says good-bye, for at most a second: nobody waits for politeness.
    pub(super) async fn quit(&mut self) {
        let _ = timeout(Duration::from_secs(1), self.conn.quit()).await;
    }
}

/// A step that all mail depends on.
async fn within<T>(
    settings: &SmtpSettings,
    when: &'static str,
    limit: Duration,
    step: impl Future<Output = Result<T, LettreError>>,
) -> Result<T, SmtpError> {
    let server = settings.server();
    match timeout(limit, step).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(match refusal(&e) {
            Some(reply) => SmtpError::Unwelcome { server, reply },
            None => SmtpError::Broken { server, when, because: trouble(&e) },
        }),
        Err(_) => Err(SmtpError::Silent { server, seconds: limit.as_secs(), when }),
    }
}

/// The 4xx or 5xx reply that an error of lettre's stands for.
pub(super) fn refusal(error: &LettreError) -> Option<SmtpReply> {
    let code = u16::from(error.status()?);
    Some(reply(code, std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()))
}

pub(super) fn acceptance(response: &Response) -> SmtpReply {
    reply(u16::from(response.code()), response.message().collect::<Vec<_>>().join(" "))
}

/// The innermost cause: lettre's own words before it say nothing more.
pub(super) fn trouble(error: &LettreError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().chars().take(LENGTH_MAX).collect()
}

/// Characters of a reply that are kept.
const LENGTH_MAX: usize = 500;

/// Splits off the enhanced status code, whose class must be the code's (RFC 2034 section 4).
fn reply(code: u16, text: String) -> SmtpReply {
    let text = text.trim();
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let parts: Vec<&str> = word.split('.').collect();
    let digits = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let enhanced =
        parts.len() == 3 && parts.iter().all(digits) && parts.first() == Some(&(code / 100).to_string().as_str());
    let (enhanced, text) = if enhanced { (Some(word.to_owned()), rest) } else { (None, text) };
    SmtpReply { code, enhanced, text: text.trim().chars().take(LENGTH_MAX).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_is_split_off_only_where_it_is_one() {
        let split = |code, text: &str| {
            let reply = reply(code, text.to_owned());
            (reply.enhanced, reply.text)
        };
        assert_eq!(split(550, "5.1.1 No such user"), (Some("5.1.1".into()), "No such user".into()));
        assert_eq!(split(250, "2.0.0 Ok: queued as 4F2"), (Some("2.0.0".into()), "Ok: queued as 4F2".into()));
        assert_eq!(split(550, "4.1.1 of another class"), (None, "4.1.1 of another class".into()));
        assert_eq!(split(550, "10.0.0.1 is listed"), (None, "10.0.0.1 is listed".into()));
        assert_eq!(split(250, "5.1"), (None, "5.1".into()));
        assert_eq!(reply(550, "x".repeat(9000)).text.len(), 500);
    }

    #[test]
    fn what_the_server_can_do_is_read_from_its_ehlo() {
        let lines = ["mail.acme.example", "SIZE 10240000", "8BITMIME", "AUTH PLAIN LOGIN"].map(str::to_owned);
        let ability = Ability::of(&lines);
        assert_eq!(ability.size_max, Some(10_240_000));
        assert!(ability.eight_bit);
        assert_eq!(ability.keywords, ["SIZE 10240000", "8BITMIME", "AUTH PLAIN LOGIN"]);
        assert_eq!(Ability::of(&["x".into(), "size 0".into()]).size_max, None, "0 is no bound (RFC 1870 section 4)");
        assert_eq!(Ability::of(&[]), Ability::default());
    }
}
