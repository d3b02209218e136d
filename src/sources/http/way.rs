//! The way into one server: a client that trusts whom it should, and what every request says.
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};

use super::files::Files;
use super::{builder, why};
use crate::domain::settings::endpoint::SecretRef;
use crate::domain::settings::web::{Said, Site};
use crate::domain::settings::{Endpoint, WebOptions};
use crate::sources::backend::Secrets;
use crate::sources::reason::reason;

/// What a profile says of the way in.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub url: &'a str,
    username: Option<&'a str>,
    password: Option<&'a SecretRef>,
    token: Option<&'a SecretRef>,
    pub web: &'a WebOptions,
}

impl<'a> From<&'a Endpoint> for Entry<'a> {
    fn from(of: &'a Endpoint) -> Entry<'a> {
        Entry {
            url: &of.url,
            username: of.username.as_deref(),
            password: of.password.as_ref(),
            token: of.token.as_ref(),
            web: &of.web,
        }
    }
}

impl<'a> From<&'a Site> for Entry<'a> {
    fn from(of: &'a Site) -> Entry<'a> {
        Entry {
            url: &of.url,
            username: of.username.as_deref(),
            password: of.password.as_ref(),
            token: of.token.as_ref(),
            web: &of.web,
        }
    }
}

/// How to log in.
#[derive(Debug)]
enum Login {
    Open,
    Basic { username: String, password: SecretString },
    Bearer(SecretString),
}

/// Held as long as it leads anywhere: the secrets and the files are read once for it.
#[derive(Debug, Clone)]
pub struct Way {
    client: Client,
    login: Arc<Login>,
    headers: Arc<HeaderMap>,
    /// Authorities of its own.
    own_authorities: bool,
}

impl Way {
    /// Without anything that a profile would say.
    pub fn plain(url: &Url, answer: Duration) -> Result<Way, String> {
        let client = builder(url, answer).build().map_err(|error| reason(&error))?;
        Ok(Way { client, login: Arc::new(Login::Open), headers: Arc::default(), own_authorities: false })
    }

    /// Reads what has to be read. Every request is answered within `answer`, or fails.
    pub async fn open(entry: Entry<'_>, secrets: &Secrets, answer: Duration) -> Result<Way, String> {
        let url = Url::parse(entry.url).map_err(|_| "its address is none".to_owned())?;
        let mut builder = builder(&url, answer);
        if url.scheme() == "https" {
            builder = Files::read(entry.web).await?.arm(builder)?;
        }
        let client = builder.build().map_err(|error| match &entry.web.cert {
            Some(cert) => format!("`cert` {} cannot be used: {}", cert.display(), reason(&error)),
            None => reason(&error),
        })?;
        Ok(Way {
            client,
            login: Arc::new(login(&entry, &url, secrets).await?),
            headers: Arc::new(headers(entry.web, secrets).await?),
            own_authorities: entry.web.ca.is_some(),
        })
    }

