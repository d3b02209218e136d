//! A question to a session's shell that leaves no trace in it.
//!
//! It runs in a child of the shell, so that it sees the shell's variables and changes none; in a group of its own, with
//! nothing on its input, so that nothing of it is left when its time is over. A session is never stopped for it: that
//! would end the session. What follows in the shell finds `$?` as it was.
use std::fmt::Write as _;
use std::io::Read as _;
use std::time::Duration;

use crate::commands::effect::Answer;
use crate::domain::text::quoted;

/// Of longer answers only the beginning is read.
pub(super) const LONGEST: usize = 256 << 10;
/// What ends an answer is no longer than that.
pub(super) const MARK: usize = 64;
/// A process that was killed, as a shell tells of it.
const KILLED: i32 = 128 + 9;

/// The descriptor keeps the shell's complaints about what is killed from the question's own. What the document has
/// named like something that is used here is put aside in the child alone.
const TEXT: &str = r#"( { __firedeck_s=$?; unset -f command exec eval export kill printf sleep wait set exit trap unalias
command trap - EXIT; command trap - DEBUG RETURN ERR; command set +o pipefail; set +euxv; unalias -a; set -m
} >/dev/null 2>&1
exec 9>&2 2>/dev/null
( exec 2>&9 9>&-; set +m; LC_ALL=C; export LC_ALL; eval ASK ) </dev/null &
__firedeck_p=$!
( exec 9>&-; command sleep SECONDS; kill -9 -- "-$__firedeck_p" || kill -9 "$__firedeck_p" ) </dev/null >/dev/null &
__firedeck_k=$!
wait "$__firedeck_p"
__firedeck_c=$?
kill -9 -- "-$__firedeck_k" || kill -9 "$__firedeck_k"
kill -9 -- "-$__firedeck_p"
printf '\n%s %s\n' MARK "$__firedeck_c"
exit "$__firedeck_s" ) && :"#;

/// The statement that asks, and answers within this time.
pub(super) fn text(ask: &str, within: Duration, mark: &str) -> String {
    let ask = format!("'{}'", ask.replace('\'', r"'\''"));
    let seconds = format!("{}.{:03}", within.as_secs(), within.subsec_millis());
    let (before, after) = TEXT.split_once("ASK").unwrap_or((TEXT, ""));
    let after = after.replacen("SECONDS", &seconds, 1).replacen("MARK", &quoted(mark), 1);
    format!("{before}{ask}{after}")
}

/// A word that no answer has in it.
pub(super) fn mark() -> std::io::Result<String> {
    let mut bytes = [0; 12];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold("asked-".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// From what was written: its beginning, its last bytes, and how much it was. `None` where it did not come in time.
pub(super) fn answer(head: &[u8], end: &[u8], total: u64, mark: &str, err: &[u8]) -> Option<Answer> {
    let end = String::from_utf8_lossy(end);
    let (_, code) = end.rsplit_once(&format!("\n{mark} "))?;
    let said = u64::try_from(mark.len() + code.len() + 2).ok()?;
    let code: i32 = code.trim_end().parse().ok()?;
    let length = usize::try_from(total.saturating_sub(said)).unwrap_or(usize::MAX);
    let out = head.get(..length.min(head.len())).unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (code != KILLED).then(|| Answer { code, out: text(out), err: text(err) })
}

/// The variables that a test wants to hold something.
pub(super) fn wanted(probe: &str) -> String {
    let line = probe.lines().last().unwrap_or_default();
    let names = line.split("${").skip(1).filter_map(|rest| rest.split_once("-}")).map(|(name, _)| name);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "what it needs".into(),
        [one] => one.clone(),
        many => format!("one of {}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_all_before_its_mark() {
        let out = b"one\ntwo\nasked-x 3\n";
        let found = answer(out, out, out.len() as u64, "asked-x", b"oops").expect("an answer");
        assert_eq!((found.code, found.out.as_str(), found.err.as_str()), (3, "one\ntwo", "oops"));
        assert_eq!(answer(b"\nasked-x 137\n", b"\nasked-x 137\n", 13, "asked-x", b""), None, "it was killed");
        assert_eq!(answer(b"one", b"one", 3, "asked-x", b""), None);
    }

    #[test]
    fn what_is_asked_cannot_leave_its_quotes() {
        let text = text("echo 'a' ) ; reboot", Duration::from_millis(1500), "m");
        assert!(
            text.contains(r"eval 'echo '\''a'\'' ) ; reboot'") && text.contains("sleep 1.500;"),
            "{text}"
        );
    }

    #[test]
    fn a_test_names_what_it_wants() {
        assert_eq!(wanted("X='${Q-}'\n[ -n \"${POD-}\" ]"), "`POD`");
        assert_eq!(wanted("[ -n \"${A-}\" ] && [ -n \"${B-}\" ]"), "one of `A`, `B`");
    }
}
