//! The words of a call: the verb, its options, and the rest. An option that a verb does not have is an error.
use std::ffi::OsString;

use super::Fault;

/// What every verb takes: `name/short=`, with `=` where a value follows, `#` where a number does, `~` a span.
const EVERY: &str = "namespace/n= context= cluster= kubeconfig= user= server/s= token= as= as-group= as-uid= \
    certificate-authority= client-certificate= client-key= tls-server-name= insecure-skip-tls-verify \
    request-timeout~";

/// The verbs, with what else each takes.
const VERBS: &[(&str, &str)] = &[
    (
        "get",
        "+ % @ show-labels sort-by= no-headers watch/w ignore-not-found label-columns/L= show-kind \
            show-managed-fields",
    ),
    ("describe", "% all-namespaces/A show-events"),
    (
        "logs",
        "follow/f tail# since~ since-time= previous/p selector/l= container/c= all-containers prefix \
            timestamps \
            limit-bytes# max-log-requests# ignore-errors all-pods",
    ),
    ("exec", "stdin/i tty/t container/c= quiet/q"),
    ("rollout status", "% watch/w timeout~"),
    ("rollout history", "% revision#"),
    ("rollout undo", "+ % to-revision# dry-run="),
    ("rollout restart", "+ %"),
    ("rollout pause", "+ %"),
    ("rollout resume", "+ %"),
    ("scale", "+ % replicas# current-replicas# all dry-run="),
    ("set image", "+ % all dry-run="),
    ("set env", "+ % all containers/c= dry-run="),
    ("set resources", "+ % all containers/c= limits= requests= dry-run="),
    ("patch", "+ filename/f= recursive/R patch/p= type= patch-file= dry-run= subresource="),
    ("apply", "+ filename/f= recursive/R dry-run="),
    ("diff", "filename/f= recursive/R"),
    ("delete", "+ % @ all dry-run= force grace-period# now wait ignore-not-found cascade= timeout~"),
    ("create", "+ filename/f= recursive/R dry-run="),
    ("create secret", "+ from-literal= from-file= from-env-file= type= cert= key= dry-run="),
    ("create configmap", "+ from-literal= from-file= from-env-file= dry-run="),
    ("create job", "+ from= dry-run="),
    ("create namespace", "+ dry-run="),
    ("label", "+ % @ all overwrite dry-run="),
    ("annotate", "+ % @ all overwrite dry-run="),
    ("cordon", "selector/l= dry-run="),
    ("uncordon", "selector/l= dry-run="),
    (
        "drain",
        "selector/l= dry-run= ignore-daemonsets delete-emptydir-data force grace-period# timeout~ \
            pod-selector=",
    ),
    ("top pods", "selector/l= @ containers sort-by= no-headers"),
    ("top nodes", "selector/l= sort-by= no-headers"),
    ("events", "+ all-namespaces/A for= types= no-headers"),
    ("wait", "% @ for= timeout~ all"),
    ("autoscale", "+ filename/f= recursive/R min# max# cpu-percent# name= dry-run="),
    ("auth can-i", "all-namespaces/A quiet/q list subresource= no-headers"),
    ("config view", "+ minify raw"),
    ("config current-context", ""),
    ("config get-contexts", "+ no-headers"),
    ("config use-context", ""),
    ("config set-context", "current"),
    ("cluster-info", ""),
    ("version", "client"),
];

/// What several verbs take: `+`, `%` and `@`.
const SETS: [(&str, &str); 3] = [
    ("+", "output/o="),
    ("%", "selector/l= filename/f= recursive/R"),
    ("@", "field-selector= all-namespaces/A"),
];

/// Other names of verbs.
const ALIASES: &[(&str, &str)] = &[
    ("top pod", "top pods"),
    ("top po", "top pods"),
    ("top node", "top nodes"),
    ("top no", "top nodes"),
    ("create cm", "create configmap"),
    ("create ns", "create namespace"),
    ("config use", "config use-context"),
];

/// A call taken apart.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub verb: &'static str,
    options: Vec<(String, String)>,
    pub words: Vec<String>,
    /// The words behind `--`.
    pub behind: Vec<String>,
}

/// An option as a verb has it.
struct Known<'a> {
    name: &'a str,
    short: Option<char>,
    /// `=`, `#` or `~` where a value follows.
    value: Option<char>,
}

impl Known<'_> {
    /// As errors name it.
    fn said(&self) -> String {
        self.short.map_or(String::new(), |short| format!("-{short}, ")) + "--" + self.name
    }
}

fn options(spec: &str) -> impl Iterator<Item = Known<'_>> {
    let several = |word: &str| SETS.iter().find(|(sign, _)| *sign == word).map(|(_, options)| *options);
    spec.split_whitespace().flat_map(move |word| several(word).unwrap_or(word).split_whitespace()).map(
        |word| {
            let value = word.chars().last().filter(|sign| matches!(sign, '=' | '#' | '~'));
            let word = word.trim_end_matches(['=', '#', '~']);
            let (name, short) = word.split_once('/').unwrap_or((word, ""));
            Known { name, short: short.chars().next(), value }
        },
    )
}

