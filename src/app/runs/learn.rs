//! What a session's shell holds that nobody may see: asked of the shell itself, and kept in memory alone.
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::session::{Asked, Task};
use super::{Shared, lock};
use crate::domain::known::Known;
use crate::domain::secret::looks_secret;
use crate::domain::shell::Sent;
use crate::tools::runner::{Output, Stream};

/// A shell far away takes that long.
const WITHIN: Duration = Duration::from_secs(2);
/// A shell with more variables of such names is asked for the first ones.
const MOST: usize = 100;
const NAMES: &str = "compgen -v 2>/dev/null || set";

/// Whether what it sets may be a secret: a name in it says so, or it runs a file that may hold one.
pub(super) fn may_set(text: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    text.split(|sign| !is_sign(sign)).any(|word| looks_secret(word) || word == "source" || word == "eval")
        || text.lines().any(|line| line.trim_start().starts_with(". "))
}

/// What this program's own environment holds: the shells on this box inherit it.
pub(super) fn inherited() -> Known {
    let mut known = Known::default();
    for (name, value) in std::env::vars_os() {
        if let (Some(name), Some(value)) = (name.to_str(), value.to_str())
            && looks_secret(name)
        {
            known.learn(value);
        }
    }
    known
}

/// The values that are set before a command, each in a line of its own and in quotes.
pub(super) fn given(text: &str, known: &mut Known) {
    let set = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
        Some((name.to_owned(), value.replace(r"'\''", "'")))
    };
    for (name, value) in text.lines().map_while(set) {
        if looks_secret(&name) {
            known.learn(&value);
        }
    }
}

/// Names of variables, one a line, as both ways of asking give them.
fn named(out: &str) -> Vec<&str> {
    let is_name = |name: &&str| {
        !name.is_empty()
            && !name.starts_with(|sign: char| sign.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let names = out.lines().map(|line| line.split('=').next().unwrap_or(line));
    names.filter(is_name).filter(|name| looks_secret(name)).take(MOST).collect()
}

impl Task {
    /// Asks the shell for the values of its variables whose names tell of a secret.
    pub(super) async fn learn(&mut self) {
        if self.over || self.about.busy.is_some() || !self.about.pending.is_empty() || !self.about.ours {
            return;
        }
        self.unlearned = false;
        let Asked::Answer(answer) = Box::pin(self.ask(&Sent::new(NAMES), WITHIN)).await else {
            self.unlearned = true;
            return;
        };
        let mut ask = "printf '%s\\0'".to_owned();
        let names = named(&answer.out);
        if names.is_empty() {
            return;
        }
        for name in names {
            let _ = write!(ask, " \"${{{name}-}}\"");
        }
        let statement = self.about.next;
        let asked = Box::pin(self.ask(&Sent::new(ask), WITHIN)).await;
        // The answer, late or not, was written down on its way, and nobody reads it a second time.
        Output::forget(self.handle.dir(), statement, Stream::Out);
        let Asked::Answer(answer) = asked else {
            self.unlearned = true;
            return;
        };
        self.shared.learn(|known| answer.out.split('\0').for_each(|value| known.learn(value)));
    }
}

impl Shared {
    /// The secrets of this moment.
    pub(super) fn known(&self) -> Arc<Known> {
        lock(&self.known).clone()
    }

    pub(super) fn learn(&self, more: impl FnOnce(&mut Known)) {
        more(Arc::make_mut(&mut lock(&self.known)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_however_the_shell_lists_them() {
        assert_eq!(named("HOME\nDB_PASSWORD\nAPI_KEY\n"), ["DB_PASSWORD", "API_KEY"]);
        assert_eq!(named("HOME=/root\nDB_PASSWORD='a\nb TOKEN=c'\n9_TOKEN=x\n"), ["DB_PASSWORD"]);
    }

    #[test]
    fn what_is_set_before_a_command_is_known_while_it_runs() {
        let mut known = Known::default();
        given("POD='web-0123'\nDB_PASSWORD='it'\\''s hidden'\necho x\nAPI_KEY='notBefore'", &mut known);
        assert_eq!(known.mask("web-0123 it's hidden notBefore"), "web-0123 (hidden) notBefore");
    }

    #[test]
    fn a_statement_that_may_set_a_secret_is_known_by_its_words() {
        for text in
            ["NEW_PASSWORD=$(openssl rand -hex 8)", "read -s TOKEN", ". ./.env", "source env", "a\n. b"]
        {
            assert!(may_set(text), "{text}");
        }
        for text in ["kubectl get pods", "X=1", "cat ./a.txt"] {
            assert!(!may_set(text), "{text}");
        }
    }
}
