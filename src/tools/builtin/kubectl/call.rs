//! The words of a call: the verb, its options, and the rest. An option that a verb does not have is an error.
use super::Fault;

/// What every verb takes: `name/short=`, with `=` where a value follows, `#` where a number does, `~` a span; where
/// the value must stand behind a sign of equality, `?`.
const EVERY: &str = "namespace/n= context= kubeconfig= as= request-timeout~";

/// The verbs, with what else each takes. Behind a dot stands how many words there may be where not any number of
/// objects is named.
const VERBS: &[(&str, &str)] = &[
    ("get", "selector/l= @ output/o= show-labels sort-by= no-headers watch/w ignore-not-found"),
    ("describe", "selector/l= all-namespaces/A"),
    (
        "logs",
        ".2 selector/l= container/c= all-containers prefix timestamps follow/f previous/p tail# since~ \
            since-time=",
    ),
    ("exec", ".1 stdin/i tty/t container/c="),
    ("rollout status", "watch/w timeout~"),
    ("rollout history", ""),
    ("rollout undo", "to-revision# dry-run?"),
    ("rollout restart", "selector/l="),
    ("rollout pause", ""),
    ("rollout resume", ""),
    ("scale", "selector/l= all replicas# dry-run?"),
    ("set image", "selector/l= all dry-run?"),
    ("set env", "selector/l= all containers/c= list dry-run?"),
    ("set resources", "selector/l= all containers/c= limits= requests= dry-run?"),
    ("patch", "patch/p= type= dry-run?"),
    ("apply", ".0 filename/f= output/o= dry-run?"),
    ("diff", ".0 filename/f="),
    (
        "delete",
        "selector/l= @ filename/f= all force grace-period# now wait ignore-not-found cascade? timeout~ dry-run?",
    ),
    ("create secret", ".2 output/o= from-literal= from-file= from-env-file= type= cert= key= dry-run?"),
    ("label", "selector/l= all overwrite dry-run?"),
    ("cordon", "selector/l= dry-run?"),
    ("uncordon", "selector/l= dry-run?"),
    ("drain", "selector/l= ignore-daemonsets delete-emptydir-data force grace-period# timeout~ dry-run?"),
    ("top pods", ".1 selector/l= @ containers sort-by= no-headers"),
    ("top nodes", ".1 selector/l= sort-by= no-headers"),
    ("events", ".0 all-namespaces/A for= types= no-headers"),
    ("wait", "selector/l= @ all for= timeout~"),
    ("autoscale", "min# max# cpu-percent# dry-run?"),
    ("auth can-i", ".3 all-namespaces/A quiet/q list no-headers"),
    ("config current-context", ".0"),
    ("config get-contexts", ".0 no-headers"),
    ("version", ".0 client"),
];

/// What several verbs take.
const FIELDS: (&str, &str) = ("@", "field-selector= all-namespaces/A");

/// Other names of verbs.
const ALIASES: &[(&str, &str)] =
    &[("top pod", "top pods"), ("top po", "top pods"), ("top node", "top nodes"), ("top no", "top nodes")];

/// A call taken apart.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub verb: &'static str,
    options: Vec<(String, String)>,
    pub words: Vec<String>,
    /// The command behind `--`.
    pub behind: Vec<String>,
}

/// An option as a verb has it.
struct Known<'a> {
    name: &'a str,
    short: Option<char>,
    /// `=`, `#`, `~` or `?` where a value follows.
    value: Option<char>,
}

impl Known<'_> {
    /// As errors name it.
    fn said(&self) -> String {
        self.short.map_or(String::new(), |short| format!("-{short}, ")) + "--" + self.name
    }
}

fn options(spec: &str) -> impl Iterator<Item = Known<'_>> {
    let words = spec.split_whitespace().filter(|word| !word.starts_with('.'));
    let all = words.flat_map(|word| if word == FIELDS.0 { FIELDS.1 } else { word }.split_whitespace());
    all.map(|word| {
        let value = word.chars().last().filter(|sign| matches!(sign, '=' | '#' | '~' | '?'));
        let word = word.trim_end_matches(['=', '#', '~', '?']);
        let (name, short) = word.split_once('/').unwrap_or((word, ""));
        Known { name, short: short.chars().next(), value }
    })
}

impl Call {
    pub fn read(args: &[String]) -> Result<Call, Fault> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
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
                    (None, _) if known.value == Some('?') => {
                        return Err(usage(format!("the built-in kubectl needs a value: --{name}=...")));
                    }
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
        // Only a command has options of its own behind the dashes.
        if verb != "exec" {
            call.words.append(&mut call.behind);
        }
        let most = spec.split_whitespace().find_map(|word| word.strip_prefix('.')?.parse::<usize>().ok());
        match most.and_then(|most| call.words.get(most)) {
            Some(word) => Err(usage(format!("the built-in kubectl does not know what `{word}` is for"))),
            None => Ok(call),
        }
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

    /// The value that stands last. An empty one says nothing, as a variable that is not set.
    pub fn value(&self, name: &str) -> Option<&str> {
        let last = self.options.iter().rev().find(|(one, _)| one == name);
        last.map(|(_, value)| value.as_str()).filter(|value| !value.trim().is_empty())
    }

    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.options.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// Whether anything narrows what a kind stands for.
    pub fn selects(&self) -> bool {
        self.value("selector").is_some() || self.value("field-selector").is_some()
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
        return Ok((verb, spec, vec![*place]));
    }
    let name = if VERBS.iter().any(|(verb, _)| verb.split(' ').next() == Some(first)) { two } else { None };
    let name = name.unwrap_or_else(|| (*first).to_owned());
    Err(Fault::error(format!("the built-in kubectl does not know `{name}`")))
}
