//! TCP without Nagle's delay, and TLS on it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::SmtpError;
use super::settings::{SmtpSettings, Tls};
use crate::config::tls::Trust;

/// Connects to the first of the server's addresses that answers. TCP_NODELAY is set: lettre writes body and final dot
/// apart, and with Nagle's delay each mail would cost 44 ms (measured, lettre 0.11.23).
pub(super) async fn connect(settings: &SmtpSettings) -> Result<(TcpStream, SocketAddr), SmtpError> {
    let limit = settings.limits.connect;
    let resolve = |because: String| SmtpError::Resolve { host: settings.host.clone(), because };
    let refused = |because: String| SmtpError::Connect { server: settings.server(), because };
    let lookup = tokio::net::lookup_host((settings.host.as_str(), settings.port));
    let addresses: Vec<SocketAddr> = match timeout(limit, lookup).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(e)) => return Err(resolve(e.to_string())),
        Err(_) => return Err(resolve(format!("no answer in {} s", limit.as_secs()))),
    };
    if settings.tls == Tls::None && !settings.allow_plaintext && !addresses.iter().all(|a| a.ip().is_loopback()) {
        return Err(SmtpError::Plaintext { server: settings.server() });
    }
    let mut last = resolve("it has no address".to_owned());
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                tcp.set_nodelay(true).map_err(|e| refused(e.to_string()))?;
                return Ok((tcp, address));
            }
            Ok(Err(e)) => last = refused(e.to_string()),
            Err(_) => last = refused(format!("no answer in {} s", limit.as_secs())),
        }
    }
    Err(last)
}

/// Believes the system's authorities, or only those of `ca_file`. Blocking: reads files.
pub(super) fn trust(ca_file: Option<&Path>) -> Result<Trust, SmtpError> {
    let path = || ca_file.map_or_else(|| "of the system".to_owned(), |p| p.display().to_string());
    Trust::load(ca_file).map_err(|because| SmtpError::Authority { path: path(), because })
}

/// TLS on a connection; also, where that is `looked_at`, for how long from now the server's certificate will be accepted.
pub(super) async fn handshake(
    tcp: TcpStream,
    trust: &Trust,
    looked_at: bool,
    settings: &SmtpSettings,
) -> Result<(Box<TlsStream<TcpStream>>, Option<Duration>), SmtpError> {
    let fault = |because: String, advice| SmtpError::Tls { server: settings.server(), because, advice };
    let name = ServerName::try_from(settings.host.clone())
        .map_err(|e| fault(e.to_string(), "outgoing.smtp.host must be a host name or an IP address"))?;
    let limit = settings.limits.connect;
    match timeout(limit, TlsConnector::from(trust.config.clone()).connect(name.clone(), tcp)).await {
        Ok(Ok(stream)) => {
            let looked = looked_at.then(|| trust.accepted_for(stream.get_ref().1, &name));
            Ok((Box::new(stream), looked.flatten()))
        }
        Ok(Err(e)) => {
            let advice = match e.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) {
                Some(rustls::Error::InvalidCertificate(_)) => {
                    "if the server has a certificate of your own authority, name that in outgoing.smtp.ca_file"
                }
                _ => "check outgoing.smtp.port and tls: 465 is usually implicit, 587 starttls",
            };
            Err(fault(e.to_string(), advice))
        }
        Err(_) => Err(fault(
            format!("no answer in {} s", limit.as_secs()),
            "check outgoing.smtp.port and tls: 465 is usually implicit, 587 starttls",
        )),
    }
}
