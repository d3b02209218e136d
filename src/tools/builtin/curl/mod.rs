//! `curl`: the options that runbooks use, over HTTP/1.1, in the original's words and with its exit codes.
use std::ffi::OsString;
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
mod url;

const FLAGS: &str = "-s|--silent -S|--show-error -f|--fail -o|--output= -w|--write-out= -I|--head -i|--include \
    -k|--insecure -L|--location -X|--request= -H|--header= -d|--data=  --data-urlencode= \
    -G|--get -u|--user= -m|--max-time= --connect-timeout= --retry= -v|--verbose --cacert= -E|--cert= \
    --key=";

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
    connect: Option<Duration>,
    retries: u32,
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
fn span(given: &Given, name: &str) -> Result<Option<Duration>, String> {
    let Some(text) = given.value(name) else { return Ok(None) };
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let short = if name == "--max-time" { "-m" } else { name };
    let wrong = || format!("option {short}: expected a proper numerical parameter");
    seconds.map(|seconds| Some(seconds).filter(|seconds| !seconds.is_zero())).ok_or_else(wrong)
}

fn options(args: &[String]) -> Result<Options, String> {
    let given = flags::read(args, FLAGS, true).map_err(|wrong| match wrong {
        Wrong::Unknown(_, word) => format!("option {word}: is unknown"),
        Wrong::Missing(name) => format!("option {name}: requires parameter"),
        Wrong::Surplus(name) => format!("option {name}: is unknown"),
    })?;
    let retries = given.value("--retry").unwrap_or("0").parse();
    let (data, headers) = request::given(&given);
    let path = |name: &str| given.value(name).map(PathBuf::from);
    let bundle = ["CURL_CA_BUNDLE", "SSL_CERT_FILE"].into_iter().find_map(std::env::var_os);
    let own = path("--cert").map(|cert| (cert.clone(), path("--key").unwrap_or(cert)));
    Ok(Options {
        limit: span(&given, "--max-time")?,
        connect: span(&given, "--connect-timeout")?,
        retries: retries.map_err(|_| "option --retry: expected a proper numerical parameter")?,
        tls: net::Tls {
            check: if given.has("--insecure") { net::Check::Nothing } else { net::Check::Full },
            roots: path("--cacert").or(bundle.map(PathBuf::from)),
            speaks: Some("http/1.1"),
            own,
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
pub async fn run(args: Vec<OsString>, io: &mut Io) -> u8 {
    let args: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let options = match options(&args) {
        Ok(options) if options.given.words.is_empty() => Err("no URL specified!\n".to_owned()),
        other => other.map_err(|why| why + "\n"),
    };
    let options = match options {
        Ok(options) => options,
        Err(why) => {
            let said = if args.is_empty() { String::new() } else { format!("curl: {why}") };
            let hint = "curl: try 'curl --help' or 'curl --manual' for more information";
            let _ = writeln!(io.stderr, "{said}{hint}");
            return 2;
        }
    };
    if options.has("--verbose") && request::superfluous(&options) {
        let method = options.given.value("--request").unwrap_or_default();
        let _ =
            writeln!(io.stderr, "Note: Unnecessary use of -X or --request, {method} is already inferred.");
    }
    let mut code = 0;
    let outputs: Vec<String> = options.given.values("--output").map(str::to_owned).collect();
    let mut count = 0;
    for word in &options.given.words {
        let urls = match url::expanded(word) {
            Ok(urls) => urls,
            Err(says) => {
                code = complain(&Fault::new(3, says), &options, io);
                continue;
            }
        };
        for text in urls {
            let output = outputs.get(count).filter(|name| name.as_str() != "-");
            code = one(&text, output.map(PathBuf::from), &options, io).await;
        }
        count += 1;
    }
    code
}

fn complain(fault: &Fault, options: &Options, io: &mut Io) -> u8 {
    if !fault.says.is_empty() && (!options.has("--silent") || options.has("--show-error")) {
        let _ = writeln!(io.stderr, "curl: ({}) {}", fault.code, fault.says);
    }
    fault.code
}

/// One address, as often as it is to be tried.
async fn one(text: &str, output: Option<PathBuf>, options: &Options, io: &mut Io) -> u8 {
    let hidden = output.is_some() || !io::stdout().is_terminal();
    let meter = hidden && !options.has("--silent");
    let (mut left, mut delay) = (options.retries, Duration::from_secs(1));
    if meter {
        let _ = writeln!(io.stderr, "{}", show::METER);
    }
    loop {
        if meter {
            let _ = write!(io.stderr, "{}", show::NOTHING);
        }
        let mut transfer = Transfer::new(options);
        let result = {
            let mut sink = match &output {
                Some(path) => Sink::File(path.clone(), None),
                None => Sink::Out(&mut io.stdout),
            };
            let result = transfer.run(text, &mut sink, &mut io.stderr, hidden).await;
            let _ = sink.flush();
            result
        };
        if meter {
            let _ = write!(io.stderr, "{}", show::metered(&transfer, result.is_err()));
        }
        if options.has("--verbose") {
            let _ = match &result {
                Ok(()) => writeln!(io.stderr, "* Connection #0 to host {} left intact", transfer.host),
                Err(_) => writeln!(io.stderr, "* Closing connection 0"),
            };
        }
        let code = result.as_ref().err().map_or(0, |fault| fault.code);
        // What is said of it comes before what was asked to be written.
        if let Err(fault) = &result {
            complain(fault, options, io);
        }
        let transient = match &result {
            Err(fault) => matches!(fault.code, 6 | 28),
            Ok(()) => false,
        } || matches!(transfer.code, 408 | 429 | 500 | 502 | 503 | 504);
        if transient && left > 0 {
            if !options.has("--silent") {
                let why = if transfer.code > 0 { "HTTP error" } else { "timeout" };
                let seconds = delay.as_secs();
                let said = format!("Will retry in {seconds} seconds. {left} retries left.");
                let _ = writeln!(io.stderr, "Warning: Problem : {why}. {said}");
            }
            tokio::time::sleep(delay).await;
            delay = delay.saturating_mul(2);
            left -= 1;
            continue;
        }
        if let Some(format) = options.given.value("--write-out") {
            let said = result.as_ref().err().map_or("", |fault| fault.says.as_str());
            show::written(format, &transfer, text, (code, said), io);
        }
        return code;
    }
}
