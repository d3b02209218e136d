//! Compose projects: services, their containers, and the volumes that go with them.
use super::At;
use super::docker::Sort;

/// What a compose call is made of: `docker compose` keeps its own words behind a stop.
struct Project<'a> {
    /// The tool and its options up to the verb.
    front: String,
    verb: &'a str,
    /// The sources of the words behind the verb.
    behind: Vec<&'a str>,
    texts: Vec<&'a str>,
}

fn project<'a>(at: &At<'a>) -> Option<Project<'a>> {
    let words = &at.found.words;
    let start = words.iter().position(|word| word.text == "compose" || word.text.ends_with("-compose"))?;
    let values = [
        "-f",
        "--file",
        "-p",
        "--project-name",
        "--profile",
        "--env-file",
        "--project-directory",
        "--ansi",
        "--parallel",
        "--progress",
        "-H",
        "--host",
        "-c",
        "--context",
    ];
    let mut verb = start + 1;
    while let Some(word) = words.get(verb).filter(|word| word.text.starts_with('-')) {
        verb += 1 + usize::from(values.contains(&word.text.as_str()));
    }
    let front = words.get(..verb)?.iter().map(|word| word.source.as_str()).collect::<Vec<_>>().join(" ");
    let behind = words.get(verb + 1..)?;
    Some(Project {
        front,
        verb: words.get(verb)?.text.as_str(),
        behind: behind.iter().map(|word| word.source.as_str()).collect(),
        texts: behind.iter().map(|word| word.text.as_str()).collect(),
    })
}

/// The services that are named: words that are no options and no values of one.
fn services(project: &Project<'_>) -> String {
    let values = ["-t", "--timeout", "--scale", "-s", "--signal", "--rmi", "--pull", "--exit-code-from"];
    let mut out = String::new();
    let mut skip = false;
    for (text, source) in project.texts.iter().zip(&project.behind) {
        let count = project.verb == "scale" && text.contains('=');
        if !skip && !count && !text.starts_with('-') {
            out.push(' ');
            out.push_str(source);
        }
        skip = values.contains(text);
    }
    out
}

pub(super) fn look(at: &mut At<'_>) {
    let Some(project) = project(at) else { return at.unlooked() };
    let front = project.front.clone();
    let has = |names: &[&str]| project.texts.iter().any(|text| names.contains(text));
    let services = services(&project);
    let ps = format!("{front} ps --all{services}");
    let verb = project.verb.to_owned();
    let what = match verb.as_str() {
        "up" | "restart" | "start" | "unpause" | "create" | "scale" => "the services as they run",
        "down" | "stop" | "pause" | "kill" | "rm" => "the services that would end",
        _ => return at.unlooked(),
    };
    at.ask(&ps, super::Sort::Docker(Sort::Services { what, gone: matches!(verb.as_str(), "down" | "rm") }));
    if matches!(verb.as_str(), "down" | "rm") && has(&["-v", "--volumes"]) {
        let volumes = format!("{front} config --volumes");
        at.ask(&volumes, super::Sort::Docker(Sort::Listed { what: "volumes, with their data", gone: true }));
    }
    if has(&["--rmi"]) {
        let images = format!("{front} config --images");
        at.ask(&images, super::Sort::Docker(Sort::Listed { what: "images", gone: true }));
    }
    if verb == "up" && has(&["-V", "--renew-anon-volumes"]) {
        at.drops("the anonymous volumes, with their data");
    }
    if verb == "up" && has(&["--force-recreate"]) {
        at.drops("what the containers wrote outside their volumes");
    }
    if has(&["--remove-orphans"]) {
        at.unknown("which containers are orphans is not compared");
    }
    let scaled = project.texts.iter().filter(|text| text.contains('=') && !text.starts_with('-'));
    for text in scaled.filter(|_| has(&["--scale"]) || verb == "scale") {
        at.looks.said.hits.push(super::said(&format!("scales {}", text.replacen('=', " to ", 1))));
    }
    match verb.as_str() {
        "stop" | "kill" => set_back(at, &front, "start", &services),
        "pause" => set_back(at, &front, "unpause", &services),
        "down" | "rm" => at.undo("start the project again: docker-compose up -d; deleted volumes stay gone"),
        "restart" => at.undo("a restart cannot be taken back"),
        _ => {}
    }
    at.evidence(&format!("{front} ps --all"));
    at.evidence(&format!("{front} logs --tail 200{services}"));
}

fn set_back(at: &mut At<'_>, front: &str, verb: &str, services: &str) {
    if let Some(undo) = at.inverse(&format!("{front} {verb}{services}")) {
        at.looks.said.undo.get_or_insert(super::Undo::Command(undo));
    }
}
