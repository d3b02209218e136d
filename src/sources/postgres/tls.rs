//! As much trust as `sslmode` asks for: none, an authority, or an authority and the name.
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::address::{Address, Tls};
use crate::tls::{Judge, stranger};

/// Where systems keep the authorities they trust.
const SYSTEM: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Reads the files that an address names.
pub fn config(address: &Address) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match address.tls {
        Tls::VerifyCa | Tls::VerifyFull => {
            let roots = Arc::new(roots(address.root.as_deref())?);
            let strict = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            let strict = strict.map_err(|error| format!("the authorities cannot be used: {error}"))?;
            if address.tls == Tls::VerifyFull {
                strict
            } else {
                // The authority must be right, the name need not be.
                Arc::new(Judge::new(provider.clone(), move |shown| match shown.before(&*strict) {
                    Err(error) if stranger(&error) => Ok(()),
                    other => other,
                }))
            }
        }
        // Who only asks for TLS is not told who answers.
        _ => Arc::new(Judge::new(provider.clone(), |_| Ok(()))),
    };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| format!("tls: {error}"))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let Some((certificate, key)) = &address.own else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unread(key, &error))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| format!("our certificate cannot be used: {error}"))
}

fn roots(named: Option<&Path>) -> Result<RootCertStore, String> {
    let system = || SYSTEM.iter().map(Path::new).find(|path| path.exists());
    let named = named.filter(|path| *path != Path::new("system"));
    let path =
        named.or_else(system).ok_or("this box trusts no authority: set `sslrootcert` in the address")?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(path)?);
    if roots.is_empty() {
        return Err(format!("`{}` holds no certificate of an authority", path.display()));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    all.map_err(|error: rustls::pki_types::pem::Error| unread(path, &error))
}

fn unread(path: &Path, error: &rustls::pki_types::pem::Error) -> String {
    format!("`{}` cannot be read: {error}", path.display())
}
