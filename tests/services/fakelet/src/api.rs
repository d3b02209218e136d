//! The few API-server calls this program needs, over one HTTP/2 connection.
use reqwest::{Certificate, Client, Identity, Method, Response};
use serde_json::Value;
use std::time::Duration;

pub struct Api {
    http: Client,
    // The watch has a connection of its own, so that a burst of writes cannot hold it up.
    watcher: Client,
    base: String,
}

pub enum Failure {
    Gone,
    Retry(String),
    Fatal(String),
}

impl Api {
    pub fn new(base: &str, ca: &str, cert: &str, key: &str) -> Result<Api, String> {
        let read = |p: &str| std::fs::read(p).map_err(|e| format!("{p}: {e}"));
        let mut id = read(cert)?;
        id.extend(read(key)?);
        let root = read(ca)?;
        let client = || {
            Client::builder()
                .use_rustls_tls()
                .tls_built_in_root_certs(false)
                .add_root_certificate(Certificate::from_pem(&root)?)
                .identity(Identity::from_pem(&id)?)
                .no_proxy()
                .connect_timeout(Duration::from_secs(5))
                .http2_keep_alive_interval(Duration::from_secs(15))
                .http2_adaptive_window(true)
                .build()
        };
        Ok(Api {
            http: client().map_err(|e| e.to_string())?,
            watcher: client().map_err(|e| e.to_string())?,
            base: base.trim_end_matches('/').to_string(),
        })
    }

    pub async fn call(
        &self,
        m: Method,
        path: &str,
        ctype: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let mut r = self.http.request(m, format!("{}{path}", self.base)).timeout(Duration::from_secs(30));
        if let Some(b) = body {
            r = r.header("content-type", ctype).body(b.to_string());
        }
        let resp = r.send().await.map_err(|e| Failure::Retry(format!("{path}: {e}")))?;
        let code = resp.status().as_u16();
        let text = resp.bytes().await.map_err(|e| Failure::Retry(format!("{path}: {e}")))?;
        match code {
            200..=299 => Ok(serde_json::from_slice(&text).unwrap_or(Value::Null)),
            404 | 410 => Err(Failure::Gone),
            429 | 500..=599 | 409 => Err(Failure::Retry(format!("{path}: {code}"))),
            _ => Err(Failure::Fatal(format!(
                "{path}: {code} {}",
                String::from_utf8_lossy(&text).chars().take(300).collect::<String>()
            ))),
        }
    }

    pub async fn merge(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::PATCH, path, "application/merge-patch+json", Some(body)).await
    }

    pub async fn strategic(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::PATCH, path, "application/strategic-merge-patch+json", Some(body)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::POST, path, "application/json", Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, "", None).await
    }

    pub async fn watch(&self, path: &str) -> Result<Response, String> {
        let r = self
            .watcher
            .get(format!("{}{path}", self.base))
            .header("accept", "application/json")
            .send()
            .await
            .map_err(|e| e.to_string())?;
        if r.status().is_success() { Ok(r) } else { Err(format!("watch answered {}", r.status())) }
    }
}
