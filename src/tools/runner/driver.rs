//! The driver: what the shell itself is given to run, and what it answers.
//!
//! The shell runs a list of rounds, each a single command: `eval "$(…)"`. What stands in the parentheses is a child:
//! it answers for the statement before, reads the next one from a FIFO, prints it, and exits with the code that
//! `$?` has to have. So the shell itself holds no descriptor of ours and knows no name of ours but one variable,
//! and whatever a statement redefines, closes or traps, the child sees to its own: it turns on POSIX mode by an
//! assignment, in which the special builtins stand before functions of their names, and drops the other functions.
//! Only a function or a disabled builtin `eval` takes the shell from us; that is answered too, and ends the session.
//!
//! The rounds are a list and no loop, so that `break` has nothing to break; all of them are read before the first
//! statement, so that no alias and no option changes them.
//!
//! What a statement can see of it: a trap for DEBUG runs for the round's own command as well, `set -x` and `set -v`
//! show the line that keeps the codes of a pipe, and `$_` and `$LINENO` are not what they were.
use std::ffi::OsStr;

use super::setup::{Files, quoted};

/// How many rounds a list has. The last one is used to read a new list.
pub(super) const ROUNDS: u64 = 50;

/// A statement may have so many bytes.
pub(super) const LONGEST: usize = 1 << 20;

/// What the shell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bash,
    /// Any other shell of POSIX: the earlier codes of a pipe and the names of variables are not known.
    Plain,
}

/// An order may be long in coming; without a time of their own, `read` and so the session would end at `$TMOUT`.
const BASH: &str = r#"eval "$({ POSIXLY_CORRECT= __firedeck=("$?" "${__firedeck[@]}"); trap - DEBUG RETURN ERR EXIT; set +eux +o pipefail; \unset -f unset; unset -f builtin enable read printf compgen jobs export set exit; enable printf read compgen jobs; f=; export -f eval && f=eval; IFS=' ' LC_ALL=C; printf '%s\0' answer "${__firedeck[*]}" "$BASHPID" "$f" "$PWD" "$(jobs -p)" "$(compgen -v)" "$(compgen -A function)" end >ANSWER; { IFS= read -t 99999999 -r -d '' c && IFS= read -t 99999999 -r -d '' s; } <ORDERS || { c=0 s=exit; }; printf %s "$s" >&3; exit "$c"; } 3>&1 >/dev/null 2>&1 </dev/null)""#;

const PLAIN: &str = r#"eval "$({ c=$?; set +eux; trap - EXIT; unset -f printf read jobs 2>/dev/null; printf 'answer\0%s\0\0\0%s\0%s\0\0\0end\0' "$c" "$PWD" "$(jobs -p)" >ANSWER; { read -r c && read -r n; i=0; while [ "$i" -lt "$n" ]; do IFS= read -r s; printf '%s\n' "$s" >&3; i=$((i+1)); done; } <ORDERS || { c=0; printf 'exit\n' >&3; }; exit "$c"; } 3>&1 >/dev/null 2>&1 </dev/null)""#;

/// The driver's text for FIFOs at these paths.
pub(super) fn text(kind: Kind, orders: &OsStr, answers: &OsStr) -> Vec<u8> {
    let round = match kind {
        Kind::Bash => BASH,
        Kind::Plain => PLAIN,
    };
    let mut bytes = Vec::new();
    let (before, rest) = round.split_once("ANSWER").unwrap_or((round, ""));
    let (between, after) = rest.split_once("ORDERS").unwrap_or((rest, ""));
    for n in 0..ROUNDS {
        if n > 0 {
            bytes.push(b';');
        }
        bytes.extend(before.as_bytes());
        bytes.extend(quoted(answers));
        bytes.extend(between.as_bytes());
        bytes.extend(quoted(orders));
        bytes.extend(after.as_bytes());
    }
    bytes
}

/// What makes the shell read the driver at `path`.
pub(super) fn reading(kind: Kind, path: &OsStr) -> Vec<u8> {
    let (before, after): (&[u8], &[u8]) = match kind {
        Kind::Bash => (b"eval \"$(<", b")\""),
        Kind::Plain => (b"eval \"$(command -p cat ", b")\""),
    };
    [before, &quoted(path), after].concat()
}

