//! TLS as this room uses it: rustls with ring, the system's authorities or those of one file.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// A client configuration. `ca_file`: PEM file of the only authorities to trust. The error is a sentence.
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    let config = match ca_file {
        None => {
            builder.with_platform_verifier().map_err(|e| format!("The system's authorities cannot be read: {e}"))?
        }
        Some(path) => {
            let broken = |what: String| format!("The authorities in {} cannot be used: {what}", path.display());
            let mut roots = rustls::RootCertStore::empty();
            for cert in CertificateDer::pem_file_iter(path).map_err(|e| broken(e.to_string()))? {
                roots.add(cert.map_err(|e| broken(e.to_string()))?).map_err(|e| broken(e.to_string()))?;
            }
            if roots.is_empty() {
                return Err(broken("no certificate in it".to_owned()));
            }
            builder.with_root_certificates(roots)
        }
    };
    Ok(Arc::new(config.with_no_client_auth()))
}
