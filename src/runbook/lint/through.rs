//! Sees through what only starts another command: `sudo`, `kubectl exec … --`, `ssh host`, `sh -c`.
use super::call::{self, Call};
use super::word::Word;

/// How many wrappers are seen through.
const DEEPEST: usize = 6;

/// All calls of a text, and those that wrappers start behind the wrapper's own.
pub(super) fn read(text: &str) -> Vec<Call> {
    let mut out = Vec::new();
    for call in call::read(text) {
        follow(call, 0, &mut out);
    }
    out
}

fn follow(call: Call, depth: usize, out: &mut Vec<Call>) {
    let inner = if depth < DEEPEST { inner(&call) } else { Vec::new() };
    // Of a wrapper that changes no place only what it starts is left.
    let transparent =
        inner.first().is_some_and(|first| !first.elsewhere && first.pipe == call.pipe) && !call.elsewhere;
    let (assigns, redirects) = (call.assigns.clone(), call.redirects.clone());
    if !transparent {
        out.push(call);
    }
    for mut next in inner {
        if transparent {
            next.assigns.clone_from(&assigns);
            next.redirects.clone_from(&redirects);
        }
        follow(next, depth + 1, out);
    }
}

fn inner(call: &Call) -> Vec<Call> {
    let words = &call.words;
    match call.tool() {
        "sudo" | "doas" => here(call, behind(words, 1, &["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U"])),
        "nohup" | "command" | "builtin" | "setsid" | "stdbuf" | "ionice" | "nice" | "exec" => {
            here(call, behind(words, 1, &["-n", "-c", "-p"]))
        }
        "timeout" => here(call, behind(words, 1, &["-s", "-k"]) + 1),
        "env" => {
            let at = behind(words, 1, &["-u"]);
            let set = words.iter().skip(at).take_while(|word| word.text.contains('=')).count();
            here(call, at + set)
        }
        "watch" => {
            let at = behind(words, 1, &["-n", "--interval"]);
            match words.get(at) {
                Some(word) if words.len() == at + 1 => text(call, &word.text, false),
                _ => here(call, at),
            }
        }
        "xargs" => here(call, behind(words, 1, &["-n", "-I", "-P", "-L", "-d", "-s", "-E"])),
        "sh" | "bash" | "zsh" | "ash" | "dash" => shell(call, words),
        "su" => call.option(&["-c", "--command"]).map_or_else(Vec::new, |word| text(call, &word.text, false)),
        "ssh" => {
            let at = behind(words, 1, SSH) + 1;
            let rest: Vec<&str> = words.iter().skip(at).map(|word| word.text.as_str()).collect();
            if rest.is_empty() { Vec::new() } else { words_or_text(call, at, &rest) }
        }
        "kubectl" | "oc" | "k" => dashes(call),
        "docker" | "podman" | "nerdctl" | "docker-compose" => container(call),
        _ => Vec::new(),
    }
}

const SSH: &[&str] = &["-i", "-p", "-l", "-o", "-J", "-F", "-L", "-R", "-D", "-b", "-c", "-E", "-W"];

/// The place of the first word that is neither an option nor the value of one of these.
fn behind(words: &[Word], from: usize, valued: &[&str]) -> usize {
    let mut at = from;
    while let Some(word) = words.get(at).filter(|word| word.text.starts_with('-')) {
        if word.text == "--" {
            return at + 1;
        }
        at += if valued.contains(&word.text.as_str()) { 2 } else { 1 };
    }
    at
}

/// The rest of the words, as a call at the same place.
fn here(call: &Call, at: usize) -> Vec<Call> {
    let words: Vec<Word> = call.words.get(at..).unwrap_or_default().to_vec();
    if words.is_empty() {
        return Vec::new();
    }
    vec![Call { words, assigns: Vec::new(), ..call.clone() }]
}

fn away(call: &Call, at: usize) -> Vec<Call> {
    let calls = here(call, at);
    // Redirections are the outer call's own.
    calls.into_iter().map(|call| Call { elsewhere: true, redirects: Vec::new(), ..call }).collect()
}

/// A shell's text.
fn text(outer: &Call, text: &str, elsewhere: bool) -> Vec<Call> {
    let calls = call::read(text);
    calls
        .into_iter()
        .map(|call| Call {
            start: outer.start,
            // Far from any number of the outer text.
            pipe: call.pipe + 1000 * (outer.pipe + 1),
            elsewhere: elsewhere || outer.elsewhere,
            nested: true,
            ..call
        })
        .collect()
}

fn words_or_text(call: &Call, at: usize, rest: &[&str]) -> Vec<Call> {
    match rest {
        [one] => text(call, one, true),
        _ => away(call, at),
    }
}

/// `sh -c TEXT`.
fn shell(call: &Call, words: &[Word]) -> Vec<Call> {
    let at = words.iter().position(|word| {
        word.text.starts_with('-') && !word.text.starts_with("--") && word.text.ends_with('c')
    });
    at.and_then(|at| words.get(at + 1)).map_or_else(Vec::new, |word| text(call, &word.text, false))
}

/// What stands behind `--` of `exec`, `run`, `debug`.
fn dashes(call: &Call) -> Vec<Call> {
    let verb =
        call.words.iter().skip(1).find(|word| ["exec", "run", "debug", "rsh"].contains(&word.text.as_str()));
    let at = call.words.iter().position(|word| word.text == "--");
    match (verb, at) {
        (Some(_), Some(at)) => away(call, at + 1),
        _ => Vec::new(),
    }
}

const DOCKER: &[&str] = &[
    "-e",
    "--env",
    "-u",
    "--user",
    "-w",
    "--workdir",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "--name",
    "--network",
    "--net",
    "--entrypoint",
    "--env-file",
    "-m",
    "--memory",
    "--cpus",
    "--mount",
    "-l",
    "--label",
    "-h",
    "--hostname",
    "--restart",
    "--index",
];

/// `docker exec NAME …`, `docker run IMAGE …`, `docker compose exec SERVICE …`.
fn container(call: &Call) -> Vec<Call> {
    let verb =
        call.words.iter().position(|word| word.text == "exec" || word.text == "run").filter(|at| *at < 6);
    let Some(at) = verb else { return Vec::new() };
    let name = behind(&call.words, at + 1, DOCKER);
    away(call, name + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(text: &str) -> String {
        let show = |call: &Call| format!("{}{}", call.tool(), if call.elsewhere { "!" } else { "" });
        read(text).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn wrappers_show_what_they_start() {
        assert_eq!(tools("sudo -u postgres psql -c 'x'"), "psql");
        assert_eq!(tools("kubectl exec -it p -n a -- sh -c 'rm -rf /x | cat'"), "kubectl sh! rm! cat!");
        assert_eq!(tools("ssh -i k.pem u@h 'df -h; ls'"), "ssh df! ls!");
        assert_eq!(tools("docker exec -it redis redis-cli ping"), "docker redis-cli!");
        assert_eq!(tools("watch -n 5 'kubectl top pods'"), "watch kubectl");
        assert_eq!(tools("timeout 5 env A=1 curl x"), "curl");
        assert_eq!(tools("ls | xargs -n1 rm"), "ls rm");
        assert_eq!(tools("ssh host"), "ssh");
    }
}
