//! One transfer: to the server, through its redirects, to the last byte; and how long each part took.
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::http::{Connection, Head};
use super::net::{self, Check, Seen, Stream, plain};
use super::url::Url;
use super::{Fault, Options, request, show};

/// Redirects that are followed.
const REDIRECTS: u32 = 50;

/// Seconds since it began, of what has happened.
#[derive(Default)]
pub struct Times {
    pub looked_up: f64,
    pub connected: f64,
    pub shaken: f64,
    pub sending: f64,
    pub first: f64,
    pub total: f64,
}

pub struct Transfer<'a> {
    options: &'a Options,
    /// Whether the body comes before somebody's eyes.
    seen_by_eye: bool,
    began: Instant,
    pub times: Times,
    pub code: u16,
    pub kind: String,
    redirect: String,
    pub url: String,
    pub host: String,
    pub remote: Option<SocketAddr>,
    pub received: u64,
    expected: Option<u64>,
    pub seen: Seen,
}

impl<'a> Transfer<'a> {
    pub fn new(options: &'a Options, seen_by_eye: bool) -> Transfer<'a> {
        Transfer {
            options,
            seen_by_eye,
            began: Instant::now(),
            times: Times::default(),
            code: 0,
            kind: String::new(),
            redirect: String::new(),
            url: String::new(),
            host: String::new(),
            remote: None,
            received: 0,
            expected: None,
            seen: Seen::default(),
        }
    }

    fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Fetches the address into `out`.
    pub async fn run(
        &mut self,
        text: &str,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> Result<(), Fault> {
        let result = match self.options.limit {
            Some(limit) => match tokio::time::timeout(limit, self.all(text, out, err)).await {
                Ok(result) => result,
                Err(_) => Err(self.late()),
            },
            None => self.all(text, out, err).await,
        };
        self.times.total = self.now();
        result
    }

    /// Too late; how far it came.
    fn late(&self) -> Fault {
        let (ms, times, received) = (self.began.elapsed().as_millis(), &self.times, self.received);
        let says = match (times.looked_up > 0.0, times.connected > 0.0, self.expected) {
            (false, ..) => format!("Resolving timed out after {ms} milliseconds"),
            (_, false, _) => format!("Connection timed out after {ms} milliseconds"),
            (_, _, Some(all)) => {
                format!(
                    "Operation timed out after {ms} milliseconds with {received} out of {all} bytes received"
                )
            }
            _ => format!("Operation timed out after {ms} milliseconds with {received} bytes received"),
        };
        Fault::new(28, says)
    }

    async fn all(
        &mut self,
        text: &str,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> Result<(), Fault> {
        let mut url = Url::read(text).map_err(|(code, says)| Fault::new(code, says))?;
        request::aimed(&mut url, self.options);
        let place = |url: &Url| (url.host.clone(), url.port, url.secure);
        let (first, mut changed, mut redirects) = (place(&url), false, 0);
        loop {
            self.url = url.full();
            self.host.clone_from(&url.host);
            // A login is not for another server.
            let known = first == place(&url);
            let next = self.once(&url, (changed, known), out, err).await?;
            let Some((code, to)) = next else { return Ok(()) };
            redirects += 1;
            if redirects > REDIRECTS {
                return Err(Fault::new(47, format!("Maximum ({REDIRECTS}) redirects followed")));
            }
            changed |= matches!(code, 301..=303);
            url = Url::read(&to).map_err(|(code, says)| Fault::new(code, says))?;
        }
    }

    /// One request; where it leads to if that is to be followed.
    async fn once(
        &mut self,
        url: &Url,
        (changed, known): (bool, bool),
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> Result<Option<(u16, String)>, Fault> {
        let options = self.options;
        let loud = options.has("--verbose");
        let stream = match tokio::time::timeout(options.connect, self.reach(url, err)).await {
            Ok(stream) => stream?,
            Err(_) => return Err(self.late()),
        };
        let mut connection = Connection::new(stream);
        let (head, body) = request::made(url, options, changed, known);
        if loud {
            let _ = err.write_all(show::prefixed("> ", &head).as_bytes());
        }
        self.times.sending = self.now();
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&body);
        let failed = |error: &io::Error| Fault::new(55, format!("Send failure: {}", plain(error)));
        connection.send(&bytes).await.map_err(|error| failed(&error))?;
        let head = connection.head(options.has("--head")).await.map_err(|error| received(&error))?;
        self.times.first = self.now();
        self.heard(&head, url);
        if loud {
            let _ = err.write_all(show::prefixed("< ", &head.raw).as_bytes());
        }
        let broken = |_: io::Error| Fault::new(23, "Failure writing output to destination");
        if options.has("--head") || options.has("--include") {
            out.write_all(head.raw.as_bytes()).map_err(broken)?;
        }
        if options.has("--fail") && head.code >= 400 {
            return Err(Fault::new(22, format!("The requested URL returned error: {}", head.code)));
        }
        let to = Some(self.redirect.clone()).filter(|to| options.has("--location") && !to.is_empty());
        self.expected = connection.expected();
        while let Some(piece) = connection.piece().await.map_err(|error| received(&error))? {
            if to.is_some() {
                continue;
            }
            if self.seen_by_eye && self.received == 0 && piece.contains(&0) {
                let says = "binary output can mess up your terminal: use `--output -` or `--output FILE`";
                return Err(Fault::new(23, says));
            }
            self.received += piece.len() as u64;
            out.write_all(&piece).map_err(broken)?;
            out.flush().map_err(broken)?;
        }
        Ok(to.map(|to| (head.code, to)))
    }

    fn heard(&mut self, head: &Head, url: &Url) {
        self.code = head.code;
        head.header("content-type").unwrap_or_default().clone_into(&mut self.kind);
        let to = head.header("location").filter(|_| matches!(head.code, 300..=399));
        self.redirect = to.map(|to| url.join(to)).unwrap_or_default();
    }

    /// A connection, made safe where the address says so.
    async fn reach(&mut self, url: &Url, err: &mut (dyn Write + Send)) -> Result<Stream, Fault> {
        let loud = self.options.has("--verbose");
        let stream = self.connect(url, err).await?;
        if !url.secure {
            return Ok(stream);
        }
        if let Some(path) = self.options.tls.roots.as_ref().filter(|path| std::fs::read(path).is_err()) {
            return Err(Fault::new(77, format!("error setting certificate file: {}", path.display())));
        }
        let (result, seen) = net::secure(stream, &url.host, &self.options.tls).await;
        self.seen = seen;
        let checked = self.options.tls.check != Check::Nothing;
        let error = match result {
            Ok(stream) => {
                self.times.shaken = self.now();
                if loud {
                    let _ = err.write_all(show::certificate(&self.seen).as_bytes());
                }
                return Ok(stream);
            }
            Err(error) => error,
        };
        let (host, port) = (&url.host, url.port);
        let fault = match &self.seen.fault {
            Some(fault) if checked => {
                let (_, says) = show::judged(fault, &self.seen.certificate, host);
                Fault::new(60, format!("{says}\n{}", show::LEGITIMACY))
            }
            _ if error.kind() == ErrorKind::InvalidData => {
                Fault::new(35, "OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number")
            }
            _ => Fault::new(
                35,
                format!("OpenSSL SSL_connect: {} in connection to {host}:{port} ", plain(&error)),
            ),
        };
        if loud {
            let _ = writeln!(err, "* {}", fault.says.lines().next().unwrap_or_default());
        }
        Err(fault)
    }

    async fn connect(&mut self, url: &Url, err: &mut (dyn Write + Send)) -> Result<Stream, Fault> {
        let loud = self.options.has("--verbose");
        let refused = |ms: u128| {
            let (host, port) = (&url.host, url.port);
            Fault::new(
                7,
                format!("Failed to connect to {host} port {port} after {ms} ms: Couldn't connect to server"),
            )
        };
        let unknown = |_| Fault::new(6, format!("Could not resolve host: {}", url.host));
        let addresses = net::addresses(&url.host, url.port).await.map_err(unknown)?;
        self.times.looked_up = self.now();
        for address in addresses {
            if loud {
                let _ = writeln!(err, "*   Trying {address}...");
            }
            match net::tcp(address).await {
                Ok(stream) => {
                    self.times.connected = self.now();
                    self.remote = Some(address);
                    if loud {
                        let (host, ip) = (&url.host, address.ip());
                        let _ = writeln!(err, "* Connected to {host} ({ip}) port {} (#0)", url.port);
                    }
                    return Ok(stream);
                }
                Err(error) if loud => {
                    let (ip, port, why) = (address.ip(), address.port(), plain(&error));
                    let _ = writeln!(err, "* connect to {ip} port {port} failed: {why}");
                }
                Err(_) => {}
            }
        }
        let fault = refused(Duration::as_millis(&self.began.elapsed()));
        if loud {
            let _ = writeln!(err, "* {}", fault.says);
        }
        Err(fault)
    }
}

fn received(error: &io::Error) -> Fault {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::UnexpectedEof => Fault::new(52, "Empty reply from server"),
        ErrorKind::InvalidData if text.starts_with("transfer closed") => Fault::new(18, text),
        ErrorKind::InvalidData if text.starts_with("Illegal") || text.starts_with("Invalid") => {
            Fault::new(56, text)
        }
        ErrorKind::InvalidData => Fault::new(1, text),
        _ => Fault::new(56, format!("Recv failure: {}", plain(error))),
    }
}
