//! What kubectl sets that may have to be set back.
use super::{Back, Measure, Piece};
use crate::commands::Lang;
use crate::domain::text::quoted;

/// Objects of one call; more are not named one by one.
const MOST: usize = 16;

/// Options whose value is the next word.
const VALUES: &[&str] = &[
    "-n",
    "--namespace",
    "--context",
    "--kubeconfig",
    "--cluster",
    "--user",
    "-l",
    "--selector",
    "-c",
    "--containers",
    "--replicas",
    "--current-replicas",
    "--resource-version",
    "--timeout",
    "--as",
    "-s",
    "--server",
    "--token",
    "-f",
    "--filename",
    "-o",
    "--output",
    "--field-selector",
];

/// A call taken apart.
struct Call<'w> {
    tool: String,
    /// The words that are no options, the tool's own left out.
    bare: Vec<&'w str>,
    /// The options that say where: the context, the namespace.
    place: String,
    replicas: Option<&'w str>,
}

impl<'w> Call<'w> {
    fn of(words: &'w [String]) -> Call<'w> {
        let tool = quoted(words.first().map_or("kubectl", String::as_str));
        let mut call = Call { tool, bare: Vec::new(), place: String::new(), replicas: None };
        let mut words = words.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            if !word.starts_with('-') || word.len() < 2 {
                call.bare.push(word);
                continue;
            }
            let value = if VALUES.contains(&word) { words.next() } else { None };
            if let Some(given) = word.strip_prefix("--replicas") {
                call.replicas = given.strip_prefix('=').or(value);
            } else if !word.starts_with("--current-replicas") {
                for word in [Some(word), value].into_iter().flatten() {
                    call.place.push(' ');
                    call.place.push_str(&quoted(word));
                }
            }
        }
        call
    }

    fn word(&self, at: usize) -> &'w str {
        self.bare.get(at).copied().unwrap_or_default()
    }

    fn rest(&self, from: usize) -> &[&'w str] {
        self.bare.get(from..).unwrap_or_default()
    }

    /// `deployment/web`, of one word or of two, and the words behind it.
    fn object(&self, at: usize) -> (String, &[&'w str]) {
        let (first, second) = (self.word(at), self.word(at + 1));
        if first.contains('/') || second.is_empty() || second.contains('=') {
            (first.to_owned(), self.rest(at + 1))
        } else {
            (format!("{first}/{second}"), self.rest(at + 2))
        }
    }
}

/// The measures of a call.
pub(super) fn measures(words: &[String], out: &mut Vec<Measure>) {
    let call = Call::of(words);
    match (call.word(0), call.word(1)) {
        ("set", "env") => environment(&call, out),
        ("scale", _) => replicas(&call, out),
        ("cordon", _) => cordon(&call, out),
        ("label" | "annotate", _) => labels(&call, out),
        _ => {}
    }
}

/// One of several settings of an object: `NAME=value`.
fn settings<'w>(words: &[&'w str]) -> impl Iterator<Item = (&'w str, &'w str)> {
    words.iter().filter_map(|word| word.split_once('=')).filter(|(name, _)| !name.is_empty()).take(MOST)
}

fn environment(call: &Call<'_>, out: &mut Vec<Measure>) {
    let (object, rest) = call.object(2);
    let (tool, place, named) = (&call.tool, &call.place, quoted(&object));
    for (name, new) in settings(rest) {
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            continue;
        }
        let path = format!("jsonpath={{.spec.template.spec.containers[*].env[?(@.name==\"{name}\")].value}}");
        out.push(Measure {
            ask: Some(format!("{tool} get {named}{place} -o {}", quoted(&path))),
            back: Back::With(vec![
                Piece::Text(format!("{tool} set env {named}{place} ")),
                Piece::Prior(format!("{name}=")),
            ]),
            ..measure(&object, name, new)
        });
    }
}

fn replicas(call: &Call<'_>, out: &mut Vec<Measure>) {
    let Some(new) = call.replicas.filter(|new| new.parse::<u32>().is_ok()) else { return };
    // `scale deployment a b` means both.
    let objects: Vec<String> = match call.rest(1) {
        [kind, names @ ..] if !kind.contains('/') => {
            names.iter().take(MOST).map(|name| format!("{kind}/{name}")).collect()
        }
        all => all.iter().take(MOST).map(|name| (*name).to_owned()).collect(),
    };
    let (tool, place) = (&call.tool, &call.place);
    for object in objects {
        let named = quoted(&object);
        out.push(Measure {
            ask: Some(format!("{tool} get {named}{place} -o 'jsonpath={{.spec.replicas}}'")),
            back: Back::With(vec![
                Piece::Text(format!("{tool} scale {named}{place} ")),
                Piece::Prior("--replicas=".to_owned()),
            ]),
            ..measure(&object, "replicas", new)
        });
    }
}

fn cordon(call: &Call<'_>, out: &mut Vec<Measure>) {
    for node in call.rest(1).iter().take(MOST) {
        let back = format!("{} uncordon {}{}", call.tool, quoted(node), call.place);
        out.push(Measure {
            back: Back::Fixed(back),
            likely: true,
            ..measure(&format!("node/{node}"), "schedulable", "no")
        });
    }
}

fn labels(call: &Call<'_>, out: &mut Vec<Measure>) {
    let (object, rest) = call.object(1);
    for (name, new) in settings(rest) {
        let named = quoted(&object);
        let gone = quoted(&format!("{name}-"));
        let back = format!("{} {} {named}{} {gone}", call.tool, call.word(0), call.place);
        // What it overwrites would be gone with it.
        let overwrites = call.place.contains("--overwrite") && !call.place.contains("--overwrite=false");
        let back = if overwrites { Back::Unknown } else { Back::Fixed(back) };
        out.push(Measure { back, ..measure(&object, name, new) });
    }
}

/// A manifest that was there for a while and is taken away: it may have to come back.
pub(super) fn lifted(words: &[String]) -> Option<Measure> {
    let call = Call::of(words);
    let base = words.first()?.rsplit('/').next()?;
    if !matches!(base, "kubectl" | "oc") || call.word(0) != "delete" || call.bare.len() > 1 {
        return None;
    }
    let at = words.iter().position(|word| matches!(word.as_str(), "-f" | "--filename"))?;
    let file = words.get(at + 1).filter(|file| *file != "-")?;
    let back = Back::Fixed(format!("{} apply{}", call.tool, call.place));
    Some(Measure { back, likely: true, ..measure(file, "", "lifted") })
}

fn measure(subject: &str, name: &str, new: &str) -> Measure {
    Measure {
        subject: subject.to_owned(),
        name: name.to_owned(),
        new: new.to_owned(),
        lang: Lang::Shell,
        ask: None,
        back: Back::Unknown,
        likely: false,
    }
}
