//! What every backend that speaks HTTP shares: getting in, time limits, and why an answer is none.
mod files;
mod way;

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url};

pub use files::Files;
pub use way::{Entry, Way};

use super::reason::{brief, reason};

const CONNECT: Duration = Duration::from_secs(3);
/// No answer of a server that is as it should be is larger.
pub const MOST_BYTES: usize = 64 << 20;

/// An address without the name and password that may stand in it.
pub fn shown(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return brief(address) };
    let bare = url.set_username("").and_then(|()| url.set_password(None)).is_ok();
    if bare {
        brief(url.as_str().trim_end_matches('/'))
    } else {
        url.host_str().unwrap_or_default().to_owned()
    }
}

/// For a client of one address; every request of it is answered within `answer` or fails.
fn builder(url: &Url, answer: Duration) -> ClientBuilder {
    let builder = Client::builder()
        .connect_timeout(CONNECT)
        .timeout(answer)
        // A login page would answer with 200 and tell nothing.
        .redirect(Policy::none())
        .user_agent(concat!("firedeck/", env!("CARGO_PKG_VERSION")));
    // Without TLS a box may lack every authority, and nothing is asked of them.
    if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder }
}

/// Addresses can hold passwords; a timeout is named by its type only at the outside.
pub fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".into();
    }
    reason(error)
}

/// Why an answer is none; `path` is what was asked for.
pub fn refused(answer: &Response, path: &str) -> Result<(), String> {
    let status = answer.status();
    Err(match status {
        StatusCode::UNAUTHORIZED => {
            "not logged in (401): set `token`, or `username` and `password`, in the profile".into()
        }
        StatusCode::FORBIDDEN => format!("forbidden (403): these credentials may not read {path}"),
        StatusCode::NOT_FOUND => {
            format!("has no {path} (404): is its address complete?")
        }
        status if status.is_redirection() => {
            let to =
                answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("another place");
            format!("leads to {}: name the address where it answers itself", brief(to))
        }
        status if status.is_success() => return Ok(()),
        status => format!("answers {}", status.as_u16()),
    })
}

/// The whole body, up to `most` bytes.
pub async fn body(mut answer: Response, most: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| why(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Err(format!("answers with more than {} MB", most >> 20));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(shown("http://me:hunter2@p:9090/"), "http://p:9090");
    }
}
