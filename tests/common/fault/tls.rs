//! TLS on both sides of the proxy, so that what is inside can be read.
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// A certificate and its key, as PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Identity {
    fn read(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key in PEM");
        (certificates(&self.certificate), key)
    }
}

/// How the proxy shows itself to clients, and to the backend.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl Tls {
    /// `authority` signed the backend's certificate, which names `localhost`. Without a `client` identity
    /// whatever the request itself carries, such as a token, is all that the backend learns.
    pub(crate) fn new(server: &Identity, authority: &str, client: Option<&Identity>) -> Tls {
        let provider = Arc::new(ring::default_provider());
        let (chain, key) = server.read();
        let accept = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the proxy's certificate and key fit");
        let mut roots = RootCertStore::empty();
        for certificate in certificates(authority) {
            roots.add(certificate).expect("an authority");
        }
        let connect = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let connect = match client.map(Identity::read) {
            Some((chain, key)) => connect.with_client_auth_cert(chain, key).expect("they fit"),
            None => connect.with_no_client_auth(),
        };
        Tls {
            acceptor: TlsAcceptor::from(Arc::new(accept)),
            connector: TlsConnector::from(Arc::new(connect)),
        }
    }

    pub(super) async fn accept(&self, client: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
        self.acceptor.accept(client).await
    }

    pub(super) async fn connect(&self, backend: SocketAddr) -> io::Result<client::TlsStream<TcpStream>> {
        let stream = TcpStream::connect(backend).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        self.connector.connect(name, stream).await
    }
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().expect("certificates in PEM")
}
