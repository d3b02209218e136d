//! Where a command runs: the wrappers around it, which every question keeps exactly.
use super::raw::{Arg, Marks};

/// One wrapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layer {
    /// Words in front: `sudo -u postgres`, `kubectl exec db-0 --`, `PGPASSWORD=x`.
    Words(Vec<String>),
    /// The command is one word that a shell reads again: `sh -c …`, `ssh host …`.
    Text { before: Vec<String>, after: Vec<String> },
    /// Text around it in the same shell: `for x in a b; do … ; done`.
    Around(String, String),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The outermost first.
    pub layers: Vec<Layer>,
    /// Why nobody can look from here.
    pub unsure: Option<String>,
}

impl Place {
    pub fn with(&self, layer: Layer) -> Place {
        let mut place = self.clone();
        place.layers.push(layer);
        place
    }

    /// How many shells read its text one after the other.
    pub fn level(&self) -> usize {
        self.layers.iter().filter(|layer| matches!(layer, Layer::Text { .. })).count()
    }

    /// The whole command that runs this one in its place; `None` where it cannot be written.
    pub fn render(&self, inner: &str, marks: &Marks) -> Option<String> {
        let mut text = inner.to_owned();
        for layer in self.layers.iter().rev() {
            text = match layer {
                Layer::Words(words) => [words.join(" "), text].join(" "),
                Layer::Around(before, after) => [before, text.as_str(), after].concat(),
                Layer::Text { before, after } => {
                    let word = marks.quote(&text)?;
                    before.iter().chain([&word]).chain(after).cloned().collect::<Vec<_>>().join(" ")
                }
            };
        }
        Some(marks.resolve(&text))
    }

    /// The same place, in which nothing runs unless these variables hold plain words: what stands in them is put
    /// into a text of another language.
    pub fn guarded(&self, names: &[String]) -> Place {
        if names.is_empty() {
            return self.clone();
        }
        let values: Vec<_> = names.iter().map(|name| format!("${{{name}}}")).collect();
        let values = values.join(" ");
        let head =
            format!("case \" {values}\" in *--*|*\" -\"*|*[!a-zA-Z0-9_.:/@%+,\" \"-]*) (exit 3);; *) ");
        self.around(Layer::Around(head, ";; esac".to_owned()))
    }

    /// The same place with a text around the words that the innermost shell reads.
    pub fn around(&self, layer: Layer) -> Place {
        let at =
            self.layers.iter().rposition(|layer| !matches!(layer, Layer::Words(_))).map_or(0, |at| at + 1);
        let mut place = self.clone();
        place.layers.insert(at, layer);
        place
    }

    /// The pod or container that the command runs in: the innermost of `kubectl exec web-0 --`.
    pub fn inside(&self) -> Option<&str> {
        const VALUES: [&str; 12] = [
            "-n",
            "--namespace",
            "-c",
            "--container",
            "--context",
            "--kubeconfig",
            "-u",
            "--user",
            "-e",
            "--env",
            "-w",
            "--workdir",
        ];
        let words = self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Words(words) | Layer::Text { before: words, .. } => {
                let at = words.iter().position(|word| word == "exec")?;
                let enters = ["kubectl", "oc", "docker", "podman", "docker-compose", "nerdctl"];
                words
                    .iter()
                    .take(at)
                    .any(|word| enters.contains(&word.as_str()))
                    .then(|| words.get(at + 1..))?
            }
            Layer::Around(..) => None,
        })?;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if VALUES.contains(&word.as_str()) {
                words.next();
            } else if !word.starts_with('-') {
                return Some(word);
            }
        }
        None
    }

    /// The tool that leads into a pod or a container.
    pub fn leads(&self) -> Option<&'static str> {
        let words = self.layers.iter().filter_map(|layer| match layer {
            Layer::Words(words) | Layer::Text { before: words, .. } => Some(words),
            Layer::Around(..) => None,
        });
        let mut words = words.flatten();
        words.find_map(|word| match word.as_str() {
            "kubectl" | "oc" | "k" | "kubecolor" => Some("kubectl"),
            "docker" | "docker-compose" => Some("docker"),
            "podman" | "podman-compose" => Some("podman"),
            _ => None,
        })
    }

    /// It runs more than once: in a loop, or for each word that comes in.
    pub fn repeats(&self) -> bool {
        self.layers.iter().any(|layer| match layer {
            Layer::Around(before, _) => before.trim_end().ends_with(" do"),
            Layer::Words(words) => words.first().is_some_and(|word| word.ends_with("xargs")),
            Layer::Text { .. } => false,
        })
    }
}

