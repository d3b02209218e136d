//! curl, wget and `HTTPie`: the method, however it is written, and what its path asks for.
use super::args::UNKNOWN;
use super::rules::{C, D, R, Seen, mark};
use super::{Meaning, words};
use crate::domain::approval::Tier;

/// Words of a path or query that destroy or stop when they are posted to.
const DESTROY: &str = "delete deletes remove clear flush purge reset drop destroy wipe evict shutdown terminate kill \
    quit quitquitquit drain truncate expunge failover abort stop restore invalidate deregister decommission \
    rollback offline detach poweroff halt reboot";

/// Words that act even when they are fetched.
const ACTS: &str = "delete remove clear flush purge shutdown quitquitquit terminate kill restart reload drain \
    truncate destroy reboot failover";

/// Ends of paths that only ask, although they are posted to.
const ASKS: &str = "_search _msearch _count _field_caps _mget _validate _analyze _explain query query_range series \
    labels search_after _sql _async_search instant graphql_query";

#[derive(Debug, Default)]
struct Request<'a> {
    method: Option<&'a str>,
    data: bool,
    upload: bool,
    get: bool,
    head: bool,
    urls: Vec<&'a str>,
}

impl Request<'_> {
    fn method(&self) -> String {
        match self.method {
            Some(method) => method.to_ascii_uppercase(),
            None if self.head => "HEAD".to_owned(),
            None if self.get => "GET".to_owned(),
            None if self.upload => "PUT".to_owned(),
            None if self.data => "POST".to_owned(),
            None => "GET".to_owned(),
        }
    }
}

/// The host and path of an address, without its query.
fn path(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let path = after.find('/').and_then(|at| after.get(at..)).unwrap_or_default();
    path.split(['?', '#']).next().unwrap_or_default()
}

fn says(text: &str, list: &str) -> Option<String> {
    words::parts(text).into_iter().find(|part| list.split_whitespace().any(|one| one == part))
}

fn rate(request: &Request<'_>, meaning: &mut Meaning) {
    let method = request.method();
    let whole = request.urls.join(" ");
    let asks = !request.urls.is_empty()
        && request.urls.iter().all(|url| {
            let last = path(url).trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            ASKS.split_whitespace().any(|one| one == last)
        });
    let paths: Vec<_> = request.urls.iter().map(|url| path(url)).collect();
    let (risk, why): (Tier, String) = match method.as_str() {
        "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PROPFIND" | "REPORT" => {
            match says(&paths.join(" "), ACTS).or_else(|| acts_in_query(&request.urls)) {
                Some(word) if method == "GET" => (C, format!("fetches an address that may {word}")),
                _ => (R, format!("HTTP {method}")),
            }
        }
        "DELETE" => (D, "HTTP DELETE: takes away what the address names".to_owned()),
        "PURGE" | "BAN" | "UNLINK" => (D, format!("HTTP {method}: throws away what is stored")),
        _ if method.contains(UNKNOWN) => (C, "the HTTP method is only known when it runs".to_owned()),
        "POST" if asks => (R, "HTTP POST that only asks".to_owned()),
        _ => match says(&whole_path(&whole), DESTROY) {
            Some(word) => (D, format!("HTTP {method} to an address that says `{word}`")),
            None => (C, format!("HTTP {method}")),
        },
    };
    if risk >= meaning.risk {
        meaning.set(risk, why);
    }
}

/// Everything behind the host names.
fn whole_path(urls: &str) -> String {
    let behind = |url: &str| {
        let after = url.split_once("://").map_or(url, |(_, after)| after);
        after.find(['/', '?']).and_then(|at| after.get(at..)).unwrap_or_default().to_owned()
    };
    urls.split(' ').map(behind).collect::<Vec<_>>().join(" ")
}

/// `?action=delete`, `?command=shutdown`.
fn acts_in_query(urls: &[&str]) -> Option<String> {
    let query = |url: &&str| url.split_once('?').map(|(_, query)| query.to_owned());
    urls.iter().filter_map(query).find_map(|query| {
        query.split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let names = ["action", "cmd", "command", "op", "do", "operation", "method", "_method"];
            names.contains(&name.to_ascii_lowercase().as_str()).then(|| says(value, ACTS)).flatten()
        })
    })
}

