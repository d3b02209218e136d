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
