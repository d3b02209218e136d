//! The wire to a PostgreSQL server: the way in, questions in the simple form, and answers in their order.
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::curl::net::{self, Check, Stream, plain};
use super::Target;

/// No message of a server is longer.
const MESSAGE: usize = 64 << 20;

/// What a server says of an error or a notice, by the letters of its fields.
#[derive(Debug, Default, Clone)]
pub struct Said(Vec<(u8, String)>);

impl Said {
    pub fn get(&self, letter: u8) -> Option<&str> {
        self.0.iter().find(|(one, _)| *one == letter).map(|(_, text)| text.as_str())
    }
}

pub struct Column {
    pub name: String,
    pub right: bool,
}

/// A cell; nothing where it is null.
pub type Row = Vec<Option<String>>;

pub enum Answer {
    Columns(Vec<Column>),
    Row(Row),
    Done(String),
    Notice(Said),
    Error(Said),
    CopyIn,
    Copied(Vec<u8>),
    Ready,
    Other,
}

enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

pub struct Link {
    stream: Stream,
    buffer: BytesMut,
    place: Place,
    key: (i32, i32),
}

/// Why there is no connection; one that asks for a password can be tried again.
pub struct Refusal {
    pub says: String,
    pub wants_password: bool,
}

impl Link {
    /// Tries every address of the server.
    pub async fn open(target: &Target) -> Result<Link, Refusal> {
        let mut says = Vec::new();
        let mut wants_password = false;
        for (place, name) in places(target).await.map_err(|says| Refusal { says, wants_password: false })? {
            let opened = Link::enter(place, target);
            let opened = match target.timeout {
                Some(limit) => {
                    tokio::time::timeout(limit, opened).await.unwrap_or(Err("timeout expired".to_owned()))
                }
                None => opened.await,
            };
            match opened {
                Ok(link) => return Ok(link),
                Err(why) => {
                    wants_password = why == NO_PASSWORD;
                    says.push(format!("connection to server {name} failed: {why}"));
                }
            }
        }
        Err(Refusal { says: says.join("\n"), wants_password })
    }

    async fn enter(place: Place, target: &Target) -> Result<Link, String> {
        let stream = reach(&place).await.map_err(|error| unreached(&place, &error))?;
        let stream = secured(stream, &place, target).await?;
        let mut link = Link { stream, buffer: BytesMut::new(), place, key: (0, 0) };
        let mut parameters = vec![("user", target.user.as_str()), ("database", &target.database)];
        parameters.push(("application_name", &target.application));
        parameters.push(("client_encoding", "UTF8"));
        if let Some(options) = &target.options {
            parameters.push(("options", options));
        }
        link.send(|out| frontend::startup_message(parameters, out)).await.map_err(|error| lost(&error))?;
        link.login(target).await?;
        Ok(link)
    }

