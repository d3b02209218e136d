//! Lines behind a session that was opened run inside it, not here.
use crate::commands::{Lang, Statement};

/// Marks what follows a bare `ssh host`, or a shell in a container, until it is left again.
pub fn mark(statements: &mut [Statement]) {
    let mut depth = 0_u32;
    for statement in statements {
        statement.traits.remote |= depth > 0;
        if depth > 0 && leaves(statement) {
            depth -= 1;
        } else if opens(statement) {
            depth += 1;
        }
    }
}

/// Whether a statement leaves the session that it stands in.
pub fn leaves(statement: &Statement) -> bool {
    matches!(statement.text.trim_end_matches(';').trim(), "exit" | "logout")
        || statement.lang != Lang::Shell && is_leave(&statement.text)
}

/// What leaves a console.
pub fn is_leave(text: &str) -> bool {
    let text = text.trim().trim_end_matches([';', '(', ')']).trim().to_ascii_lowercase();
    matches!(text.as_str(), "exit" | "quit" | "\\q" | ".exit" | ".quit")
}

/// Whether a statement opens a session and leaves it open.
pub fn opens(statement: &Statement) -> bool {
    let traits = statement.traits;
    let text = outside(&statement.text);
    if traits.pipe && text.contains('|') || traits.heredoc || traits.background || traits.compound {
        return false;
    }
    let words = words(&text);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let started = |word: &str| words.iter().any(|one| one.split('=').next() == Some(word));
    match statement.tool.as_str() {
        "ssh" | "mosh" | "telnet" | "autossh" => is_bare_ssh(&words),
        "kubectl" | "oc" | "docker" | "docker-compose" | "podman" | "nerdctl" | "crictl" | "lxc"
        | "incus" => enters(statement, &words),
        "vagrant" | "minikube" => words.ends_with(&["ssh"]),
        "gcloud" => has(&["ssh"]) && !started("--command") && !has(&["--"]),
        "aws" => has(&["start-session"]) && !started("--document-name"),
        "nsenter" | "chroot" | "machinectl" => statement.inner_tool.as_deref().is_none_or(is_shell),
        "tmux" | "screen" => {
            has(&["attach", "attach-session", "a", "-r", "-x", "-R", "new", "new-session", "-S"])
        }
        tool if is_shell(tool) && has(&["chroot", "nsenter"]) => {
            words.last().is_some_and(|word| is_shell(word))
        }
        _ => false,
    }
}

/// The text with a word in place of each `$(…)`: what runs in there feeds nothing into the call.
fn outside(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_u32;
    let mut before = ' ';
    for sign in text.chars() {
        match sign {
            '(' if depth > 0 || before == '$' => depth += 1,
            ')' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    out.push('_');
                }
            }
            _ if depth == 0 => out.push(sign),
            _ => {}
        }
        before = sign;
    }
    out
}

/// The words of the call, without its comment and what follows where it fails; their quotes are taken away.
fn words(text: &str) -> Vec<&str> {
    let all = text.split_whitespace().take_while(|word| !word.starts_with('#') && *word != "||");
    all.map(|word| word.trim_matches(['"', '\''])).collect()
}

/// A shell in a container, or its own first program, with a terminal.
fn enters(statement: &Statement, words: &[&str]) -> bool {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let letters =
        |word: &&str| word.strip_prefix('-').is_some_and(|rest| matches!(rest, "i" | "it" | "ti" | "t"));
    let terminal = words.iter().any(letters) || has(&["--stdin", "--tty", "--interactive"]);
    let shell = statement.inner_tool.as_deref().is_some_and(is_shell);
    let rsh = statement.inner_tool.is_none() && statement.tool == "oc" && has(&["rsh", "debug"]);
    let behind = words.iter().position(|word| *word == "--").and_then(|at| words.get(at + 1..));
    let entered = match behind {
        Some(behind) => is_entered(behind),
        // The call's own words come first; what it starts is the end of it.
        None => has(&["exec", "run"]) && (3..words.len()).any(|at| words.get(at..).is_some_and(is_entered)),
    };
    let image = || {
        let bare = |word: &str| {
            word.rsplit(['/', '=']).next().and_then(|name| name.split([':', '@']).next()).map(str::to_owned)
        };
        let last = words.last().and_then(|word| bare(word));
        let option = words.iter().find(|word| word.starts_with("--image=")).and_then(|word| bare(word));
        last.is_some_and(|name| is_system(&name)) || option.is_some_and(|name| is_system(&name))
    };
    shell && words.last().is_some_and(|word| is_shell(word))
        || rsh
        || entered
        || behind.is_none() && terminal && (has(&["debug", "attach"]) || has(&["run"]) && image())
}