fn secret_header(header: &str) -> bool {
    let name = header.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    // `X-Admin-API-Key` and its like say by their end what they carry; an `Idempotency-Key` is no secret.
    [
        "authorization",
        "cookie",
        "api-key",
        "apikey",
        "access-key",
        "secret-key",
        "auth-key",
        "token",
        "secret",
        "password",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}

pub(super) fn curl(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.set(R, "HTTP GET");
    let args = &seen.args;
    // `--next` begins another request with options of its own; each is judged.
    let mut request = Request::default();
    let mut at = 0;
    for option in &args.options {
        if option.name == "--next" || option.short == Some(':') {
            request.urls.extend(
                args.operands.get(at..option.after).unwrap_or_default().iter().map(|word| word.text.as_str()),
            );
            at = option.after;
            rate(&request, meaning);
            request = Request::default();
            continue;
        }
        let is = |names: &str| names.split_whitespace().any(|name| option.is(name));
        if is("-X --request") {
            request.method = option.value;
        } else if is(
            "-d --data --data-raw --data-binary --data-ascii --data-urlencode -F --form --form-string --json --url-query",
        ) {
            request.data |= !is("--url-query");
        } else if is("-T --upload-file") {
            request.upload = true;
        } else if is("-G --get") {
            request.get = true;
        } else if is("-I --head") {
            request.head = true;
        } else if is("--url") {
            request.urls.extend(option.value);
        }
        if is("-K --config") {
            meaning.raise(C, "its options stand in a file that is not seen here");
            meaning.mark(mark::OPAQUE);
        }
        if is("-Q --quote --mail-rcpt") {
            meaning.raise(C, "sends commands of its own to the server");
        }
        if is("-u --user -b --cookie --oauth2-bearer --proxy-user -U -E --cert --key --pass")
            || is("-H --header") && option.value.is_some_and(secret_header)
        {
            meaning.mark(mark::SECRET);
        }
        let file =
            if is("-o --output -D --dump-header -c --cookie-jar --trace --trace-ascii --hsts --etag-save") {
                option.value
            } else {
                None
            };
        written(file, meaning);
        if is("-O --remote-name --remote-name-all -J") {
            meaning.mark(mark::WRITES);
        }
    }
    request.urls.extend(args.operands.get(at..).unwrap_or_default().iter().map(|word| word.text.as_str()));
    request.urls.extend(args.rest.iter().map(|word| word.text.as_str()));
    if request.urls.iter().any(|url| words::carries_secret(url)) {
        meaning.mark(mark::SECRET);
    }
    if request.urls.iter().any(|url| url.starts_with("telnet:")) {
        meaning.mark(mark::I);
    }
    rate(&request, meaning);
}

/// A file is written, unless it is the terminal or nothing.
fn written(file: Option<&str>, meaning: &mut Meaning) {
    match file {
        None | Some("-" | "/dev/null" | "/dev/stdout" | "/dev/stderr") => {}
        Some(file) => {
            meaning.mark(mark::WRITES);
            if words::system_path(file) {
                meaning.raise(C, "writes a file of the system");
            }
        }
    }
}

pub(super) fn wget(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.set(R, "HTTP GET");
    let args = &seen.args;
    let mut request = Request { method: args.value("--method"), ..Request::default() };
    request.data = args.get("--post-data --post-file --body-data --body-file").is_some();
    request.urls = args.operands.iter().map(|word| word.text.as_str()).collect();
    if args.get("-i --input-file").is_some() {
        meaning.mark(mark::OPAQUE);
    }
    if !args.has("--spider")
        && !matches!(args.value("-O --output-document"), Some("-" | "/dev/null" | "/dev/stdout"))
    {
        meaning.mark(mark::WRITES);
        written(args.value("-O --output-document"), meaning);
    }
    if args.get("--password --http-password --user").is_some()
        || args.all("--header").any(|option| option.value.is_some_and(secret_header))
    {
        meaning.mark(mark::SECRET);
    }
    rate(&request, meaning);
}

/// `HTTPie`: the method is the first word, or follows from the data (`name=value`).
pub(super) fn httpie(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.set(R, "HTTP GET");
    let words: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    let first = words.first().copied().unwrap_or_default();
    let named =
        !first.is_empty() && first.chars().all(|letter| letter.is_ascii_uppercase() || letter == UNKNOWN);
    let items = words.get(usize::from(named) + 1..).unwrap_or_default();
    let data = items.iter().any(|item| item.contains('=') && !item.contains("==") || item.contains('@'));
    let input = !matches!(seen.input, super::Input::Nothing) && !seen.args.has("--ignore-stdin -I");
    let request = Request {
        method: named.then_some(first),
        data: data
            || input && matches!(seen.input, super::Input::Text(_))
            || seen.args.get("--raw").is_some(),
        urls: words.get(usize::from(named)..).unwrap_or_default().first().copied().into_iter().collect(),
        ..Request::default()
    };
    if seen.args.get("-a --auth").is_some()
        || items.iter().any(|item| item.contains(':') && secret_header(item))
    {
        meaning.mark(mark::SECRET);
    }
    if seen.args.has("-d --download") || seen.args.get("-o --output").is_some() {
        meaning.mark(mark::WRITES);
    }
    rate(&request, meaning);
}