    async fn login(&mut self, target: &Target) -> Result<(), String> {
        let password = || target.password.as_deref().ok_or(NO_PASSWORD.to_owned());
        let mut scram = None;
        loop {
            let (tag, mut body) = self.message().await.map_err(|error| lost(&error))?;
            let failed = |error: io::Error| lost(&error);
            match tag {
                b'R' if body.len() < 4 => return Err("authentication message is too short".to_owned()),
                b'R' => match body.get_i32() {
                    0 => {}
                    3 => {
                        let password = password()?;
                        let send = self.send(|out| frontend::password_message(password.as_bytes(), out));
                        send.await.map_err(failed)?;
                    }
                    5 => {
                        let salt = body.get(..4).and_then(|salt| salt.try_into().ok()).unwrap_or_default();
                        let hash = md5_hash(target.user.as_bytes(), password()?.as_bytes(), salt);
                        let send = self.send(|out| frontend::password_message(hash.as_bytes(), out));
                        send.await.map_err(failed)?;
                    }
                    10 => {
                        let way = ScramSha256::new(password()?.as_bytes(), ChannelBinding::unsupported());
                        let way = scram.insert(way);
                        let first = |out: &mut BytesMut| {
                            frontend::sasl_initial_response(SCRAM_SHA_256, way.message(), out)
                        };
                        self.send(first).await.map_err(failed)?;
                    }
                    kind @ (11 | 12) => {
                        let Some(way) = &mut scram else { return Err("unexpected SASL message".to_owned()) };
                        let result = if kind == 11 { way.update(&body) } else { way.finish(&body) };
                        result.map_err(|error| format!("SCRAM failed: {error}"))?;
                        if kind == 11 {
                            self.send(|out| frontend::sasl_response(way.message(), out))
                                .await
                                .map_err(failed)?;
                        }
                    }
                    kind => return Err(format!("authentication method {kind} not supported")),
                },
                b'E' => {
                    let said = fields(&body);
                    let get = |letter| said.get(letter).unwrap_or_default();
                    return Err(format!("{}:  {}", get(b'S'), get(b'M')));
                }
                b'K' if body.len() >= 8 => self.key = (body.get_i32(), body.get_i32()),
                b'Z' => return Ok(()),
                _ => {}
            }
        }
    }