/// Images whose first program is a shell.
fn is_system(image: &str) -> bool {
    const IMAGES: &[&str] = &[
        "alpine",
        "busybox",
        "ubuntu",
        "debian",
        "centos",
        "fedora",
        "rockylinux",
        "almalinux",
        "amazonlinux",
        "bash",
        "netshoot",
        "archlinux",
        "dnsutils",
    ];
    IMAGES.contains(&image)
}

/// What is started reads what is typed: a shell, or somebody else's.
fn is_entered(words: &[&str]) -> bool {
    let options = |words: &[&str]| words.iter().all(|word| word.starts_with('-') && !word.ends_with('c'));
    match words {
        [first, rest @ ..] if is_shell(first) => options(rest),
        ["su", rest @ ..] => !rest.iter().any(|word| matches!(*word, "-c" | "--command")),
        ["sudo", "-u", _, rest @ ..] => matches!(rest, ["-i" | "-s"]) || is_entered(rest),
        ["sudo", "-i" | "-s" | "--login" | "--shell"] | ["tmux" | "screen" | "login", ..] => true,
        ["sudo" | "exec", rest @ ..] => is_entered(rest),
        _ => false,
    }
}

/// No command stands behind the host, or one that reads what is typed.
fn is_bare_ssh(words: &[&str]) -> bool {
    let name = |word: &str| {
        word.rsplit('/').next().is_some_and(|word| matches!(word, "ssh" | "mosh" | "telnet" | "autossh"))
    };
    let mut at = words.iter().position(|word| name(word)).map_or(words.len(), |at| at + 1);
    let mut host = false;
    while let Some(word) = words.get(at) {
        at += 1;
        if let Some(option) = word.strip_prefix('-') {
            let takes = "bcDEeFIiJLlmOopQRSWw";
            if option.len() == 1 && option.chars().all(|sign| takes.contains(sign)) {
                at += 1;
            }
            // A tunnel gives no prompt.
            if option.contains('N') || option.contains('f') && option.len() == 1 {
                return false;
            }
        } else if word.starts_with(['<', '|', '>', '&', ';']) {
            return false;
        } else if host {
            return is_entered(words.get(at - 1..).unwrap_or_default());
        } else {
            host = true;
        }
    }
    host
}

/// A program that reads a shell's text.
pub fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("bash" | "sh" | "zsh" | "ash" | "dash"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::tools::Tables;
    use crate::commands::{Lang, Source, read};

    fn opened(text: &str) -> bool {
        let script = read(Source { text, lines: &[1] }, Lang::Shell, &Tables::default());
        script.statements.first().is_some_and(opens)
    }

    #[test]
    fn what_leaves_a_prompt_elsewhere_opens_a_session() {
        for text in [
            "ssh db-1",
            "ssh db-1  # log in",
            "ssh -p 22 ops@db-1 -i key",
            "ssh db-1 || exit 1",
            "ssh db-1 bash",
            "ssh -t db-1 'sudo -i'",
            "mosh db-1",
            "gcloud compute ssh db-1",
            "aws ssm start-session --target i-1",
            "vagrant ssh",
            "docker exec -it app bash  # enter",
            "docker run -it --rm alpine",
            "kubectl exec -it web-1 -- bash -l",
            "kubectl exec -it web-1 -- su - app",
            "kubectl debug -it web-1 --image=busybox",
            "kubectl attach -it web-1",
            "lxc exec c1 -- bash",
            "nsenter -t 1 -m",
            "chroot /mnt /bin/bash",
            "tmux attach",
            "oc rsh -n shop $(oc get pod -oname | head -1)",
            "ssh $(cat host | tail -1)",
        ] {
            assert!(opened(text), "{text}");
        }
    }

    #[test]
    fn what_runs_one_command_and_comes_back_opens_none() {
        for text in [
            "ssh db-1 uptime",
            "ssh db-1 'bash -c \"uptime\"'",
            "ssh -fN -L 1:h:1 db-1",
            "ssh -N db-1",
            "gcloud compute ssh db-1 --command uptime",
            "docker exec app ls",
            "docker run --rm alpine ls",
            "kubectl exec web-1 -- ls /bin",
            "kubectl exec web-1 -- sh -c 'ls'",
            "kubectl debug web-1 --image=busybox -- ls",
            "nsenter -t 1 -m ls",
            "tmux ls",
        ] {
            assert!(!opened(text), "{text}");
        }
    }
}
