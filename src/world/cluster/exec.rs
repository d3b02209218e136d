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

impl Said {
    fn out(text: impl Into<String>) -> Said {
        Said { out: text.into(), ..Said::default() }
    }

    fn failed(code: i32, text: impl Into<String>) -> Said {
        Said { err: text.into(), code, ..Said::default() }
    }
}

/// Where a command runs.
pub struct Inside<'a> {
    pub fact: &'a PodFact,
    pub pod: &'a Value,
    pub outside: Option<&'a super::Exec>,
}

impl Inside<'_> {
    /// Runs a command with its words; a shell's `-c` is taken apart.
    pub fn run(&self, argv: &[String], input: &str) -> Said {
        let (first, rest) = argv.split_first().map_or(("", argv), |(first, rest)| (first.as_str(), rest));
        if is_shell(first) {
            let script = match rest {
                [flag, script, ..] if flag.starts_with('-') && flag.ends_with('c') => script.as_str(),
                // What is read as a script is not read again by its commands.
                _ => return self.script(input, ""),
            };
            return self.script(script, input);
        }
        if let Some((out, err, code)) = self.outside.and_then(|outside| outside(self.fact, argv, input)) {
            return Said { out, err, code };
        }
        self.command(first, rest, input)
    }

    /// Commands one after the other, with `;`, `&&` and `||` between them.
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
            let words: Vec<String> = words.iter().map(|word| self.filled(word, all.code)).collect();
            let said = self.run(&words, piped.as_deref().unwrap_or(input));
            begun = all.out.len();
            all.out.push_str(&said.out);
            match said.code {
                127 if said.out.is_empty() => all.err.push_str(&format!("sh: {first}: not found\n")),
                _ => all.err.push_str(&said.err),
            }
            all.code = said.code;
        }
        all
    }

    /// `$NAME` and `$?` in a word.
    fn filled(&self, word: &str, code: i32) -> String {
        let Some(name) = word.strip_prefix('$') else { return word.to_owned() };
        if name == "?" {
            return code.to_string();
        }
        self.environment()
            .into_iter()
            .find(|(one, _)| one == name)
            .map(|(_, value)| value)
            .unwrap_or_default()
    }

    fn environment(&self) -> Vec<(String, String)> {
        let mut all = vec![
            ("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ("HOSTNAME".into(), self.fact.name.clone()),
            ("KUBERNETES_SERVICE_HOST".into(), "10.96.0.1".into()),
            ("KUBERNETES_SERVICE_PORT".into(), "443".into()),
        ];
        let own =
            self.pod.list("/spec/containers").iter().find(|one| one.text("/name") == self.fact.container);
        let own = own.map(|one| one.list("/env")).unwrap_or_default();
        all.extend(own.iter().map(|one| (one.text("/name").to_owned(), one.text("/value").to_owned())));
        all.push(("HOME".into(), "/root".into()));
        all
    }

    fn command(&self, name: &str, rest: &[String], input: &str) -> Said {
        let plain: Vec<&str> =
            rest.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
        let address = if self.fact.address.is_empty() { "127.0.0.1" } else { &self.fact.address };
        match name.rsplit('/').next().unwrap_or(name) {
            "true" | ":" | "sleep" => Said::default(),
            "false" => Said { code: 1, ..Said::default() },
            "echo" => Said::out(format!("{}\n", rest.join(" "))),
            "hostname" => Said::out(format!("{}\n", self.fact.name)),
            "whoami" => Said::out("root\n"),
            "id" => Said::out("uid=0(root) gid=0(root) groups=0(root)\n"),
            "pwd" => Said::out("/\n"),
            "env" | "printenv" if plain.is_empty() => Said::out(
                self.environment()
                    .iter()
                    .map(|(name, value)| format!("{name}={value}\n"))
                    .collect::<String>(),
            ),
            "printenv" => {
                match self.environment().into_iter().find(|(one, _)| Some(&one.as_str()) == plain.first()) {
                    Some((_, value)) => Said::out(format!("{value}\n")),
                    None => Said { code: 1, ..Said::default() },
                }
            }
            "ls" => match plain.first() {
                None | Some(&"/") => Said::out("app\nbin\ndev\netc\nproc\ntmp\nusr\nvar\n"),
                Some(path) if self.file(path).is_some() => Said::out(format!("{path}\n")),
                Some(path) => Said::failed(1, format!("ls: {path}: No such file or directory\n")),
            },
            "cat" if plain.is_empty() => Said::out(input),
            "cat" => {
                let mut said = Said::default();
                for path in plain {
                    match self.file(path) {
                        Some(text) => said.out.push_str(&text),
                        None => {
                            said.err
                                .push_str(&format!("cat: can't open '{path}': No such file or directory\n"));
                            said.code = 1;
                        }
                    }
                }
                said
            }
            "ps" => Said::out(format!(
                "PID   USER     TIME  COMMAND\n    1 root      0:03 /app/{}\n   42 root      0:00 ps\n",
                self.fact.container
            )),
            "nproc" => Said::out("4\n"),
            "getent" if plain.first() == Some(&"hosts") => match plain.get(1) {
                Some(host) if *host == self.fact.name || *host == "localhost" => {
                    Said::out(format!("{address}      {host}\n"))
                }
                _ => Said { code: 2, ..Said::default() },
            },
            other => Said::failed(127, format!("exec: \"{other}\": executable file not found in $PATH\n")),
        }
    }

    /// The few files that every container has.
    fn file(&self, path: &str) -> Option<String> {
        Some(match path {
            "/etc/hostname" => format!("{}\n", self.fact.name),
            "/etc/hosts" => format!("127.0.0.1\tlocalhost\n{}\t{}\n", self.fact.address, self.fact.name),
            "/etc/resolv.conf" => format!(
                "search {}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
                self.fact.namespace
            ),
            "/etc/os-release" => {
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n".into()
            }
            "/proc/loadavg" => format!("{:.2} 0.30 0.25 1/180 42\n", self.fact.cpu_milli / 1000.0),
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
    let (mut word, mut quote, mut quoted) = (String::new(), None, false);
    let mut signs = script.chars().peekable();
    while let Some(sign) = signs.next() {
        let end = |word: &mut String, quoted: &mut bool, all: &mut Vec<(&'static str, Vec<String>)>| {
            if (!word.is_empty() || std::mem::take(quoted))
                && let Some((_, words)) = all.last_mut()
            {
                words.push(std::mem::take(word));
            }
        };
        match (quote, sign) {
            (Some(open), sign) if sign == open => quote = None,
            (Some('"'), '\\') | (None, '\\') => word.extend(signs.next()),
            (Some(_), sign) => word.push(sign),
            (None, '"' | '\'') => (quote, quoted) = (Some(sign), true),
            (None, ';' | '\n') => {
                end(&mut word, &mut quoted, &mut all);
                all.push((";", Vec::new()));
            }
            (None, '&' | '|') if signs.peek() == Some(&sign) => {
                signs.next();
                end(&mut word, &mut quoted, &mut all);
                all.push((if sign == '&' { "&&" } else { "||" }, Vec::new()));
            }
            (None, '|') => {
                end(&mut word, &mut quoted, &mut all);
                all.push(("|", Vec::new()));
            }
            (None, sign) if sign.is_whitespace() => end(&mut word, &mut quoted, &mut all),
            (None, sign) => word.push(sign),
        }
        if signs.peek().is_none() {
            end(&mut word, &mut quoted, &mut all);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        let words = |script: &str| {
            commands(script)
                .into_iter()
                .map(|(join, words)| format!("{join}[{}]", words.join("|")))
                .collect::<String>()
        };
        assert_eq!(words("echo 'a b' \"c\";false && x || exit 7"), "[echo|a b|c];[false]&&[x]||[exit|7]");
        assert_eq!(words("echo ''"), "[echo|]");
    }
}