/// Closes what whoever started the cockpit left open: a statement has nothing but its three descriptors.
pub(super) const CLOSING: &str = "for i in /dev/fd/*; do i=${i##*/}; \
     case $i in [3-9]|[1-9][0-9]*) eval \"exec $i>&-\";; esac; done; unset i BASH_EXECUTION_STRING; ";

/// The arguments that make a program of this kind the session's shell.
pub(super) fn arguments(kind: Kind, files: &Files) -> Vec<Vec<u8>> {
    let text = reading(kind, files.driver().as_os_str());
    // Other shells know no descriptor above 9.
    let text = if kind == Kind::Bash { [CLOSING.as_bytes(), &text].concat() } else { text };
    let words: Vec<&[u8]> = match kind {
        // It calls itself `bash` in its complaints, as it does for `bash -c`.
        Kind::Bash => vec![b"--noprofile", b"--norc", b"-c", &text, b"bash"],
        Kind::Plain => vec![b"-c", &text, b"sh"],
    };
    words.into_iter().map(<[u8]>::to_vec).collect()
}

/// A statement on its way to the shell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement<'a> {
    pub(super) number: u64,
    pub(super) text: &'a [u8],
    /// It is known to be complete, so that a line can be put behind it which keeps the codes of its last pipe.
    pub(super) whole: bool,
    /// The status and the codes of the statement before.
    pub(super) status: i32,
    pub(super) codes: &'a [i32],
}

impl Statement<'_> {
    /// The bytes for the FIFO.
    pub(super) fn frame(&self, kind: Kind) -> Vec<u8> {
        if kind == Kind::Plain {
            let lines = memchr::memchr_iter(b'\n', self.text).count() + 1;
            return [format!("{}\n{lines}\n", self.status).as_bytes(), self.text, b"\n"].concat();
        }
        let mut text = self.text.to_vec();
        if self.whole {
            let keep = format!(
                "\n{{ __firedeck=({} \"$?\" \"$SHELLOPTS\" \"${{PIPESTATUS[@]}}\"); }} 2>/dev/null",
                self.number
            );
            text.extend(keep.as_bytes());
        }
        let asks = memchr::memmem::find(self.text, b"PIPESTATUS").is_some();
        if asks && self.codes.len() > 1 {
            // A pipe with the same codes, where neither `set -e` nor a trap for errors sees it.
            let part = |code: &i32| format!("(POSIXLY_CORRECT=; exit {code})");
            let pipe: Vec<String> = self.codes.iter().map(part).collect();
            let text_again = quoted_bytes(&text);
            text = [
                format!("if {}; then eval ", pipe.join("|")).as_bytes(),
                &text_again,
                b"; else eval ",
                &text_again,
                b"; fi",
            ]
            .concat();
        } else if text.ends_with(b"\n") {
            // The round would take line ends off, which may be part of what is said.
            text = [b"eval ", &*quoted_bytes(&text)].concat();
        }
        [format!("{}\0", self.status).as_bytes(), &text, b"\0"].concat()
    }
}

fn quoted_bytes(text: &[u8]) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    quoted(OsStr::from_bytes(text))
}

/// Whether a line put behind it would still be a line of its own, as far as its last letters tell.
pub(super) fn ends_plainly(text: &[u8]) -> bool {
    let slashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    slashes % 2 == 0 && !text.contains(&0)
}

/// What the driver said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    pub(super) status: i32,
    pub(super) codes: Vec<i32>,
    /// The child that answered.
    pub(super) pid: i32,
    /// A builtin without which nothing more can be run was redefined.
    pub(super) taken: bool,
    pub(super) workdir: String,
    pub(super) jobs: Vec<i32>,
    pub(super) variables: Vec<String>,
    pub(super) functions: Vec<String>,
}

const FIELDS: usize = 8;
/// More than any shell has names.
const LONGEST_ANSWER: usize = 8 << 20;

