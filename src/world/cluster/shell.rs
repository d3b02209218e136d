//! The little shell of a pretend container.
use serde_json::Value;

use super::facts::PodFact;
use super::value::Dig;

/// What a command says on its two outputs, and its exit code.
pub type Said = (String, String, i32);

fn said(code: i32, out: impl Into<String>, err: impl Into<String>) -> Said {
    (out.into(), err.into(), code)
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
        match argv {
            [shell, flag, script, ..] if is_shell(shell) && flag.ends_with('c') => self.script(script, input),
            // What is read as a script is not read again by its commands.
            [shell, ..] if is_shell(shell) => self.script(input, ""),
            _ => {
                let outside = self.outside.as_ref().and_then(|outside| outside(&self.fact, argv, input));
                outside.unwrap_or_else(|| self.command(argv, input))
            }
        }
    }

    /// Commands one after the other, with `;`, `&&` and `||` between them.
    pub fn script(&self, script: &str, input: &str) -> Said {
        let mut all = Said::default();
        for (joined, words) in commands(script) {
            let skipped = matches!((joined, all.2), ('&', 1..) | ('|', 0));
            let Some(first) = words.first().filter(|_| !skipped) else { continue };
            if first == "exit" {
                all.2 = words.get(1).map_or(all.2, |code| code.parse().unwrap_or(2));
                break;
            }
            let filled = |word: &String| match word.strip_prefix('$') {
                Some(name) => self.variable(name).unwrap_or_default(),
                None => word.clone(),
            };
            let (out, err, code) = self.run(&words.iter().map(filled).collect::<Vec<_>>(), input);
            all.0 += &out;
            all.1 += &if code == 127 { ["sh: ", first, ": not found\n"].concat() } else { err };
            all.2 = code;
        }
        all
    }

    fn environment(&self) -> Vec<String> {
        let mut all = self.pod.list("/spec/containers").iter();
        let own = all.find(|one| one.text("/name") == self.fact.container);
        let own = own.map(|one| one.list("/env")).unwrap_or_default().iter();
        let own = own.map(|one| [one.text("/name"), "=", one.text("/value")].concat());
        let usual = ["PATH=/usr/local/bin:/usr/bin:/bin".into(), format!("HOSTNAME={}", self.fact.name)];
        usual.into_iter().chain(own).collect()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.environment().iter().find_map(|one| Some(one.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
    }

    fn command(&self, argv: &[String], input: &str) -> Said {
        let plain: Vec<&str> =
            argv.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
        let (name, rest) = plain.split_first().map_or(("", &[][..]), |(name, rest)| (*name, rest));
        let missing = |what: &str| said(1, "", format!("{name}: {what}: No such file or directory\n"));
        match (name, rest) {
            ("true" | "sleep", _) => Said::default(),
            ("false", _) => said(1, "", ""),
            ("echo", rest) => said(0, rest.join(" ") + "\n", ""),
            ("hostname", _) => said(0, format!("{}\n", self.fact.name), ""),
            ("env" | "printenv", []) => said(0, self.environment().join("\n") + "\n", ""),
            ("printenv", [name, ..]) => {
                self.variable(name).map_or(said(1, "", ""), |value| said(0, value + "\n", ""))
            }
            ("ls", [] | ["/"]) => said(0, "app\nbin\ndev\netc\nproc\ntmp\nusr\nvar\n", ""),
            ("ls", [path, ..]) if self.file(path).is_some() => said(0, format!("{path}\n"), ""),
            ("ls", [path, ..]) => missing(path),
            ("cat", []) => said(0, input, ""),
            ("cat", paths) => match paths.iter().find(|path| self.file(path).is_none()) {
                Some(path) => missing(path),
                None => said(0, paths.iter().filter_map(|path| self.file(path)).collect::<String>(), ""),
            },
            ("ps", _) => said(
                0,
                format!("PID   USER     TIME  COMMAND\n    1 root      0:03 /app/{}\n", self.fact.container),
                "",
            ),
            (other, _) => said(127, "", format!("exec: \"{other}\": executable file not found in $PATH\n")),
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

/// The commands of a line, each with the sign that joins it to the one before.
fn commands(script: &str) -> Vec<(char, Vec<String>)> {
    let mut all: Vec<(char, Vec<String>)> = vec![(';', Vec::new())];
    let (mut word, mut quote) = (None::<String>, None);
    for sign in script.chars().chain(['\n']) {
        match (quote, sign) {
            (Some(open), sign) if sign == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|') => {
                if let (Some(word), Some((_, words))) = (word.take(), all.last_mut()) {
                    words.push(word);
                }
                if !matches!(sign, ' ' | '\t') {
                    all.push((sign, Vec::new()));
                }
            }
            (_, sign) => word.get_or_insert_default().push(sign),
        }
    }
    all.retain(|(_, words)| !words.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        let one = |(join, words): (char, Vec<String>)| format!("{join}[{}]", words.join("+"));
        let words = |script: &str| commands(script).into_iter().map(one).collect::<String>();
        assert_eq!(words("echo 'a b' \"c\";false && x || exit 7"), ";[echo+a b+c];[false]&[x]|[exit+7]");
        assert_eq!(words("echo ''"), ";[echo+]");
    }
}