/// Tools that only change how a command runs: a question does without them.
pub(super) fn is_dropped(tool: &str) -> bool {
    matches!(
        tool,
        "time"
            | "nohup"
            | "nice"
            | "ionice"
            | "timeout"
            | "gtimeout"
            | "stdbuf"
            | "setsid"
            | "unbuffer"
            | "command"
            | "exec"
            | "builtin"
            | "caffeinate"
            | "flock"
            | "watch"
            | "taskset"
            | "chrt"
            | "catchsegv"
            | "eatmydata"
    )
}

/// Tools that give their words to a shell again.
pub(super) fn is_shelled(tool: &str) -> bool {
    matches!(tool, "ssh" | "autossh" | "watch" | "eval")
}

/// Tools that start another command where it can be looked from as well.
pub(super) fn is_wrapper(tool: &str) -> bool {
    is_dropped(tool)
        || is_shelled(tool)
        || matches!(
            tool,
            "sudo"
                | "doas"
                | "su"
                | "runuser"
                | "env"
                | "busybox"
                | "toybox"
                | "gosu"
                | "su-exec"
                | "setpriv"
                | "chpst"
                | "pkexec"
                | "aws-vault"
                | "chamber"
                | "doppler"
                | "infisical"
                | "direnv"
                | "envchain"
                | "summon"
                | "lxc"
                | "incus"
                | "lxc-attach"
                | "chroot"
                | "nsenter"
                | "sh"
                | "bash"
                | "zsh"
                | "ash"
                | "dash"
                | "ksh"
                | "sshpass"
                | "microk8s"
                | "k3s"
                | "k0s"
                | "minikube"
                | "rke2"
        )
}

/// Tools whose `exec` starts a command in another place.
pub(super) fn enters(tool: &str, args: &crate::commands::tools::Args<'_>) -> bool {
    let verb = args.operand(0);
    match tool {
        "kubectl" | "oc" | "k" | "kubecolor" => matches!(verb, "exec" | "rsh"),
        "docker" | "podman" | "nerdctl" | "podman-remote" => match verb {
            "exec" => true,
            "container" => args.operand(1) == "exec",
            // Its own words follow behind a stop.
            "compose" => args.rest.iter().any(|word| word.text == "exec"),
            _ => false,
        },
        "docker-compose" | "podman-compose" | "crictl" => verb == "exec",
        _ => false,
    }
}

/// The words in front of a command that runs elsewhere, without what asks for a terminal.
pub(super) fn prefix(tool: &str, words: &[Arg]) -> Vec<String> {
    let compose = tool.ends_with("-compose") || words.get(1).is_some_and(|word| word.text == "compose");
    let shell = matches!(tool, "ssh" | "autossh");
    let mut seen = shell;
    let mut out = Vec::with_capacity(words.len() + 1);
    for word in words {
        let text = word.text.as_str();
        let letters = text.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        let terminal =
            letters.is_some_and(|letters| {
                !letters.is_empty() && letters.chars().all(|one| one == 't' || one == 'i' && !shell)
            }) || matches!(text, "--tty" | "--stdin" | "--interactive" | "--tty=true" | "--stdin=true");
        if seen && terminal {
            continue;
        }
        out.push(word.source.clone());
        let verb = matches!(text, "exec" | "rsh");
        if verb && !seen && compose && !words.iter().any(|word| word.text == "-T") {
            out.push("-T".to_owned());
        }
        seen |= verb;
    }
    out
}