    async fn send(&mut self, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> io::Result<()> {
        let mut out = BytesMut::new();
        write(&mut out)?;
        self.stream.write_all(&out).await?;
        self.stream.flush().await
    }

    pub async fn ask(&mut self, text: &str) -> io::Result<()> {
        self.send(|out| frontend::query(text, out)).await
    }

    pub async fn refuse_copy(&mut self) -> io::Result<()> {
        self.send(|out| frontend::copy_fail("the built-in psql has no COPY FROM STDIN", out)).await
    }

    /// Safe to be dropped while it waits.
    async fn message(&mut self) -> io::Result<(u8, BytesMut)> {
        loop {
            if let (Some(tag), Some(length)) = (self.buffer.first(), self.buffer.get(1..5)) {
                let tag = *tag;
                let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
                if !(4..=MESSAGE).contains(&length) {
                    return Err(io::Error::new(ErrorKind::InvalidData, "message has no length"));
                }
                if self.buffer.len() > length {
                    let mut whole = self.buffer.split_to(length + 1);
                    whole.advance(5);
                    return Ok((tag, whole));
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    pub async fn next(&mut self) -> io::Result<Answer> {
        let (tag, mut body) = self.message().await?;
        Ok(match tag {
            b'T' => Answer::Columns(columns(&mut body)),
            b'D' => Answer::Row(cells(&mut body)),
            b'C' => Answer::Done(text(&mut body)),
            b'N' => Answer::Notice(fields(&body)),
            b'E' => Answer::Error(fields(&body)),
            b'G' => Answer::CopyIn,
            b'd' => Answer::Copied(body.to_vec()),
            b'Z' => Answer::Ready,
            _ => Answer::Other,
        })
    }

    /// Asks the server, on a connection of its own, to end what runs on this one.
    pub async fn cancel(&self) -> io::Result<()> {
        let mut stream = reach(&self.place).await?;
        let mut out = BytesMut::new();
        frontend::cancel_request(self.key.0, self.key.1, &mut out);
        stream.write_all(&out).await?;
        stream.flush().await
    }

    pub fn address(&self) -> Option<SocketAddr> {
        match self.place {
            Place::Tcp(address) => Some(address),
            Place::Unix(_) => None,
        }
    }
}

const NO_PASSWORD: &str = "fe_sendauth: no password supplied";

/// Where the server can be, and how each place is called.
async fn places(target: &Target) -> Result<Vec<(Place, String)>, String> {
    let (host, port) = (&target.host, target.port);
    if host.starts_with('/') {
        let path = Path::new(host).join(format!(".s.PGSQL.{port}"));
        let name = format!("on socket \"{}\"", path.display());
        return Ok(vec![(Place::Unix(path), name)]);
    }
    let unknown =
        |error: io::Error| format!("could not translate host name \"{host}\" to address: {}", plain(&error));
    let found = net::addresses(host, port).await.map_err(unknown)?;
    let name = |address: SocketAddr| {
        let ip = address.ip().to_string();
        let ip = if ip == *host { String::new() } else { format!(" ({ip})") };
        (Place::Tcp(address), format!("at \"{host}\"{ip}, port {port}"))
    };
    Ok(found.into_iter().map(name).collect())
}

async fn reach(place: &Place) -> io::Result<Stream> {
    match place {
        Place::Tcp(address) => net::tcp(*address).await,
        Place::Unix(path) => net::unix(path).await,
    }
}

fn unreached(place: &Place, error: &io::Error) -> String {
    let hint = match place {
        Place::Tcp(_) => "on that host and accepting TCP/IP connections?",
        Place::Unix(_) => "locally and accepting connections on that socket?",
    };
    format!("{}\n\tIs the server running {hint}", plain(error))
}

fn lost(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => CLOSED.to_owned(),
        _ => plain(error),
    }
}

pub const CLOSED: &str = "server closed the connection unexpectedly
\tThis probably means the server terminated abnormally
\tbefore or while processing the request.";

/// TLS where the server has it and the mode wants it.
async fn secured(mut stream: Stream, place: &Place, target: &Target) -> Result<Stream, String> {
    let mode = target.ssl.as_str();
    if matches!(mode, "disable" | "allow") || matches!(place, Place::Unix(_)) {
        return Ok(stream);
    }
    let mut out = BytesMut::new();
    frontend::ssl_request(&mut out);
    let failed = |error: io::Error| lost(&error);
    stream.write_all(&out).await.map_err(failed)?;
    match stream.read_u8().await.map_err(failed)? {
        b'S' => {}
        _ if mode == "prefer" => return Ok(stream),
        _ => return Err("server does not support SSL, but SSL was required".to_owned()),
    }
    let check = match mode {
        "verify-full" => Check::Full,
        "verify-ca" => Check::Chain,
        _ => Check::Nothing,
    };
    let roots = std::env::var_os("PGSSLROOTCERT").map(PathBuf::from);
    let tls = net::Tls { check, roots, speaks: None };
    let (result, _) = net::secure(stream, &target.host, &tls).await;
    result.map_err(|error| format!("SSL error: {error}"))
}

fn text(body: &mut BytesMut) -> String {
    let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
    let text = String::from_utf8_lossy(&body.split_to(end)).into_owned();
    body.advance(body.len().min(1));
    text
}

fn fields(body: &BytesMut) -> Said {
    let parts = body.as_ref().split(|byte: &u8| *byte == 0);
    let field = |part: &[u8]| {
        part.split_first().map(|(letter, text)| (*letter, String::from_utf8_lossy(text).into_owned()))
    };
    Said(parts.filter_map(field).collect())
}

fn columns(body: &mut BytesMut) -> Vec<Column> {
    /// Numbers and what counts.
    const RIGHT: [u32; 11] = [20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069];
    let count = body.try_get_u16().unwrap_or(0);
    let one = |body: &mut BytesMut| {
        let name = text(body).replace(char::is_control, "?");
        body.advance(body.len().min(6));
        let kind = body.try_get_u32().unwrap_or(0);
        body.advance(body.len().min(8));
        Column { name, right: RIGHT.contains(&kind) }
    };
    (0..count).map(|_| one(body)).collect()
}

fn cells(body: &mut BytesMut) -> Row {
    let count = body.try_get_u16().unwrap_or(0);
    let one = |body: &mut BytesMut| {
        let length = usize::try_from(body.try_get_i32().unwrap_or(-1)).ok()?;
        let bytes = body.split_to(length.min(body.len()));
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    (0..count).map(|_| one(body)).collect()
}

/// A time limit in whole seconds; none where it is zero.
pub fn limit(text: &str) -> Option<Duration> {
    text.trim().parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}
