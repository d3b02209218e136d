//! `redis-cli`: the options that runbooks use, and every command, in the original's words.
use std::io::{self, BufRead, BufReader as Lines, IsTerminal, Write};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};

use super::Io;
use super::curl::flags;
use super::curl::net::{self, Stream, plain};
use super::curl::url::decoded;
use reply::{Form, Reply};

mod reply;
mod survey;

const FLAGS: &str = "-h= -p= -a|--pass= --user= -u= -n= -i= --no-auth-warning --raw --no-raw --scan --pattern= \
    --bigkeys --memkeys --latency";

struct Options {
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
    database: u32,
    interval: Duration,
    form: Form,
    pattern: Option<String>,
    /// `--scan` and its like.
    mode: Option<&'static str>,
    command: Vec<Vec<u8>>,
}

/// `redis://user:password@host:port/database`.
fn address(text: &str, options: &mut Options) -> Option<()> {
    let (scheme, rest) = text.split_once("://")?;
    if scheme != "redis" {
        return None;
    }
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or(("", login));
    let (host, port) = place.split_once(':').unwrap_or((place, ""));
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    options.user = some(&decoded(user));
    options.password = some(&decoded(password));
    options.host = some(host).unwrap_or("127.0.0.1".to_owned());
    options.port = if port.is_empty() { 6379 } else { port.parse().ok()? };
    options.database = if database.is_empty() { 0 } else { database.parse().ok()? };
    Some(())
}

fn options(args: Vec<String>, io: &mut Io) -> Result<Options, String> {
    let form = if io::stdout().is_terminal() { Form::Terminal } else { Form::Raw };
    let mut options = Options {
        host: "127.0.0.1".to_owned(),
        port: 6379,
        user: None,
        password: std::env::var("REDISCLI_AUTH").ok(),
        database: 0,
        interval: Duration::ZERO,
        form,
        pattern: None,
        mode: None,
        command: Vec::new(),
    };
    let (mut warned, mut quiet) = (false, false);
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if !arg.starts_with('-') || arg == "-" {
            options.command = std::iter::once(arg).chain(args).map(String::into_bytes).collect();
            break;
        }
        let bad = || format!("Unrecognized option or bad number of args for: '{arg}'");
        let (name, takes) = flags::find(FLAGS, &arg).ok_or_else(bad)?;
        let value = if takes { args.next().ok_or_else(bad)? } else { String::new() };
        match name {
            "-h" => options.host = value,
            "-p" => options.port = value.parse().map_err(|_| "Invalid server port.")?,
            "--pass" => (options.password, warned) = (Some(value), true),
            "--user" => options.user = Some(value),
            "-u" => {
                address(&value, &mut options).ok_or("Invalid URI")?;
                warned |= options.password.is_some();
            }
            "-n" => options.database = value.parse().map_err(|_| bad())?,
            "-i" => {
                let seconds =
                    value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                options.interval = seconds.ok_or_else(bad)?;
            }
            "--no-auth-warning" => quiet = true,
            "--raw" => options.form = Form::Raw,
            "--no-raw" => options.form = Form::Terminal,
            "--pattern" => options.pattern = Some(value),
            mode => options.mode = Some(mode),
        }
    }
    let walks = matches!(options.mode, Some("--scan" | "--bigkeys" | "--memkeys"));
    if options.mode.is_some() && !options.command.is_empty() || options.pattern.is_some() && !walks {
        return Err(
            "the built-in redis-cli takes a command, or one of --scan, --bigkeys, --memkeys and --latency"
                .to_owned(),
        );
    }
    if warned && !quiet {
        let says = "Using a password with '-a' or '-u' option on the command line interface may not be safe.";
        let _ = writeln!(io.stderr, "Warning: {says}");
    }
    Ok(options)
}

/// A connection that is logged in.
struct Link(BufReader<Stream>);

