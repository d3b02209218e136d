//! `ssh host` in a fence: the rest of the fence runs there. It is no program that is run, but a session of ours on that
//! box, so that what follows is a statement like any other.
use crate::commands::shell::session;
use crate::domain::shell::ShellCommand;
use crate::runbook::Runbook;
use crate::runbook::execution::fence::Fences;

/// What a command does to where its fence runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    Stays,
    /// The rest of its fence runs on this box.
    Goes(String),
    /// The session on the other box is left.
    Leaves,
}

pub(super) fn way(runbook: &Runbook, command: &ShellCommand) -> Way {
    let Some(number) = command.command.filter(|_| !command.edited) else { return Way::Stays };
    let step = runbook.steps.get(command.step as usize);
    let Some(one) = step.and_then(|step| step.commands.get(number as usize)) else { return Way::Stays };
    let fences = Fences::of(runbook);
    let Some(stand) = fences.stand((command.step, number)) else { return Way::Stays };
    if stand.inside.is_some() && session::leaves(&one.statement) {
        return Way::Leaves;
    }
    if !stand.opens || one.statement.tool != "ssh" || stand.inside.is_some() {
        return Way::Stays;
    }
    target(command.text.expose()).map_or(Way::Stays, Way::Goes)
}

/// `user@host` of a bare `ssh`. With an option that our own connection would not have, it stays a program in the
/// terminal, and nothing that follows it goes anywhere.
fn target(text: &str) -> Option<String> {
    let mut words = text.split_whitespace().map(plain);
    if words.next()?.as_deref() != Some("ssh") {
        return None;
    }
    let (mut user, mut host) = (None, None);
    while let Some(word) = words.next() {
        let word = word?;
        match word.as_str() {
            "-t" | "-tt" | "-q" | "-T" => {}
            "-l" => user = Some(words.next()??),
            option if option.starts_with('-') => return None,
            _ if host.is_some() => return None,
            _ => host = Some(word),
        }
    }
    match (user, host?) {
        (None, host) => Some(host),
        (Some(_), host) if host.contains('@') => None,
        (Some(user), host) => Some(format!("{user}@{host}")),
    }
}

/// A word without its quotes; `None` where a shell would make something else of it.
fn plain(word: &str) -> Option<String> {
    let inner = |quote: char| word.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let bare = inner('\'').or_else(|| inner('"')).unwrap_or(word);
    let good = |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '-' | '_' | ':' | '%');
    (!bare.is_empty() && bare.chars().all(good)).then(|| bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_ssh_is_followed() {
        let of = |text: &str| target(text).unwrap_or_default();
        assert_eq!(of("ssh ops@web-1"), "ops@web-1");
        assert_eq!(of("ssh -t -l ops 'web-1'"), "ops@web-1");
        for text in [
            "ssh -p 2222 web-1",
            "ssh web-1 uptime",
            "ssh $HOST",
            "ssh",
            "ssh -J jump web-1",
            "ssh \"a b\"",
            "H='x'\nssh x",
        ] {
            assert_eq!(of(text), "", "{text}");
        }
    }
}