impl Call {
    pub fn read(args: &[OsString]) -> Result<Call, Fault> {
        let args: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
        let (verb, spec, at) = verb(&args)?;
        let mut call = Call { verb, ..Call::default() };
        let help = format!("\nSee 'kubectl {verb} --help' for usage.");
        let usage = |says: String| Fault::new(format!("Error: {says}{help}"));
        let all: Vec<Known<'_>> = options(spec).chain(options(EVERY)).collect();
        let mut args = args.iter().enumerate().filter(|(place, _)| !at.contains(place)).map(|(_, arg)| *arg);
        while let Some(arg) = args.next() {
            if arg == "--" {
                call.behind = args.by_ref().map(str::to_owned).collect();
            } else if let Some(long) = arg.strip_prefix("--") {
                let (name, given) = long.split_once('=').map_or((long, None), |(a, b)| (a, Some(b)));
                let known = all.iter().find(|one| one.name == name);
                let known = known.ok_or_else(|| usage(format!("unknown flag: --{name}")))?;
                let value = match (given, known.value.is_some()) {
                    (Some(given), _) => given,
                    (None, true) => {
                        args.next().ok_or_else(|| usage(format!("flag needs an argument: --{name}")))?
                    }
                    (None, false) => "true",
                };
                call.option(known, value).map_err(&usage)?;
            } else if let Some(cluster) = arg.strip_prefix('-').filter(|rest| !rest.is_empty()) {
                let mut rest = cluster;
                while let Some(short) = rest.chars().next() {
                    rest = rest.get(short.len_utf8()..).unwrap_or_default();
                    let known = all.iter().find(|one| one.short == Some(short));
                    let known = known
                        .ok_or_else(|| usage(format!("unknown shorthand flag: '{short}' in -{cluster}")))?;
                    let value = match (known.value.is_some(), rest.strip_prefix('=')) {
                        (_, Some(value)) => std::mem::take(&mut rest).strip_prefix('=').unwrap_or(value),
                        (false, None) => "true",
                        (true, None) if !rest.is_empty() => std::mem::take(&mut rest),
                        (true, None) => args.next().ok_or_else(|| {
                            usage(format!("flag needs an argument: '{short}' in -{cluster}"))
                        })?,
                    };
                    call.option(known, value).map_err(&usage)?;
                }
            } else {
                call.words.push(arg.to_owned());
            }
        }
        Ok(call)
    }

    fn option(&mut self, known: &Known<'_>, value: &str) -> Result<(), String> {
        let wrong =
            |why: String| Err(format!("invalid argument \"{value}\" for \"{}\" flag: {why}", known.said()));
        let value = match (known.value, value) {
            (None, "true" | "1" | "t" | "T" | "TRUE" | "True") => "true",
            (None, "false" | "0" | "f" | "F" | "FALSE" | "False") => "false",
            (None, other) => return wrong(format!("strconv.ParseBool: parsing \"{other}\": invalid syntax")),
            (Some('#'), other) if other.parse::<i64>().is_err() => {
                return wrong(format!("strconv.ParseInt: parsing \"{other}\": invalid syntax"));
            }
            (Some('~'), other) if span(other).is_none() => {
                return wrong(format!("time: invalid duration \"{other}\""));
            }
            (_, value) => value,
        };
        self.options.push((known.name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// The value that stands last.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.options.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    pub fn on(&self, name: &str) -> bool {
        self.value(name) == Some("true")
    }

    pub fn off(&self, name: &str) -> bool {
        self.value(name) == Some("false")
    }

    /// A number, where the option stands.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.value(name)?.parse().ok()
    }

    /// A time span such as `1h30m`, where the option stands.
    pub fn span(&self, name: &str) -> Option<std::time::Duration> {
        span(self.value(name)?)
    }
}

/// `1h30m`, `90s`, `0`, `1.5h`.
fn span(text: &str) -> Option<std::time::Duration> {
    let (mut seconds, mut rest) = (0.0, text);
    while !rest.is_empty() && rest != "0" {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let unit = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at_checked(unit)?;
        let each = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * each;
        rest = next;
    }
    std::time::Duration::try_from_secs_f64(seconds).ok()
}

/// The verb, what it takes, and the places of its words.
fn verb(args: &[&str]) -> Result<(&'static str, &'static str, Vec<usize>), Fault> {
    let every: Vec<Known<'_>> = options(EVERY).collect();
    let (mut words, mut skip) = (Vec::new(), false);
    for (place, arg) in args.iter().enumerate().take_while(|(_, arg)| **arg != "--") {
        if std::mem::take(&mut skip) {
            continue;
        }
        if let Some(name) = arg.strip_prefix('-') {
            let long = name.strip_prefix('-');
            skip = every.iter().any(|one| {
                one.value.is_some()
                    && long
                        .map_or(name.len() == 1 && one.short == name.chars().next(), |name| name == one.name)
            });
        } else {
            words.push((place, *arg));
        }
    }
    let (first, second) = (words.first(), words.get(1));
    let Some((place, first)) = first else {
        return Err(Fault::error("the built-in kubectl needs a verb, such as `kubectl get pods`"));
    };
    let two = second.map(|(_, second)| format!("{first} {second}"));
    let two = two.map(|two| ALIASES.iter().find(|one| one.0 == two).map_or(two, |one| one.1.to_owned()));
    let find = |name: &str| VERBS.iter().find(|(verb, _)| *verb == name);
    if let (Some((verb, spec)), Some((behind, _))) = (two.as_deref().and_then(find), second) {
        return Ok((verb, spec, vec![*place, *behind]));
    }
    if let Some((verb, spec)) = find(first) {
        // `create backup x` names a sort that cannot be created like this; `create -f` names none.
        if *first != "create" || args.iter().any(|arg| arg.starts_with("-f") || arg.starts_with("--filename"))
        {
            return Ok((verb, spec, vec![*place]));
        }
    }
    let name = if VERBS.iter().any(|(verb, _)| verb.split(' ').next() == Some(first)) { two } else { None };
    let name = name.unwrap_or_else(|| (*first).to_owned());
    Err(Fault::error(format!("the built-in kubectl does not know `{name}`")))
}