impl Link {
    async fn open(options: &Options, io: &mut Io) -> Result<Link, String> {
        let (host, port) = (&options.host, options.port);
        let failed =
            |error: io::Error| format!("Could not connect to Redis at {host}:{port}: {}", plain(&error));
        let stream = net::reach(host, port).await.map_err(failed)?;
        let mut link = Link(BufReader::new(stream));
        if let Some(password) = &options.password {
            let mut words = vec![b"AUTH".to_vec()];
            words.extend(options.user.iter().chain([password]).map(|word| word.clone().into_bytes()));
            if let Reply::Error(why) = link.ask(&words).await.map_err(failed)? {
                let _ = writeln!(io.stderr, "AUTH failed: {why}");
            }
        }
        if options.database > 0 {
            let number = options.database.to_string();
            if let Reply::Error(why) = link.tell(&["SELECT", &number]).await.map_err(failed)? {
                // The original goes on in another database.
                return Err(format!("SELECT {number} failed: {why}"));
            }
        }
        Ok(link)
    }

    async fn send(&mut self, words: &[Vec<u8>]) -> io::Result<()> {
        let mut out = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            out.extend_from_slice(word);
            out.extend_from_slice(b"\r\n");
        }
        self.0.get_mut().write_all(&out).await?;
        self.0.get_mut().flush().await
    }

    async fn ask(&mut self, words: &[Vec<u8>]) -> io::Result<Reply> {
        self.send(words).await?;
        self.next().await
    }

    async fn next(&mut self) -> io::Result<Reply> {
        reply::read(&mut self.0, 0).await
    }

    async fn tell(&mut self, words: &[&str]) -> io::Result<Reply> {
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        self.ask(&words).await
    }
}

/// Runs it with the words behind the name.
pub async fn run(args: Vec<String>, io: &mut Io) -> u8 {
    let result = match options(args, io) {
        Ok(options) => all(&options, io).await,
        Err(why) => Err(why),
    };
    match result {
        Ok(()) => 0,
        // What the signal of a pipe that nobody reads would make of it.
        Err(why) if why.is_empty() => 141,
        Err(why) => {
            let _ = writeln!(io.stderr, "{why}");
            1
        }
    }
}

async fn all(options: &Options, io: &mut Io) -> Result<(), String> {
    let mut link = Link::open(options, io).await?;
    if let Some(mode) = options.mode {
        return survey::run(mode, &mut link, options, io).await.map_err(|error| closed(&error));
    }
    if !options.command.is_empty() {
        return command(&options.command, &mut link, options, io).await;
    }
    let input = std::mem::replace(&mut io.stdin, Box::new(io::empty()));
    let mut lines = Lines::new(input).split(b'\n');
    loop {
        if io.terminal {
            let database =
                if options.database > 0 { format!("[{}]", options.database) } else { String::new() };
            let _ = write!(io.stdout, "{}:{}{database}> ", options.host, options.port);
            let _ = io.stdout.flush();
        }
        let Some(Ok(typed)) = lines.next() else { return Ok(()) };
        match words(&typed) {
            None => drop(writeln!(io.stdout, "Invalid argument(s)")),
            Some(words) if words.is_empty() => {}
            Some(words) if words.len() == 1 && matches!(name(&words, 0).as_str(), "QUIT" | "EXIT") => {
                return Ok(());
            }
            Some(words) => command(&words, &mut link, options, io).await?,
        }
    }
}

fn closed(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "Error: Server closed the connection".to_owned(),
        io::ErrorKind::BrokenPipe => String::new(),
        io::ErrorKind::Other => error.to_string(),
        _ => format!("Error: {}", plain(error)),
    }
}

fn name(words: &[Vec<u8>], at: usize) -> String {
    words.get(at).map(|word| String::from_utf8_lossy(word).to_ascii_uppercase()).unwrap_or_default()
}