    pub fn request(&self, method: Method, mut url: Url) -> RequestBuilder {
        if !matches!(&*self.login, Login::Open) {
            // It would be sent beside.
            let _ = (url.set_username(""), url.set_password(None));
        }
        let request = self.client.request(method, url).headers(HeaderMap::clone(&self.headers));
        match &*self.login {
            Login::Open => request,
            Login::Basic { username, password } => {
                request.basic_auth(username, Some(password.expose_secret()))
            }
            Login::Bearer(token) => request.bearer_auth(token.expose_secret()),
        }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Why nothing came of a request.
    pub fn why(&self, error: &reqwest::Error) -> String {
        let why = why(error);
        let strange = self.own_authorities && why.contains("authority we do not trust");
        if strange { "certificate signed by none of the authorities in `ca`".into() } else { why }
    }
}

async fn login(entry: &Entry<'_>, url: &Url, secrets: &Secrets) -> Result<Login, String> {
    if let Some(token) = entry.token {
        return Ok(Login::Bearer(secrets(token.clone()).await?));
    }
    let inside = Some(url.username()).filter(|name| !name.is_empty());
    let Some(username) = entry.username.or(inside) else { return Ok(Login::Open) };
    let password = match entry.password {
        Some(password) => secrets(password.clone()).await?,
        // Of an address that was typed; a profile never holds one.
        None => url.password().unwrap_or_default().to_owned().into(),
    };
    Ok(Login::Basic { username: username.to_owned(), password })
}

async fn headers(options: &WebOptions, secrets: &Secrets) -> Result<HeaderMap, String> {
    let mut all = HeaderMap::new();
    for (name, said) in &options.headers {
        let bad = || format!("the header `{name}` cannot be sent");
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let value = match said {
            Said::Plain(text) => HeaderValue::from_str(text).map_err(|_| bad())?,
            Said::Secret(secret) => {
                let secret = secrets(secret.clone()).await?;
                let mut value = HeaderValue::from_str(secret.expose_secret())
                    .map_err(|_| format!("the secret of the header `{name}` holds what no header can"))?;
                value.set_sensitive(true);
                value
            }
        };
        all.insert(header, value);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::crypto::ring;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{RootCertStore, ServerConfig};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// An authority, and what it signed for `localhost`: each as PEM, the latter with its key.
    fn authority() -> (String, [(String, String); 2]) {
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let root = parameters.self_signed(&key).expect("a certificate").pem();
        let issuer = Issuer::new(parameters, key);
        let signed = [(); 2].map(|()| {
            let key = KeyPair::generate().expect("a key");
            let leaf = CertificateParams::new(vec!["localhost".into()]).expect("parameters");
            (leaf.signed_by(&key, &issuer).expect("a certificate").pem(), key.serialize_pem())
        });
        (root, signed)
    }

    /// Answers every request with what it was sent; takes only whom the authority knows.
    async fn echo(root: &str, (certificate, key): &(String, String)) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(root.as_bytes()).expect("PEM")).expect("an authority");
        let provider = Arc::new(ring::default_provider());
        let known = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let config = config.expect("versions").with_client_cert_verifier(known.build().expect("a verifier"));
        let config = config.with_single_cert(chain, key).expect("they fit");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("one").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut heard = vec![0; 4096];
                let n = stream.read(&mut heard).await.unwrap_or(0);
                let status = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {n}\r\n\r\n");
                let _ = stream.write_all(&[status.as_bytes(), &heard[..n]].concat()).await;
                let _ = stream.shutdown().await;
            }
        });
        format!("https://localhost:{port}")
    }

    async fn asked(web: &WebOptions, url: &str) -> Result<String, String> {
        let secrets: Secrets = Arc::new(|_| Box::pin(async { Ok("hunter2".to_owned().into()) }));
        let entry = Entry { url, username: None, password: None, token: None, web };
        let way = Way::open(entry, &secrets, Duration::from_secs(5)).await?;
        let sent = way.request(Method::GET, Url::parse(url).expect("an address")).send().await;
        sent.map_err(|error| way.why(&error))?.text().await.map_err(|error| way.why(&error))
    }

    #[tokio::test]
    async fn a_server_is_trusted_by_the_authority_that_was_named_and_told_who_we_are() {
        let _ = ring::default_provider().install_default();
        let (root, [server, own]) = authority();
        let url = echo(&root, &server).await;
        let directory = tempfile::tempdir().expect("a directory");
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("written");
            Some(path)
        };
        let web = WebOptions {
            ca: file("ca.pem", &root),
            cert: file("own.pem", &own.0),
            key: file("own.key", &own.1),
            headers: vec![
                ("X-Scope-OrgID".into(), Said::Plain("shop".into())),
                ("X-Api-Key".into(), Said::Secret(SecretRef::Env("KEY".into()))),
            ],
        };
        let heard = asked(&web, &url).await.expect("an answer");
        assert!(heard.contains("x-scope-orgid: shop") && heard.contains("x-api-key: hunter2"), "{heard}");
        // The key may stand in the same file.
        let both = WebOptions { cert: file("both.pem", &(own.0.clone() + &own.1)), key: None, ..web.clone() };
        assert!(asked(&both, &url).await.is_ok());
        let unknown = WebOptions { cert: None, key: None, ..web.clone() };
        assert!(asked(&unknown, &url).await.is_err(), "it takes only whom it knows");
        let other = WebOptions { ca: file("other.pem", &authority().0), ..web.clone() };
        let why = asked(&other, &url).await.expect_err("a stranger");
        assert_eq!(why, "certificate signed by none of the authorities in `ca`");
        let strange = WebOptions { key: file("strange.key", &server.1), ..web.clone() };
        let why = asked(&strange, &url).await.expect_err("the key of another");
        assert!(why.contains("`cert`") && why.contains("own.pem"), "{why}");
        let none = WebOptions { key: file("no.key", "hello"), ..web };
        assert!(asked(&none, &url).await.expect_err("no key").contains("no.key: holds no private key"));
    }
}
