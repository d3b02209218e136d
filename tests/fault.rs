//! The fault proxy does what each of its faults says.
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::common::fault::http::Answer;
use crate::common::fault::tls::{Identity, Tls};
use crate::common::fault::{Fault, Proxy};

/// Answers every line with itself.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn ask(client: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    client.write_all(text).await?;
    let mut answer = vec![0; text.len()];
    client.read_exact(&mut answer).await?;
    Ok(answer)
}

/// All that comes until the connection ends, well or badly. One that does not end fails the test.
async fn heard_in_all(mut client: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut heard = Vec::new();
    let reading = client.read_to_end(&mut heard);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("the connection ends");
    heard
}

/// Nothing comes, although everything that could bring it has had its turn.
async fn silent(client: &mut TcpStream) -> bool {
    let mut byte = [0];
    tokio::time::timeout(Duration::from_millis(100), client.read(&mut byte)).await.is_err()
}

#[tokio::test]
async fn what_passes_is_unchanged_in_both_directions() {
    let proxy = Proxy::before(echo().await).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_eq!(ask(&mut client, &bytes).await.unwrap(), bytes);
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_client_that_has_said_all_still_hears_the_rest() {
    let proxy = Proxy::before(echo().await).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    client.write_all(b"last words").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(heard_in_all(client).await, b"last words");
}

#[tokio::test]
async fn a_reset_breaks_open_and_new_connections() {
    let proxy = Proxy::before(echo().await).await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut open, b"hello").await.unwrap();
    proxy.set(Fault::Reset).await;
    assert_eq!(open.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(new.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_black_hole_accepts_says_nothing_and_lets_go_when_healed() {
    let proxy = Proxy::before(echo().await).await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut open, b"hello").await.unwrap();
    proxy.set(Fault::BlackHole).await;
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    open.write_all(b"a").await.unwrap();
    new.write_all(b"b").await.unwrap();
    assert!(silent(&mut open).await && silent(&mut new).await);
    proxy.set(Fault::Pass).await;
    assert_eq!(open.read_u8().await.unwrap(), b'a');
    assert_eq!(new.read_u8().await.unwrap(), b'b');
}

#[tokio::test]
async fn refused_means_that_nobody_listens_until_it_is_healed_at_the_same_port() {
    let proxy = Proxy::before(echo().await).await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut open, b"hello").await.unwrap();
    proxy.set(Fault::Refuse).await;
    assert!(open.read_u8().await.is_err());
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.set(Fault::Pass).await;
    let mut again = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut again, b"hello").await.unwrap(), b"hello");
}

#[tokio::test]
async fn a_cut_ends_an_answer_in_its_middle() {
    let proxy = Proxy::before(echo().await).await;
    proxy.set(Fault::Cut { after: 7 }).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    client.write_all(b"0123456789").await.unwrap();
    assert_eq!(heard_in_all(client).await, b"0123456");
}

#[tokio::test]
async fn garbage_is_as_long_as_the_answer_and_nothing_like_it() {
    let proxy = Proxy::before(echo().await).await;
    proxy.set(Fault::Garbage).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let heard = ask(&mut client, &[b'a'; 64]).await.unwrap();
    assert!(heard.split(|byte| *byte == b'a').count() < 8, "{heard:?}");
}

#[tokio::test]
async fn slow_and_late_answers_still_arrive_whole() {
    let proxy = Proxy::before(echo().await).await;
    for fault in [Fault::Slow { bytes_per_second: 2000 }, Fault::Delay(Duration::from_millis(50))] {
        proxy.set(fault).await;
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(ask(&mut client, &[b'x'; 200]).await.unwrap(), [b'x'; 200]);
        // Sleeping may take longer than asked for, never less.
        assert!(began.elapsed() >= Duration::from_millis(45), "{fault:?}");
    }
}

#[tokio::test]
async fn a_fault_set_in_the_middle_of_a_slow_answer_holds_at_once() {
    let proxy = Proxy::before(echo().await).await;
    proxy.set(Fault::Slow { bytes_per_second: 1 }).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    client.write_all(&[b'x'; 1000]).await.unwrap();
    client.read_u8().await.unwrap();
    proxy.set(Fault::Pass).await;
    let mut rest = vec![0; 999];
    client.read_exact(&mut rest).await.unwrap();
    assert_eq!(rest, [b'x'; 999]);
}

