//! Serves the sites over TCP and TLS, with certificates of an authority of the world's own.
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::{Certificate, Sites};
use crate::world::base::Handle;
use crate::world::http;

/// After this long a black hole lets go of a connection.
const HOLE: Duration = Duration::from_mins(5);
const HANDSHAKE: Duration = Duration::from_secs(10);

pub async fn serve(listener: TcpListener, sites: Handle<Sites>) {
    let mut connections = JoinSet::new();
    loop {
        let connection = http::accept(&listener, &mut connections).await;
        connections.spawn(speak(connection, sites.clone()));
    }
}

/// Shows each client the certificate of the moment.
pub async fn serve_tls(listener: TcpListener, sites: Handle<Sites>, authority: Authority) {
    let mut connections = JoinSet::new();
    let mut shown: Option<(Certificate, TlsAcceptor)> = None;
    loop {
        let connection = http::accept(&listener, &mut connections).await;
        let Some(wanted) = sites.look(|sites| sites.certificate().clone()) else { return };
        if shown.as_ref().is_none_or(|(certificate, _)| *certificate != wanted) {
            shown = authority.acceptor(&wanted).ok().map(|acceptor| (wanted, acceptor));
        }
        // What cannot be made is not shown: the client sees its connection end.
        let Some((_, acceptor)) = shown.clone() else { continue };
        let sites = sites.clone();
        connections.spawn(async move {
            if let Ok(Ok(connection)) = timeout(HANDSHAKE, acceptor.accept(connection)).await {
                speak(connection, sites).await;
            }
        });
    }
}

async fn speak(connection: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, sites: Handle<Sites>) {
    let serving = http::serve(connection, move |request| {
        let sites = sites.clone();
        Box::pin(async move {
            match sites.with(|sites| sites.answer(&request)).flatten() {
                Some((answer, latency)) => {
                    sleep(latency).await;
                    answer
                }
                None => std::future::pending().await,
            }
        })
    });
    let _ = timeout(HOLE, serving).await;
}

/// Who signs the certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new() -> Result<Authority, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "firedeck demo authority");
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Authority { issuer: Issuer::new(params, key), pem })
    }

    /// Its certificate, for those who are to trust it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    fn acceptor(&self, wanted: &Certificate) -> Result<TlsAcceptor, Box<dyn std::error::Error>> {
        let mut params = CertificateParams::new(wanted.names.clone())?;
        let first = wanted.names.first().map_or("", String::as_str);
        params.distinguished_name.push(DnType::CommonName, first);
        let date = |time: Timestamp| {
            let seconds = u64::try_from(time.as_second()).unwrap_or(0);
            date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
        };
        (params.not_before, params.not_after) = (date(wanted.begins), date(wanted.ends));
        let key = KeyPair::generate()?;
        let chain = vec![params.signed_by(&key, &self.issuer)?.der().clone()];
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let mut config = config.with_no_client_auth().with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
