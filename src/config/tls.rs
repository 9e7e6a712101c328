//! TLS as every connection of the desk's has it: rustls with ring, given explicitly; the system's authorities, or only
//! those of one file; and for how long a server's certificate will go on being accepted.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_platform_verifier::Verifier;

/// How far ahead a certificate is looked at.
pub const LOOKED_AHEAD: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// How exactly its end is found.
const EXACT: Duration = Duration::from_secs(60);

/// Whom a connection believes.
#[derive(Clone)]
pub struct Trust {
    pub config: Arc<ClientConfig>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl Trust {
    /// `ca_file`: a PEM file of the only authorities to believe. Blocking: reads files.
    ///
    /// # Errors
    /// What is wrong with the file, or with the system's authorities, without the file's name.
    pub fn load(ca_file: Option<&Path>) -> Result<Self, String> {
        // Given, not taken from the process: nothing here relies on a global that main installs.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match ca_file {
            None => Arc::new(Verifier::new(Arc::clone(&provider)).map_err(|e| e.to_string())?),
            Some(path) => {
                let roots = Arc::new(authorities(path)?);
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                verifier.build().map_err(|e| e.to_string())?
            }
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?;
        // rustls calls every verifier of one's own dangerous; these two are its own and its platform's.
        let config = builder.dangerous().with_custom_certificate_verifier(Arc::clone(&verifier)).with_no_client_auth();
        Ok(Trust { config: Arc::new(config), verifier })
    }

    /// For how long from now the certificate of this connection will go on being accepted, to the minute, at most
    /// [`LOOKED_AHEAD`]. The verifier itself is asked, about later times: so the ends of the authorities between, and other
    /// ways to a root, count as they will.
    pub fn accepted_for(&self, connection: &ClientConnection, name: &ServerName<'_>) -> Option<Duration> {
        let (own, between) = connection.peer_certificates()?.split_first()?;
        let now = Duration::from_secs(UnixTime::now().as_secs());
        let accepted = |ahead: Duration| {
            let then = UnixTime::since_unix_epoch(now + ahead);
            self.verifier.verify_server_cert(own, between, name, &[], then).is_ok()
        };
        if accepted(LOOKED_AHEAD) {
            return Some(LOOKED_AHEAD);
        }
        let (mut yes, mut no) = (Duration::ZERO, LOOKED_AHEAD);
        while no - yes > EXACT {
            let middle = yes + (no - yes) / 2;
            if accepted(middle) { yes = middle } else { no = middle }
        }
        Some(yes)
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| e.to_string())? {
        let certificate = certificate.map_err(|e| e.to_string())?;
        roots.add(certificate).map_err(|e| e.to_string())?;
    }
    if roots.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An authority that ends in so many days, and a certificate by it for `localhost` that does in so many; PEM and DER.
    fn made(authority_days: i64, own_days: i64) -> (String, CertificateDer<'static>, rcgen::KeyPair) {
        let end = |days: i64| {
            let at = std::time::SystemTime::now() + Duration::from_secs(u64::try_from(days * 86_400).expect("later"));
            at.into()
        };
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("an authority");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority.not_after = end(authority_days);
        let pem = authority.self_signed(&key).expect("signed").pem();
        let issuer = rcgen::Issuer::new(authority, key);
        let own_key = rcgen::KeyPair::generate().expect("a key");
        let mut own = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a certificate");
        own.not_after = end(own_days);
        let own = own.signed_by(&own_key, &issuer).expect("signed");
        (pem, own.der().clone(), own_key)
    }

    /// For how long a client that trusts this authority will accept this certificate.
    fn accepted_for((pem, own, key): (String, CertificateDer<'static>, rcgen::KeyPair)) -> Duration {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, pem).expect("is written");
        let trust = Trust::load(Some(&file)).expect("is read");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![own], key))
            .expect("a server");
        let name = ServerName::try_from("localhost").expect("a name");
        let mut client = ClientConnection::new(Arc::clone(&trust.config), name.clone()).expect("a client");
        let mut server = rustls::ServerConnection::new(Arc::new(server)).expect("a server");
        while client.is_handshaking() {
            let (mut up, mut down) = (Vec::new(), Vec::new());
            client.write_tls(&mut up).expect("writes");
            server.read_tls(&mut up.as_slice()).expect("reads");
            server.process_new_packets().expect("goes on");
            server.write_tls(&mut down).expect("writes");
            client.read_tls(&mut down.as_slice()).expect("reads");
            client.process_new_packets().expect("goes on");
        }
        trust.accepted_for(&client, &name).expect("there is a certificate")
    }

    #[test]
    fn the_end_of_a_certificate_is_found_to_the_minute() {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        let near =
            |found: Duration, expected: Duration| found <= expected && found + Duration::from_secs(120) > expected;
        let own = accepted_for(made(1_000, 20));
        assert!(near(own, days(20)), "{own:?}");
        assert_eq!(accepted_for(made(1_000, 500)), LOOKED_AHEAD);
    }

    #[test]
    fn a_file_without_authorities_says_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        assert!(Trust::load(Some(&file)).is_err(), "there is none");
        std::fs::write(&file, "no certificate").expect("is written");
        assert_eq!(Trust::load(Some(&file)).err().as_deref(), Some("there is no certificate in it"));
    }
}
