//! The engine: its socket, its answers, and the two streams that a container's output comes in.
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::super::Io;
use super::super::curl::http::{Connection, Head};
use super::super::curl::net;
use super::super::curl::url::encoded;
use super::Fault;

/// No whole answer of an engine is longer.
const ANSWER: usize = 64 << 20;

#[derive(Clone)]
pub struct Engine {
    /// As `DOCKER_HOST` says it.
    host: String,
}

impl Engine {
    pub fn at(host: Option<&str>) -> Result<Engine, Fault> {
        let said = |name: &str| std::env::var(name).ok().filter(|said| !said.is_empty());
        let host = host.map(str::to_owned).or(said("DOCKER_HOST"));
        if let Some(name) = said("DOCKER_CONTEXT").filter(|_| host.is_none()) {
            return Err(Fault::new(1, format!("the built-in docker knows no contexts, such as {name}")));
        }
        Ok(Engine { host: host.unwrap_or("unix:///var/run/docker.sock".to_owned()) })
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        let host = &self.host;
        let failed = |_| {
            Fault::new(
                1,
                format!("Cannot connect to the Docker daemon at {host}. Is the docker daemon running?"),
            )
        };
        let stream = if let Some(path) = host.strip_prefix("unix://") {
            net::unix(Path::new(path)).await.map_err(failed)?
        } else {
            let place = host.strip_prefix("tcp://").and_then(|place| place.rsplit_once(':'));
            let place = place.and_then(|(name, port)| Some((name, port.trim_end_matches('/').parse().ok()?)));
            let (name, port) =
                place.ok_or_else(|| Fault::new(1, format!("unable to parse docker host `{host}`")))?;
            net::reach(name, port).await.map_err(failed)?
        };
        Ok(Connection::new(stream))
    }

    /// A request; an answer that refuses it is a fault with the engine's words.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Head, Connection), Fault> {
        let mut connection = self.connect().await?;
        let upgrade = path.starts_with("/exec/") && path.ends_with("/start");
        let body = body.map(Value::to_string).unwrap_or_default();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let more = if upgrade { "Connection: Upgrade\r\nUpgrade: tcp\r\n" } else { "Connection: close\r\n" };
        let length = body.len();
        let request = format!(
            "{method} /v1.41{path} HTTP/1.1\r\nHost: docker\r\n{kind}{more}Content-Length: {length}\r\n\r\n{body}"
        );
        let broken =
            |error: std::io::Error| Fault::new(1, format!("error during connect: {}", net::plain(&error)));
        connection.send(request.as_bytes()).await.map_err(broken)?;
        let head = connection.head(false).await.map_err(broken)?;
        // What runs already is not started again. An engine that shows another way has done nothing.
        if matches!(head.code, 101 | 200..=299 | 304) {
            return Ok((head, connection));
        }
        let body = connection.whole(ANSWER).await.map_err(broken)?;
        let says = serde_json::from_slice::<Value>(&body).ok();
        let says = says.and_then(|says| says.get("message")?.as_str().map(str::to_owned));
        let says = says.unwrap_or_else(|| String::from_utf8_lossy(&body).trim().to_owned());
        Err(Fault { code: 1, says: format!("Error response from daemon: {says}"), status: head.code })
    }

    pub async fn text(&self, method: &str, path: &str, body: Option<&Value>) -> Result<String, Fault> {
        let (_, mut connection) = self.call(method, path, body).await?;
        let body = connection.whole(ANSWER).await;
        let body = body.map_err(|error| Fault::new(1, format!("error during connect: {error}")))?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    pub async fn json(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let text = self.text(method, path, body).await?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text)
            .map_err(|error| Fault::new(1, format!("invalid answer of the engine: {error}")))
    }

    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.json("GET", path, None).await
    }

    pub async fn list(&self, path: &str) -> Result<Vec<Value>, Fault> {
        Ok(self.get(path).await?.as_array().cloned().unwrap_or_default())
    }
}

/// As it stands in a path; the names of images have slashes.
pub fn escaped(text: &str) -> String {
    encoded(text.as_bytes(), "-._~/:@")
}

/// Passes output on as it comes, with something in front of each line.
pub async fn pour(connection: &mut Connection, plain: bool, prefix: &str, io: &mut Io) -> Result<(), Fault> {
    let (mut frames, mut begun) = (Vec::new(), [false; 2]);
    let broken = |error: std::io::Error| Fault::new(1, format!("error during connect: {error}"));
    while let Some(piece) = connection.piece().await.map_err(broken)? {
        if plain {
            if io.stdout.write_all(&piece).and_then(|()| io.stdout.flush()).is_err() {
                return Ok(());
            }
            continue;
        }
        frames.extend_from_slice(&piece);
        // Eight bytes in front of each frame: the stream, three zeros, and its length.
        while let Some(&[stream, _, _, _, a, b, c, d]) = frames.first_chunk::<8>() {
            let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            if length > ANSWER {
                return Err(Fault::new(1, format!("Unrecognized input header: {stream}")));
            }
            if frames.len() < length + 8 {
                break;
            }
            let frame: Vec<u8> = frames.drain(..length + 8).skip(8).collect();
            let error = stream == 2;
            let out = if error { &mut io.stderr } else { &mut io.stdout };
            let begun = &mut begun[usize::from(error)];
            for line in frame.split_inclusive(|byte| *byte == b'\n') {
                if !*begun {
                    let _ = out.write_all(prefix.as_bytes());
                }
                let _ = out.write_all(line);
                *begun = !line.ends_with(b"\n");
            }
            if out.flush().is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
