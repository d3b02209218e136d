//! The little shell of a pretend container.
use serde_json::Value;

use super::facts::PodFact;
use super::value::Dig;

/// What a command says on its two outputs, and its exit code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub out: String,
    pub err: String,
    pub code: i32,
}

fn said(code: i32, out: impl Into<String>, err: impl Into<String>) -> Said {
    Said { out: out.into(), err: err.into(), code }
}

/// Where a command runs.
pub struct Inside {
    pub fact: PodFact,
    pub pod: Value,
    pub outside: Option<super::Exec>,
}

impl Inside {
    /// Runs a command with its words; a shell's script is taken apart.
    pub fn run(&self, argv: &[String], input: &str) -> Said {
        let (first, rest) = argv.split_first().map_or(("", argv), |(first, rest)| (first.as_str(), rest));
        match rest {
            [flag, script, ..] if is_shell(first) && flag.ends_with('c') => self.script(script, input),
            // What is read as a script is not read again by its commands.
            _ if is_shell(first) => self.script(input, ""),
            _ => match self.outside.as_ref().and_then(|outside| outside(&self.fact, argv, input)) {
                Some((out, err, code)) => Said { out, err, code },
                None => self.command(first, rest, input),
            },
        }
    }

    /// Commands one after the other, with `;`, `&&`, `||` and `|` between them.
    pub fn script(&self, script: &str, input: &str) -> Said {
        let (mut all, mut begun) = (Said::default(), 0);
        for (joined, words) in commands(script) {
            let skipped = matches!((joined, all.code), ("&&", 1..) | ("||", 0));
            // A pipe takes what the command before has said.
            let piped = (joined == "|").then(|| all.out.split_off(begun));
            let Some(first) = words.first().filter(|_| !skipped) else { continue };
            if first == "exit" {
                all.code = words.get(1).map_or(all.code, |code| code.parse().unwrap_or(2));
                return all;
            }
            let filled = |word: &String| match word.strip_prefix('$') {
                Some("?") => all.code.to_string(),
                Some(name) => self.variable(name).unwrap_or_default(),
                None => word.clone(),
            };
            let words: Vec<String> = words.iter().map(filled).collect();
            let said = self.run(&words, piped.as_deref().unwrap_or(input));
            begun = all.out.len();
            all.out += &said.out;
            all.err += &if said.code == 127 { format!("sh: {first}: not found\n") } else { said.err };
            all.code = said.code;
        }
        all
    }

    fn environment(&self) -> Vec<String> {
        let mut all = self.pod.list("/spec/containers").iter();
        let own = all.find(|one| one.text("/name") == self.fact.container);
        let own = own.map(|one| one.list("/env")).unwrap_or_default().iter();
        let own = own.map(|one| [one.text("/name"), "=", one.text("/value")].concat());
        let usual = format!("PATH=/usr/local/bin:/usr/bin:/bin HOSTNAME={} HOME=/root", self.fact.name);
        usual.split(' ').map(str::to_owned).chain(own).collect()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.environment().iter().find_map(|one| Some(one.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
    }

    fn command(&self, name: &str, rest: &[String], input: &str) -> Said {
        let plain: Vec<&str> =
            rest.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
        let (first, fact) = (plain.first().copied().unwrap_or_default(), &self.fact);
        let missing = |what: &str| said(1, "", format!("{name}: {what}: No such file or directory\n"));
        match name.rsplit('/').next().unwrap_or(name) {
            "true" | "sleep" => Said::default(),
            "false" => said(1, "", ""),
            "echo" => said(0, rest.join(" ") + "\n", ""),
            "hostname" => said(0, format!("{}\n", fact.name), ""),
            "env" | "printenv" if plain.is_empty() => said(0, self.environment().join("\n") + "\n", ""),
            "printenv" => self.variable(first).map_or(said(1, "", ""), |value| said(0, value + "\n", "")),
            "ls" if matches!(first, "" | "/") => said(0, "app\nbin\ndev\netc\nproc\ntmp\nusr\nvar\n", ""),
            "ls" if self.file(first).is_some() => said(0, format!("{first}\n"), ""),
            "ls" => missing(first),
            "cat" if plain.is_empty() => said(0, input, ""),
            "cat" => match plain.iter().find(|path| self.file(path).is_none()) {
                Some(path) => missing(path),
                None => said(0, plain.iter().filter_map(|path| self.file(path)).collect::<String>(), ""),
            },
            "ps" => {
                let head = "PID   USER     TIME  COMMAND\n    1 root      0:03 /app/";
                said(0, format!("{head}{}\n   42 root      0:00 ps\n", fact.container), "")
            }
            other => said(127, "", format!("exec: \"{other}\": executable file not found in $PATH\n")),
        }
    }

    /// The few files that every container has.
    fn file(&self, path: &str) -> Option<String> {
        let PodFact { name, namespace, address, .. } = &self.fact;
        Some(match path {
            "/etc/hostname" => format!("{name}\n"),
            "/etc/hosts" => format!("127.0.0.1\tlocalhost\n{address}\t{name}\n"),
            "/etc/resolv.conf" => format!(
                "search {namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
            ),
            _ => return None,
        })
    }
}

pub fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("sh" | "ash" | "bash" | "dash"))
}

/// The commands of a line, each with what joins it to the one before.
fn commands(script: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut all: Vec<(&'static str, Vec<String>)> = vec![("", Vec::new())];
    let (mut word, mut quote) = (None::<String>, None);
    let mut signs = script.chars().chain(['\n']).peekable();
    while let Some(sign) = signs.next() {
        match (quote, sign) {
            (Some(open), sign) if sign == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(signs.next()),
            (None, '"' | '\'') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (None, sign) if sign.is_whitespace() || ";&|".contains(sign) => {
                if let (Some(word), Some((_, words))) = (word.take(), all.last_mut()) {
                    words.push(word);
                }
                let doubled = matches!(sign, '&' | '|') && signs.next_if_eq(&sign).is_some();
                match (sign, doubled) {
                    ('&', true) => all.push(("&&", Vec::new())),
                    ('|', true) => all.push(("||", Vec::new())),
                    ('|', false) => all.push(("|", Vec::new())),
                    ('\n' | ';' | '&', _) => all.push((";", Vec::new())),
                    _ => {}
                }
            }
            (_, sign) => word.get_or_insert_default().push(sign),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        let one = |(join, words): (&str, Vec<String>)| [join, "[", &words.join("+"), "]"].concat();
        let words = |script: &str| commands(script).into_iter().map(one).collect::<String>();
        assert_eq!(words("echo 'a b' \"c\";false && x || exit 7"), "[echo+a b+c];[false]&&[x]||[exit+7];[]");
        assert_eq!(words("echo ''"), "[echo+];[]");
    }
}