/// Takes one answer off the front of what was read: `Ok(None)` while it is not complete.
pub(super) fn answer(bytes: &mut Vec<u8>, number: u64) -> Result<Option<Answer>, String> {
    let strange = || Err("something that is no answer came back from the shell".to_owned());
    if bytes.len() > LONGEST_ANSWER || !b"answer\0".starts_with(bytes.get(..7).unwrap_or(bytes)) {
        return strange();
    }
    let mut ends = memchr::memchr_iter(0, bytes);
    let Some(end) = ends.nth(FIELDS) else { return Ok(None) };
    let rest = bytes.split_off(end + 1);
    let whole = std::mem::replace(bytes, rest);
    let fields: Vec<String> =
        whole.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned()).collect();
    let [_, codes, pid, taken, workdir, jobs, variables, functions, end, ..] = fields.as_slice() else {
        return strange();
    };
    let numbers =
        |text: &str| -> Vec<i32> { text.split_whitespace().filter_map(|n| n.parse().ok()).collect() };
    let names = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let words: Vec<&str> = codes.split(' ').collect();
    let (Some(Ok(seen)), "end") = (words.first().map(|word| word.parse()), end.as_str()) else {
        return strange();
    };
    let (status, codes) = judge(seen, words.get(1..).unwrap_or_default(), number);
    Ok(Some(Answer {
        status,
        codes,
        pid: pid.parse().unwrap_or(0),
        taken: !taken.is_empty(),
        workdir: workdir.clone(),
        jobs: numbers(jobs),
        variables: names(variables),
        functions: names(functions),
    }))
}

/// The status, and the codes of the last pipe: only those that were kept behind this very statement count, and only
/// when its status comes from them. A loop's last pipe is not the loop's.
fn judge(seen: i32, kept: &[&str], number: u64) -> (i32, Vec<i32>) {
    let alone = (seen, vec![seen]);
    let [mark, status, options, codes @ ..] = kept else { return alone };
    let codes: Vec<i32> = codes.iter().filter_map(|code| code.parse().ok()).collect();
    let (Ok(mark), Ok(status)) = (mark.parse::<u64>(), status.parse()) else { return alone };
    if mark != number {
        return alone;
    }
    let failed = codes.iter().rev().find(|code| **code != 0).filter(|_| options.contains("pipefail"));
    let fits = failed.or(codes.last()) == Some(&status);
    if codes.len() > 1 && fits { (status, codes) } else { (status, vec![status]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &[u8] = b"answer\x000 3 1 braceexpand 1 0 1\x0042\x00\x00/tmp\x0017\x00A\nB\x00f\x00end\x00";

    #[test]
    fn an_answer_is_read_in_whatever_pieces_it_comes() {
        let mut bytes = Vec::new();
        let mut found = None;
        for byte in SAID {
            assert_eq!(found, None);
            bytes.push(*byte);
            found = answer(&mut bytes, 3).expect("an answer");
        }
        let found = found.expect("complete");
        assert_eq!((found.status, found.codes, found.pid, found.taken), (1, vec![1, 0, 1], 42, false));
        assert_eq!((found.workdir.as_str(), found.jobs, bytes.len()), ("/tmp", vec![17], 0));
        assert_eq!((found.variables, found.functions), (vec!["A".into(), "B".into()], vec!["f".into()]));
    }

    #[test]
    fn codes_that_another_statement_left_behind_do_not_count() {
        let found = answer(&mut SAID.to_vec(), 4).expect("an answer").expect("complete");
        assert_eq!((found.status, found.codes), (0, vec![0]));
        assert_eq!(judge(0, &["4", "0", "", "0", "2"], 4), (0, vec![0]), "the pipe of a loop");
        assert_eq!(judge(0, &["4", "1", "", "1", "0"], 4), (1, vec![1]), "turned round");
        assert_eq!(judge(0, &["4", "1", "pipefail:x", "1", "0"], 4), (1, vec![1, 0]));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for bytes in [&b"ok\0"[..], b"answers", b"answer\0\0\0\0\0\0\0\0end\0", &SAID.repeat(2)[40..]] {
            assert!(answer(&mut bytes.to_vec(), 1).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn nothing_is_put_behind_a_statement_that_would_swallow_it() {
        assert!(ends_plainly(b"echo a") && ends_plainly(b"echo a\\\\"));
        assert!(!ends_plainly(b"echo a\\") && !ends_plainly(b"a\0b"));
    }
}
