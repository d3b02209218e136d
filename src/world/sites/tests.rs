//! The sites as a client sees them.
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::*;
use crate::world::base::Shared;
use serve::Authority;

fn sites(days: i64) -> Sites {
    let now = Timestamp::now();
    let ends = now + jiff::SignedDuration::from_hours(24 * days);
    let names = vec!["shop.example".to_owned()];
    let mut sites =
        Sites::new(Certificate { names, begins: now - jiff::SignedDuration::from_hours(24), ends });
    sites.site("shop.example", "/health", Page::json(200, json!({"status": "unhealthy"})));
    sites.site("localhost:8080", "/health", Page::text(503, "down"));
    sites.site("localhost:8081", "/clear", Page { method: "POST", ..Page::text(204, "") });
    sites.site("hole", "/", Page { hole: true, ..Page::text(200, "") });
    sites
}

async fn ask(mut connection: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    let request = format!("{request}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn each_site_says_of_itself_what_the_world_says() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shared = Shared::new(sites(90));
    let server = tokio::spawn(serve::serve(listener, shared.whole()));
    for (request, code, body) in [
        ("GET /health HTTP/1.1\r\nhost: shop.example", "200", r#"{"status":"unhealthy"}"#),
        ("GET /shop.example/health HTTP/1.1\r\nhost: 127.0.0.1", "200", "unhealthy"),
        ("HEAD /health HTTP/1.1\r\nhost: shop.example:443", "200", ""),
        ("GET /health HTTP/1.1\r\nhost: localhost:8080", "503", "down"),
        ("GET /nothing HTTP/1.1\r\nhost: shop.example", "404", "not found"),
        ("GET / HTTP/1.1\r\nhost: elsewhere", "404", "no such site"),
        ("GET /clear HTTP/1.1\r\nhost: localhost:8081", "405", ""),
        ("POST /clear HTTP/1.1\r\nhost: localhost:8081", "204", ""),
    ] {
        let said = ask(TcpStream::connect(address).await.expect("a connection"), request).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {code}")) && said.contains(body), "{request}: {said}");
    }
    let deed = Deed { site: "localhost:8081".into(), method: "POST".into(), path: "/clear".into() };
    assert_eq!(shared.whole().with(Sites::deeds), Some(vec![deed]));
    let mut hole = TcpStream::connect(address).await.expect("a connection");
    hole.write_all(b"GET / HTTP/1.1\r\nhost: hole\r\n\r\n").await.expect("sent");
    // Whoever is asked later answers earlier.
    let other = "GET /health HTTP/1.1\r\nhost: localhost:8080";
    ask(TcpStream::connect(address).await.expect("a connection"), other).await;
    assert!(hole.try_read(&mut [0; 1]).is_err());
    server.abort();
}

#[tokio::test]
async fn the_certificate_ends_when_the_world_says_until_it_is_renewed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shared = Shared::new(sites(-1));
    let authority = Authority::new().expect("an authority");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).expect("pem")).expect("a root");
    let server = tokio::spawn(serve::serve_tls(listener, shared.whole(), authority));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let shake = async || {
        let connection = TcpStream::connect(address).await.expect("a connection");
        connector.connect(ServerName::try_from("shop.example").expect("a name"), connection).await
    };
    assert!(shake().await.expect_err("over").to_string().contains("expired"));
    let now = Timestamp::now();
    shared.whole().with(|sites| sites.renew(now, now + jiff::SignedDuration::from_hours(24 * 90)));
    let said = ask(shake().await.expect("a handshake"), "GET /health HTTP/1.1\r\nhost: shop.example").await;
    assert!(said.contains("unhealthy"), "{said}");
    server.abort();
}