async fn command(words: &[Vec<u8>], link: &mut Link, options: &Options, io: &mut Io) -> Result<(), String> {
    let (first, second) = (name(words, 0), name(words, 1));
    let verbatim = match first.as_str() {
        "INFO" | "LOLWUT" => true,
        "MEMORY" => matches!(second.as_str(), "DOCTOR" | "MALLOC-STATS"),
        "CLUSTER" => matches!(second.as_str(), "NODES" | "INFO"),
        "CLIENT" => matches!(second.as_str(), "LIST" | "INFO"),
        "LATENCY" => matches!(second.as_str(), "DOCTOR" | "GRAPH"),
        _ => false,
    };
    let mut reply = match link.ask(words).await {
        // A server that was told to go has nothing to say.
        Err(_) if first == "SHUTDOWN" => return Ok(()),
        other => other.map_err(|error| closed(&error))?,
    };
    let endless = matches!(first.as_str(), "MONITOR" | "SUBSCRIBE" | "PSUBSCRIBE");
    loop {
        let _ = io.stdout.write_all(&reply::shown(&reply, options.form, verbatim));
        if io.stdout.flush().is_err() || !endless || matches!(reply, Reply::Error(_)) {
            return Ok(());
        }
        reply = link.next().await.map_err(|error| closed(&error))?;
    }
}

/// The words of a line; nothing where a quote is left open or there is an escape.
fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut all, mut bytes) = (Vec::new(), line.iter().copied().peekable());
    loop {
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        let Some(first) = bytes.peek().copied() else { return Some(all) };
        let mut word = Vec::new();
        if let b'"' | b'\'' = first {
            bytes.next();
            loop {
                match bytes.next()? {
                    // What it would stand for is not known here.
                    b'\\' => return None,
                    byte if byte == first => break,
                    byte => word.push(byte),
                }
            }
            if bytes.peek().is_some_and(|byte| !byte.is_ascii_whitespace()) {
                return None;
            }
        } else {
            while let Some(byte) = bytes.next_if(|byte| !byte.is_ascii_whitespace()) {
                word.push(byte);
            }
        }
        all.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::super::curl::tests::{said, server};
    use super::*;

    async fn cli(line: &str) -> (u8, String, String) {
        let port = server(|asked| match asked {
            b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n" => b"$1\r\nx\r\n".to_vec(),
            b"*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n" => b"-WRONGPASS no\r\n".to_vec(),
            b"*1\r\n$4\r\nINFO\r\n" => b"$6\r\na:1\r\n\n\r\n".to_vec(),
            b"*1\r\n$4\r\nQUIT\r\n" => Vec::new(),
            _ => b"-ERR unknown\r\n".to_vec(),
        });
        let line = format!("--raw -p {} {line}", port.await);
        said(&line, async |args, mut io| super::run(args, &mut io).await).await
    }

    #[tokio::test]
    async fn a_command_is_sent_and_its_reply_shown() {
        let text = |text: &str| text.to_owned();
        assert_eq!(cli("GET a").await, (0, text("x\n"), text("")));
        assert_eq!(cli("--no-raw GET a").await.1, "\"x\"\n");
        assert_eq!(cli("INFO").await.1, "a:1\r\n\n");
        assert_eq!(cli("NOSUCH").await, (0, text("ERR unknown\n\n"), text("")));
        let refused = cli("--user u --pass p --no-auth-warning GET a").await;
        assert_eq!(refused, (0, text("x\n"), text("AUTH failed: WRONGPASS no\n")));
        assert_eq!(cli("QUIT").await, (1, text(""), text("Error: Server closed the connection\n")));
        assert_eq!(cli("--nosuch").await.2, "Unrecognized option or bad number of args for: '--nosuch'\n");
        assert_eq!(cli("--scan").await.2, "SCAN error: ERR unknown\n");
        let elsewhere = cli("-n 9 GET a").await;
        assert_eq!(elsewhere, (1, text(""), text("SELECT 9 failed: ERR unknown\n")));
        for line in
            ["--scan GET a", "--pattern x GET a", "-i soon GET a", "-r 3 GET a", "-u redis://h/x GET a"]
        {
            let refused = cli(line).await;
            assert!(refused.0 == 1 && refused.1.is_empty() && !refused.2.is_empty(), "{line}: {refused:?}");
        }
    }

    #[test]
    fn a_line_is_taken_apart_with_its_quotes() {
        assert_eq!(words(b" set \"a b\" 'c' e ").expect("words"), [&b"set"[..], b"a b", b"c", b"e"]);
        assert_eq!(words(b"set \"a\\x41\""), None);
        assert_eq!(words(b"set \"open"), None);
        assert_eq!(words(b"'a'b"), None);
    }
}