#[tokio::test]
async fn hanging_up_closes_what_is_open_and_nothing_else() {
    let proxy = Proxy::before(echo().await).await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut open, b"hello").await.unwrap();
    proxy.hang_up();
    assert!(open.read_u8().await.is_err());
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut new, b"hello").await.unwrap(), b"hello");
}

/// An authority of our own, and a certificate of it for `localhost`.
fn identity() -> (String, Identity) {
    let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority = params.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = leaf.signed_by(&key, &issuer).unwrap().pem();
    (authority, Identity { certificate, key: key.serialize_pem() })
}

fn provider() {
    // Another test may have been first.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
}

/// Answers every request, over TLS, with its own first line.
async fn web(identity: &Identity) -> SocketAddr {
    provider();
    let chain =
        CertificateDer::pem_slice_iter(identity.certificate.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = BufReader::new(acceptor.accept(client).await.unwrap());
                while let Some((first, _)) = read_message(&mut client).await {
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{first}", first.len());
                    client.write_all(answer.as_bytes()).await.unwrap();
                    client.flush().await.unwrap();
                }
            });
        }
    });
    address
}

/// The first line, and everything after it: head and body.
async fn read_message<S: AsyncRead + Unpin>(from: &mut BufReader<S>) -> Option<(String, String)> {
    let (mut first, mut rest, mut length) = (String::new(), String::new(), 0);
    from.read_line(&mut first).await.ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        from.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        rest.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).await.ok()?;
    rest.push_str(&String::from_utf8_lossy(&body));
    Some((first.trim_end().to_owned(), rest))
}

async fn https(proxy: &Proxy, authority: &str) -> BufReader<impl AsyncRead + AsyncWrite + Unpin> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    BufReader::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap())
}

async fn request<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut BufReader<S>,
    text: &str,
) -> (String, String) {
    client.write_all(text.as_bytes()).await.unwrap();
    client.flush().await.unwrap();
    read_message(client).await.unwrap()
}

async fn web_behind_a_proxy() -> (Proxy, String) {
    let (authority, server) = identity();
    let backend = web(&server).await;
    (Proxy::ending_tls(backend, Tls::new(&server, &authority, None)).await, authority)
}

#[tokio::test]
async fn chosen_requests_are_answered_and_the_others_reach_the_backend() {
    let (proxy, authority) = web_behind_a_proxy().await;
    proxy.answer("GET /api/v1/pods", Answer::status(429, "TooManyRequests").header("retry-after", "7"));
    let mut client = https(&proxy, &authority).await;
    // The body holds what would fit the rule, were it a request.
    let post = "POST /other HTTP/1.1\r\ncontent-length: 16\r\n\r\nGET /api/v1/pods";
    assert_eq!(request(&mut client, post).await.1, "content-length: 20\r\n\r\nPOST /other HTTP/1.1");
    let (first, rest) = request(&mut client, "GET /api/v1/pods?watch=true HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(first.starts_with("HTTP/1.1 429 "), "{first}");
    assert!(rest.contains("retry-after: 7\r\n") && rest.contains("\"code\":429"), "{rest}");
    proxy.forget_answers();
    let mut again = https(&proxy, &authority).await;
    let (first, _) = request(&mut again, "GET /api/v1/pods HTTP/1.1\r\n\r\n").await;
    assert_eq!(first, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn an_answer_given_twice_is_not_given_a_third_time() {
    let (proxy, authority) = web_behind_a_proxy().await;
    proxy.answer_times("GET /", 2, Answer::body(200, "{\"kind\": "));
    let mut bodies = Vec::new();
    for _ in 0..3 {
        let mut client = https(&proxy, &authority).await;
        let (_, rest) = request(&mut client, "GET / HTTP/1.1\r\n\r\n").await;
        bodies.push(rest.rsplit("\r\n\r\n").next().unwrap().to_owned());
    }
    assert_eq!(bodies, ["{\"kind\": ", "{\"kind\": ", "GET / HTTP/1.1"]);
}

#[tokio::test]
async fn faults_hold_inside_tls_too() {
    let (proxy, authority) = web_behind_a_proxy().await;
    let mut client = https(&proxy, &authority).await;
    proxy.set(Fault::Cut { after: 20 }).await;
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(heard_in_all(client).await, b"HTTP/1.1 200 OK\r\ncon");
}
