//! Certificates of servers that must not be trusted, and one that may be: each is called what it is.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use firedeck::domain::feed::FeedState;
use firedeck::domain::object::Kind;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::postgres::watched::Watched;
use crate::redis::server::Cockpit;
use crate::suite::{setting, start};

fn acceptor(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("certificate and key fit");
    TlsAcceptor::from(Arc::new(config))
}

/// A server that gets as far as its certificate; its port. `asked`: the client asks for TLS first, as that of a
/// database does.
async fn showing(acceptor: TlsAcceptor, asked: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if asked {
                    stream.read_exact(&mut [0; 8]).await?;
                    stream.write_all(b"S").await?;
                }
                let mut stream = acceptor.accept(stream).await?;
                stream.read_u8().await
            });
        }
    });
    port
}

/// What ends TLS with the suite's own certificate before a server that speaks without; its port.
async fn ending_tls(server: String) -> u16 {
    let chain = CertificateDer::pem_file_iter(setting("PROXY_CERT")).expect("a file");
    let key = PrivateKeyDer::from_pem_file(setting("PROXY_KEY")).expect("a key");
    let acceptor = acceptor(chain.map(|one| one.expect("a certificate")).collect(), key);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(stream).await?;
                copy_bidirectional(&mut client, &mut TcpStream::connect(server).await?).await
            });
        }
    });
    port
}

/// An authority that the client is told to trust, and what it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(directory: &Path) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let file = directory.join("ca.pem");
        std::fs::write(&file, params.self_signed(&key).expect("signed").pem()).expect("written");
        Authority { issuer: Issuer::new(params, key), file }
    }

    fn signs(&self, params: &CertificateParams) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key");
        let leaf = params.signed_by(&key, &self.issuer).expect("signed").der().clone();
        acceptor(vec![leaf], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
    }
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).expect("a name")
}

/// Every certificate that must be refused, with what has to be said of it.
fn bad(authority: &Authority) -> Vec<(TlsAcceptor, &'static str)> {
    let (elsewhere, own) = (tempfile::tempdir().expect("a directory"), KeyPair::generate().expect("a key"));
    let mut expired = named("127.0.0.1");
    (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let alone = named("127.0.0.1").self_signed(&own).expect("signed").der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.serialize_der()));
    vec![
        (authority.signs(&expired), "certificate expired"),
        (authority.signs(&named("old.example.com")), "certificate is for another name"),
        (Authority::new(elsewhere.path()).signs(&named("127.0.0.1")), "an authority we do not trust"),
        (acceptor(vec![alone], key), "an authority we do not trust"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_a_bad_certificate_is_not_spoken_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(directory.path());
    let root = authority.file.display();
    for (acceptor, words) in bad(&authority) {
        let port = showing(acceptor, true).await;
        let url =
            format!("postgres://watcher@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={root}");
        let mut watched = Watched::of(&url, None, &[Kind::Session]);
        watched
            .until(words, |w| match w.state.as_ref()? {
                FeedState::Down { why, .. } if why.contains(words) => Some(()),
                _ => None,
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_with_a_bad_certificate_is_not_spoken_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(directory.path());
    for (acceptor, words) in bad(&authority) {
        let port = showing(acceptor, false).await;
        Cockpit::of(&format!("rediss://127.0.0.1:{port}/0?cacert={}", authority.file.display()))
            .down(words)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_come_over_https_from_who_the_box_trusts_and_from_nobody_else() {
    let manager = ending_tls(setting("ALERTMANAGER_B")).await;
    let prometheus = ending_tls(setting("PROMETHEUS")).await;
    let urls = [format!("https://127.0.0.1:{manager}"), format!("https://127.0.0.1:{prometheus}")];
    let arguments = ["--alertmanager", &urls[0], "--prometheus", &urls[1]];
    let (trusting, _home) = start(&arguments);
    let trusting = trusting.env("SSL_CERT_FILE", setting("CA")).run();
    trusting.press("4");
    trusting.wait_until("alerts of both", |screen| {
        let text = screen.contents();
        text.contains("Watchdog")
            && text.lines().nth(3).is_some_and(|title| title.trim_end().ends_with(" live"))
    });
    let (wary, _home) = start(&arguments);
    let wary = wary.run();
    wary.press("4");
    wary.wait_for("an authority we do not trust");
}
