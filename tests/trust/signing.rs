//! Mails that are really signed: keys made by OpenSSL and ring, signatures by mail-auth.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::{Algorithm, Ed25519Key, HashImpl, RsaKey, Sha1, Sha256, SigningKey};
use mail_auth::common::headers::{HeaderWriter as _, Writable};
use mail_auth::dkim::{DkimSigner, Done};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

pub const FIELDS: &[&str] = &["From", "To", "Subject", "Date", "Message-ID"];

pub fn mail(from: &str) -> String {
    format!(
        "From: {from}\r\nTo: podpora@acme.example\r\nSubject: =?utf-8?Q?Fakt=C3=BAra?=\r\n\
         Date: Mon, 02 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@firma.example>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nDobrý deň,\r\n\r\nkde je  faktúra? \r\n\r\n"
    )
}

/// A private key as DER (PKCS #8), and what its DNS record says.
#[derive(Clone)]
pub struct Rsa {
    der: Vec<u8>,
    pub record: String,
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl must be installed (Debian: openssl)");
    child.stdin.take().expect("piped").write_all(input).expect("openssl reads");
    let output = child.wait_with_output().expect("openssl ends");
    assert!(output.status.success(), "openssl {arguments:?} failed");
    output.stdout
}

impl Rsa {
    pub fn new(bits: u32) -> Rsa {
        let bits = format!("rsa_keygen_bits:{bits}");
        let pem = openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits], b"");
        let der = openssl(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], &pem);
        let public = openssl(&["pkey", "-inform", "DER", "-pubout", "-outform", "DER"], &der);
        Rsa { der, record: format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public)) }
    }

    /// One that all tests of this process share: making it takes a while.
    pub fn shared() -> &'static Rsa {
        static KEY: OnceLock<Rsa> = OnceLock::new();
        KEY.get_or_init(|| Rsa::new(2048))
    }

    pub fn key(&self) -> RsaKey<Sha256> {
        let der = PrivatePkcs8KeyDer::from(self.der.as_slice());
        RsaKey::from_key_der(PrivateKeyDer::Pkcs8(der)).expect("an RSA key")
    }

    /// Signs by OpenSSL what ring refuses to sign: short keys, SHA-1.
    pub fn weak<H>(&self, algorithm: Algorithm) -> WeakKey<H> {
        WeakKey { der: self.der.clone(), algorithm, hash: std::marker::PhantomData }
    }
}

pub struct WeakKey<H> {
    der: Vec<u8>,
    algorithm: Algorithm,
    hash: std::marker::PhantomData<H>,
}

impl<H: HashImpl> SigningKey for WeakKey<H> {
    type Hasher = H;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        let mut data: Vec<u8> = Vec::new();
        input.write(&mut data);
        let mut key = tempfile::NamedTempFile::new().expect("a scratch file");
        key.write_all(&self.der).expect("written");
        let path = key.path().display().to_string();
        let digest = if self.algorithm == Algorithm::RsaSha1 { "-sha1" } else { "-sha256" };
        Ok(openssl(&["dgst", digest, "-keyform", "DER", "-sign", &path], &data))
    }

    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

pub fn sha1(rsa: &Rsa) -> WeakKey<Sha1> {
    rsa.weak(Algorithm::RsaSha1)
}

pub fn short(rsa: &Rsa) -> WeakKey<Sha256> {
    rsa.weak(Algorithm::RsaSha256)
}

/// An Ed25519 key and what its DNS record says.
pub fn ed25519() -> (Ed25519Key, String) {
    let der = Ed25519Key::generate_pkcs8().expect("a key");
    let key = Ed25519Key::from_pkcs8_der(&der).expect("an Ed25519 key");
    let record = format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key()));
    (key, record)
}

pub fn signer<K: SigningKey>(key: K, domain: &str, selector: &str, fields: &[&str]) -> DkimSigner<K, Done> {
    DkimSigner::from_key(key).domain(domain).selector(selector).headers(fields.iter().copied())
}

/// The mail with a signature on top.
pub fn signed<K: SigningKey>(mail: &str, signer: &DkimSigner<K, Done>) -> String {
    format!("{}{mail}", signer.sign(mail.as_bytes()).expect("signs").to_header())
}

/// Signed by the shared key with the usual fields.
pub fn sign(mail: &str, domain: &str, selector: &str) -> String {
    signed(mail, &signer(Rsa::shared().key(), domain, selector, FIELDS))
}
