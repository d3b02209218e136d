//! Commands that stand in a sentence, when the sentence tells somebody to run them.
use super::super::document::{Line, inline};
use super::verbs::{First, first, is_command};

/// A command of a sentence, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub line: u32,
    pub text: String,
}

const TELLS: &[&str] = &[
    "run", "running", "execute", "executing", "use", "using", "try", "issue", "type", "enter", "invoke", "perform", "with", "via", "by", "command", "commands", "call", "do", "apply", "through",
    "check", "verify", "restart", "start", "stop", "delete", "remove", "scale", "drain", "see", "get", "list", "find", "inspect", "kill", "clear", "flush", "look", "confirm", "monitor", "then", "following", "watch", "ensure", "reload", "reboot", "rollback", "cordon", "uncordon", "view", "create", "set", "edit", "describe", "connect", "launch", "log", "ssh", "login", "trigger", "follow", "tail", "fetch", "example", "e.g", "or", "and", "back", "collect", "dump", "disable", "enable", "test", "validate", "query", "patch", "show", "export", "copy", "install", "clean", "prune", "free", "inspecting", "checking", "open", "force", "upgrade", "take", "make", "remediate", "fix",
];

const NEVER: &[&str] = &["never", "don't", "dont", "not", "avoid", "avoiding", "without", "instead", "caused", "ran", "was", "were", "happened", "because", "accidentally", "had", "previously", "used", "unlike", "refuse", "cannot", "can't", "wrongly", "mistakenly"];

/// The commands that these lines tell to run.
pub fn commands(lines: &[Line]) -> Vec<Told> {
    let mut found = Vec::new();
    let mut before = String::new();
    for line in lines {
        let mut from = 0;
        for (range, code) in inline::code_spans(&line.text) {
            before.push_str(line.text.get(from..range.start).unwrap_or_default());
            from = range.end;
            if told(&before, &code, line.text.get(range.end..).unwrap_or_default()) {
                found.push(Told { line: line.no, text: unprompted(&code).to_owned() });
            }
            before.push_str(" ` ");
        }
        before.push_str(line.text.get(from..).unwrap_or_default());
        before.push(' ');
        if before.len() > 4000 {
            before.clear();
        }
    }
    found
}

fn unprompted(code: &str) -> &str {
    let code = code.trim();
    code.strip_prefix("$ ").or_else(|| code.strip_prefix("# ")).unwrap_or(code).trim()
}

fn told(before: &str, code: &str, after: &str) -> bool {
    let code = unprompted(code);
    let words = code.split_whitespace().count();
    let head = code.split_whitespace().next().unwrap_or_default();
    let single = matches!(head, "reboot" | "uptime" | "dmesg");
    if words < 2 && !single || !is_command(code) || code.ends_with("...") || first(head) == First::Path && words < 2 {
        return false;
    }
    // A path with an argument is a command only if it is one of this directory.
    if first(head) == First::Path && !head.starts_with("./") && !head.contains("bin/") && ![".sh", ".py", ".rb"].iter().any(|end| head.ends_with(end)) {
        return false;
    }
    let sentence = before.rsplit(['.', '!', '?', ';']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let ended = before.trim_end().ends_with(['.', '!', '?']);
    let sentence = if ended { "" } else { sentence };
    let all: Vec<String> = sentence
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '`')))
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    let spoken = all.iter().filter(|w| w.as_str() != "`").count();
    let trailing = after.trim().trim_start_matches([':', '-', '–', '—', ',', '.', '(', '*']).trim();
    if spoken == 0 {
        // The code begins the sentence: alone, or with an explanation behind it.
        return trailing.is_empty() || after.trim_start().starts_with([':', '-', '–', '—', '(', '.', '#', '*']) || trailing.starts_with("to ") || trailing.starts_with("and ") || trailing.starts_with("shows") || trailing.starts_with('`');
    }
    if all.iter().any(|w| NEVER.contains(&w.as_str())) {
        return false;
    }
    all.iter().rev().take(14).any(|w| TELLS.contains(&w.as_str())) || sentence.trim_end().ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        commands(&[Line { no: 7, text: text.into() }]).into_iter().map(|told| told.text).collect()
    }

    #[test]
    fn a_sentence_that_instructs_carries_its_command() {
        assert_eq!(texts("Run `kubectl delete pod x` and wait."), ["kubectl delete pod x"]);
        assert_eq!(texts("`kubectl get nodes`"), ["kubectl get nodes"]);
        assert_eq!(texts("You can check this with `df -h /var`."), ["df -h /var"]);
        assert_eq!(texts("Restart the daemon: `sudo systemctl restart x`"), ["sudo systemctl restart x"]);
    }

    #[test]
    fn a_tool_in_passing_a_warning_and_a_story_carry_none() {
        for text in [
            "This needs `kubectl` on the box.",
            "Never run `rm -rf /data` here.",
            "Somebody ran `kubectl delete ns prod` and that was the cause.",
            "The `web-config` map holds it.",
            "Edit `/etc/hosts` by hand.",
        ] {
            assert_eq!(texts(text), Vec::<String>::new(), "{text}");
        }
    }
}
