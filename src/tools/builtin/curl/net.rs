//! The way to a server, for the stand-ins that speak to one: names, addresses, sockets, TLS.
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, Error, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::tls::{Judge, stranger};

/// Where the servers of a demo are that documents call by their own names: `name:port=address:port`, with commas
/// between. It stands in the environment of the demo's shell.
pub const HOSTS: &str = "FIREDECK_DEMO_HOSTS";

pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}
pub type Stream = Box<dyn Duplex>;

/// What the system says, without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    match text.strip_prefix("failed to lookup address information: ") {
        Some(why) => why.to_owned(),
        None => text.to_owned(),
    }
}

/// The addresses of a name; what cannot be found is an error.
pub async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let wanted = format!("{host}:{port}");
    let hosts = std::env::var(HOSTS).unwrap_or_default();
    let mut pairs = hosts.split(',').filter_map(|pair| pair.trim().split_once('='));
    if let Some((_, to)) = pairs.find(|(name, _)| *name == wanted) {
        return Ok(tokio::net::lookup_host(to).await?.collect());
    }
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

pub async fn tcp(address: SocketAddr) -> io::Result<Stream> {
    let stream = TcpStream::connect(address).await?;
    let _ = stream.set_nodelay(true);
    Ok(Box::new(stream))
}

/// The first address of a name where somebody answers.
pub async fn reach(host: &str, port: u16) -> io::Result<Stream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses(host, port).await? {
        match tcp(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

pub async fn unix(path: &Path) -> io::Result<Stream> {
    Ok(Box::new(UnixStream::connect(path).await?))
}

/// How much of a certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    Nothing,
    /// Who signed it, not whose it is.
    Chain,
    Full,
}

#[derive(Debug, Clone)]
pub struct Tls {
    pub check: Check,
    /// Instead of the authorities of the system.
    pub roots: Option<PathBuf>,
    /// What is spoken over it, where that is said.
    pub speaks: Option<&'static str>,
}

/// What was seen while it was made safe.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub certificate: Vec<u8>,
    /// What is wrong with the certificate, whether or not that matters.
    pub fault: Option<Error>,
    pub version: String,
    pub suite: String,
}

fn other(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

fn verifier(tls: &Tls, provider: &Arc<CryptoProvider>) -> io::Result<Option<Arc<dyn ServerCertVerifier>>> {
    let Some(path) = &tls.roots else {
        // A box without authorities trusts none.
        let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider)).ok();
        return Ok(system.map(|system| Arc::new(system) as _));
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(other)? {
        roots.add(certificate.map_err(other)?).map_err(other)?;
    }
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(Some(built.map_err(other)?))
}

/// TLS over a connection. What was seen comes back even where it fails.
pub async fn secure(stream: Stream, name: &str, tls: &Tls) -> (io::Result<Stream>, Seen) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let result = shake(stream, name, tls, &seen).await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (result, seen)
}

async fn shake(stream: Stream, name: &str, tls: &Tls, seen: &Arc<Mutex<Seen>>) -> io::Result<Stream> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (check, inner, noted) = (tls.check, verifier(tls, &provider)?, Arc::clone(seen));
    let judge = Judge::new(Arc::clone(&provider), move |shown| {
        let nobody = Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        let verdict = inner.as_ref().map_or(nobody, |inner| shown.before(&**inner));
        let mut seen = noted.lock().unwrap_or_else(PoisonError::into_inner);
        seen.certificate = shown.leaf.to_vec();
        seen.fault = verdict.clone().err();
        match (verdict, check) {
            (Err(fault), Check::Full) => Err(fault),
            (Err(fault), Check::Chain) if !stranger(&fault) => Err(fault),
            _ => Ok(()),
        }
    });
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge));
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = tls.speaks.iter().map(|speaks| speaks.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).map_err(other)?;
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let connection = stream.get_ref().1;
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let version = connection.protocol_version().and_then(|version| version.as_str()).unwrap_or_default();
    seen.version = version.replace('_', ".");
    let suite = connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
    seen.suite = suite.unwrap_or_default().replace("TLS13_", "TLS_");
    drop(seen);
    Ok(Box::new(stream))
}
