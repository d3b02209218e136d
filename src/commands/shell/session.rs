//! Lines behind a session that was opened run inside it, not here.
use crate::commands::Statement;

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
}

/// Whether a statement opens a session and leaves it open.
pub fn opens(statement: &Statement) -> bool {
    let traits = statement.traits;
    if traits.pipe || traits.heredoc || traits.background || traits.compound {
        return false;
    }
    match statement.tool.as_str() {
        "ssh" | "mosh" | "telnet" => statement.inner_tool.is_none() && is_bare_ssh(&statement.text),
        "kubectl" | "oc" | "docker" | "docker-compose" | "podman" | "nerdctl" | "crictl" => {
            let shell = statement.inner_tool.as_deref().is_some_and(is_shell);
            let words = statement.text.split_whitespace();
            let enters = words.clone().any(|word| matches!(word, "rsh" | "debug"));
            let last = words.last().is_some_and(is_shell);
            (shell && last) || (enters && statement.inner_tool.is_none() && statement.tool == "oc")
        }
        _ => false,
    }
}

/// No command stands behind the host.
fn is_bare_ssh(text: &str) -> bool {
    let mut words = text.split_whitespace().skip_while(|word| !word.ends_with("ssh")).skip(1);
    let mut host = false;
    while let Some(word) = words.next() {
        if let Some(option) = word.strip_prefix('-') {
            let takes = "bcDEeFIiJLlmOopQRSWw";
            if option.len() == 1 && option.chars().all(|sign| takes.contains(sign)) {
                words.next();
            }
            // A tunnel gives no prompt.
            if option.contains('N') || option.contains('f') && option.len() == 1 {
                return false;
            }
        } else if host || word.starts_with(['<', '|', '>', '&', ';']) {
            return false;
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
