//! One call, without what only leads to it.
use crate::commands::shell::parts::{self, Part, Parts};

/// Texts in texts that are looked at, and calls in all.
const DEPTH: u8 = 3;
const MOST: usize = 512;

/// The tool that does the work, and its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    pub tool: String,
    /// Behind the tool.
    pub words: Vec<String>,
    /// The words as they stand, wrappers included.
    pub whole: Vec<String>,
    pub kept: bool,
    pub hushed: bool,
}

impl Call {
    pub fn of(part: &Part) -> Call {
        let inner = inner(&part.words);
        let tool = inner.first().map(|word| base(word).to_owned()).unwrap_or_default();
        Call {
            tool,
            words: inner.get(1..).unwrap_or_default().to_vec(),
            whole: part.words.clone(),
            kept: part.kept,
            hushed: part.hushed,
        }
    }

    /// Whether one of these options is there; a letter may stand among others: `-qi`.
    pub fn has(&self, options: &[&str]) -> bool {
        self.words.iter().take_while(|word| *word != "--").any(|word| {
            options.iter().any(|option| {
                let long =
                    word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('='));
                let letter = option.strip_prefix('-').filter(|letter| letter.len() == 1);
                let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
                long || letter.zip(letters).is_some_and(|(one, all)| {
                    all.contains(one) && all.chars().all(|c| c.is_ascii_alphabetic())
                })
            })
        })
    }

    /// The values of an option: `-c x`, `-cx`, `--command=x`.
    pub fn values(&self, options: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if options.contains(&word.as_str()) {
                out.extend(words.next().cloned());
            } else if let Some((name, value)) = word.split_once('=')
                && options.contains(&name)
                && name.starts_with("--")
            {
                out.push(value.to_owned());
            }
        }
        out
    }

    /// The words that are no options.
    pub fn bare(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).filter(|word| !word.starts_with('-') || *word == "-")
    }

    pub fn says(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }

    /// It finds lines, and answers 1 where it finds none.
    pub fn is_search(&self) -> bool {
        matches!(self.tool.as_str(), "grep" | "egrep" | "fgrep" | "zgrep" | "rg" | "pgrep")
    }

    /// It stops reading early, so that those before it may be cut off.
    pub fn stops_early(&self) -> bool {
        matches!(self.tool.as_str(), "head" | "sed" | "awk") || self.is_quiet_search()
    }

    pub fn is_quiet_search(&self) -> bool {
        self.is_search() && (self.has(&["-q", "--quiet", "--silent"]) || self.has(&["-m"]))
    }
}

/// Every call of a statement, those in the texts that it hands to other shells too.
pub fn all(parts: &Parts) -> Vec<Call> {
    let mut out = Vec::new();
    gather(parts, DEPTH, &mut out);
    out
}

fn gather(parts: &Parts, depth: u8, out: &mut Vec<Call>) {
    for part in &parts.all {
        if out.len() >= MOST {
            return;
        }
        let call = Call::of(part);
        let text = nested(&call);
        out.push(call);
        if let Some(text) = text.filter(|_| depth > 0) {
            gather(&parts::parts(&text), depth - 1, out);
        }
    }
}

/// The text that a call hands to another shell: `ssh host '…'`, `sh -c '…'`.
fn nested(call: &Call) -> Option<String> {
    match call.tool.as_str() {
        "bash" | "sh" | "zsh" | "ash" | "dash" => {
            let flag = call.words.iter().position(|word| word.starts_with('-') && word.ends_with('c'))?;
            call.words.get(flag + 1).cloned()
        }
        "ssh" => {
            let mut words = call.words.iter();
            while let Some(word) = words.next() {
                let takes = word.len() == 2 && word.ends_with(|c: char| "bcDEeFIiJLlmOopQRSWw".contains(c));
                if !word.starts_with('-') {
                    let rest: Vec<&str> = words.map(String::as_str).collect();
                    return (!rest.is_empty()).then(|| rest.join(" "));
                }
                if takes {
                    words.next();
                }
            }
            None
        }
        _ => None,
    }
}

/// The name without its directory.
fn base(word: &str) -> &str {
    word.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(word)
}

/// The words from the tool on that does the work.
fn inner(words: &[String]) -> &[String] {
    let mut rest = words;
    for _ in 0..8 {
        let Some(first) = rest.first() else { break };
        let next = match base(first) {
            "sudo" => after(rest, &["-u", "-g", "-h", "-p"]),
            "env" | "time" | "nohup" | "command" | "exec" | "builtin" | "stdbuf" | "unbuffer" => {
                after(rest, &["-u"])
            }
            "nice" | "ionice" => after(rest, &["-n", "-c"]),
            "timeout" => after(rest, &["-s", "-k", "--signal", "--kill-after"]).get(1..).unwrap_or_default(),
            "watch" => after(rest, &["-n", "--interval"]),
            "xargs" => after(rest, &["-n", "-I", "-P", "-L", "-d", "-a"]),
            "kubectl" | "oc" if rest.iter().any(|word| word == "exec") => behind(rest, "--"),
            "docker" | "podman" | "nerdctl" | "docker-compose" | "crictl"
                if rest.iter().any(|word| word == "exec") =>
            {
                let behind = behind(rest, "exec");
                let values = ["-e", "--env", "-u", "--user", "-w", "--workdir", "--index"];
                // The first word behind the options is the container.
                let from = std::iter::once(&String::new()).chain(behind).cloned().collect::<Vec<_>>();
                let skipped = from.len() - after(&from, &values).len() - 1;
                behind.get(skipped + 1..).unwrap_or_default()
            }
            _ => break,
        };
        if next.is_empty() {
            break;
        }
        rest = next;
    }
    rest
}

fn behind<'w>(words: &'w [String], sign: &str) -> &'w [String] {
    words.iter().position(|word| word == sign).and_then(|at| words.get(at + 1..)).unwrap_or_default()
}

/// The words behind a wrapper's own options and assignments.
fn after<'w>(words: &'w [String], values: &[&str]) -> &'w [String] {
    let mut at = 1;
    while let Some(word) = words.get(at) {
        if values.contains(&word.as_str()) {
            at += 2;
        } else if word.starts_with('-') && word.len() > 1
            || word.contains('=') && !word.contains(['/', '?', ' '])
        {
            at += 1;
        } else {
            break;
        }
    }
    words.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shell::parts::parts;

    fn tool(text: &str) -> String {
        let call = parts(text).last.first().map(Call::of).unwrap_or_default();
        format!("{} {}", call.tool, call.words.join(" ")).trim().to_owned()
    }

    #[test]
    fn the_tool_that_does_the_work_is_found_behind_its_wrappers() {
        assert_eq!(tool("sudo -u postgres timeout 5 psql -c 'SELECT 1'"), "psql -c SELECT 1");
        assert_eq!(tool("kubectl exec -n yard -it deploy/db -- pg_isready -U yard"), "pg_isready -U yard");
        assert_eq!(tool("docker exec -e A=1 cache redis-cli ping"), "redis-cli ping");
        assert_eq!(tool("docker compose exec -T db psql -l"), "psql -l");
        assert_eq!(tool("env A=1 /usr/bin/curl -s x"), "curl -s x");
    }

    #[test]
    fn an_option_is_found_among_others() {
        let call = |text: &str| parts(text).last.first().map(Call::of).unwrap_or_default();
        assert!(call("grep -qi x").has(&["-q"]) && call("grep --quiet x").has(&["-q", "--quiet"]));
        assert!(!call("grep x -- -q").has(&["-q"]));
        assert_eq!(call("psql -c a --command=b").values(&["-c", "--command"]), ["a", "b"]);
    }
}
