//! `curl`: the options that runbooks use, over HTTP/1.1, in the original's words and with its exit codes.
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::Io;
use flags::{Given, Wrong};
use transfer::Transfer;

pub mod flags;
pub mod http;
pub mod net;
mod request;
mod show;
#[cfg(test)]
pub mod tests;
mod transfer;
pub mod url;

const FLAGS: &str = "-s|--silent -S|--show-error -f|--fail -o|--output= -w|--write-out= -I|--head -i|--include \
    -k|--insecure -L|--location -X|--request= -H|--header= -d|--data= --data-urlencode= -G|--get -u|--user= \
    -m|--max-time= --connect-timeout= -v|--verbose --cacert=";

/// So long a connection may take where nothing else is said.
const CONNECT: Duration = Duration::from_mins(5);

/// Why a transfer ended: the exit code, and what is said of it.
#[derive(Debug)]
struct Fault {
    code: u8,
    says: String,
}

impl Fault {
    fn new(code: u8, says: impl Into<String>) -> Fault {
        Fault { code, says: says.into() }
    }
}

/// Everything that the options say.
struct Options {
    given: Given,
    limit: Option<Duration>,
    connect: Duration,
    tls: net::Tls,
    headers: Vec<String>,
    data: Option<Vec<u8>>,
}

impl Options {
    fn has(&self, name: &str) -> bool {
        self.given.has(name)
    }
}

/// Seconds, with a fraction.
fn span(given: &Given, name: &str) -> Result<Option<Duration>, Fault> {
    let Some(text) = given.value(name) else { return Ok(None) };
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let short = if name == "--max-time" { "-m" } else { name };
    let wrong = || Fault::new(2, format!("option {short}: expected a proper numerical parameter"));
    seconds.map(|seconds| Some(seconds).filter(|seconds| !seconds.is_zero())).ok_or_else(wrong)
}

fn options(args: &[String], io: &mut Io) -> Result<Options, Fault> {
    let wrong = |says: &str| Err(Fault::new(2, says));
    let given = flags::read(args, FLAGS, true).map_err(|wrong| {
        let says = match wrong {
            Wrong::Unknown(_, word) => format!("option {word}: is unknown"),
            Wrong::Missing(name) => format!("option {name}: requires parameter"),
            Wrong::Surplus(name) => format!("option {name}: is unknown"),
        };
        Fault::new(2, says)
    })?;
    if given.words.is_empty() {
        return wrong("no URL specified!");
    }
    if given.has("--head") && !given.has("--get") && (given.has("--data") || given.has("--data-urlencode")) {
        return wrong("you can only select one HTTP request method: POST (-d) or HEAD (-I)");
    }
    if given.value("--write-out").is_some_and(|format| format.starts_with('@')) {
        return wrong("the built-in curl reads no --write-out from a file");
    }
    if given.value("--user").is_some_and(|login| !login.contains(':')) {
        return wrong("the built-in curl asks for no password: --user takes NAME:PASSWORD");
    }
    let (data, headers) = request::given(&given, io)?;
    let bundle = ["CURL_CA_BUNDLE", "SSL_CERT_FILE"].into_iter().find_map(std::env::var_os);
    Ok(Options {
        limit: span(&given, "--max-time")?,
        connect: span(&given, "--connect-timeout")?.unwrap_or(CONNECT),
        tls: net::Tls {
            check: if given.has("--insecure") { net::Check::Nothing } else { net::Check::Full },
            roots: given.value("--cacert").map(PathBuf::from).or(bundle.map(PathBuf::from)),
            speaks: Some("http/1.1"),
        },
        headers,
        data,
        given,
    })
}

/// Where the body goes: a file is only made when there is something to write.
enum Sink<'a> {
    Out(&'a mut (dyn Write + Send)),
    File(PathBuf, Option<File>),
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Out(out) => out.write(bytes),
            Sink::File(_, Some(file)) => file.write(bytes),
            Sink::File(path, none) => none.insert(File::create(path)?).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Out(out) => out.flush(),
            Sink::File(..) => Ok(()),
        }
    }
}

/// Runs it with the words behind the name.
pub async fn run(args: Vec<String>, io: &mut Io) -> u8 {
    let options = match options(&args, io) {
        Ok(options) => options,
        Err(fault) => {
            let hint = "curl: try 'curl --help' or 'curl --manual' for more information";
            let _ = writeln!(io.stderr, "curl: {}\n{hint}", fault.says);
            return fault.code;
        }
    };
    let outputs: Vec<&str> = options.given.values("--output").collect();
    let mut code = 0;
    for (count, text) in options.given.words.iter().enumerate() {
        code = match url::plain(text) {
            Ok(()) => one(text, outputs.get(count).copied(), &options, io).await,
            Err(says) => complain(&Fault::new(3, says), &options, io),
        };
    }
    code
}

fn complain(fault: &Fault, options: &Options, io: &mut Io) -> u8 {
    if !fault.says.is_empty() && (!options.has("--silent") || options.has("--show-error")) {
        let _ = writeln!(io.stderr, "curl: ({}) {}", fault.code, fault.says);
    }
    fault.code
}

/// One address.
async fn one(text: &str, output: Option<&str>, options: &Options, io: &mut Io) -> u8 {
    let mut transfer = Transfer::new(options, output.is_none() && io::stdout().is_terminal());
    let result = {
        let mut sink = match output.filter(|name| *name != "-") {
            Some(path) => Sink::File(PathBuf::from(path), None),
            None => Sink::Out(&mut io.stdout),
        };
        let result = transfer.run(text, &mut sink, &mut io.stderr).await;
        let _ = sink.flush();
        result
    };
    if options.has("--verbose") {
        let _ = match &result {
            Ok(()) => writeln!(io.stderr, "* Connection #0 to host {} left intact", transfer.host),
            Err(_) => writeln!(io.stderr, "* Closing connection 0"),
        };
    }
    // What is said of it comes before what was asked to be written.
    let code = result.map_or_else(|fault| complain(&fault, options, io), |()| 0);
    if let Some(format) = options.given.value("--write-out") {
        show::written(format, &transfer, io);
    }
    code
}
