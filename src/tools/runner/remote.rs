//! A session on another box: the same driver, sent there through the box's own `ssh`.
//!
//! One connection carries all of it. What stands at its other end is a small script, read whole before it runs:
//!
//! ```text
//! stdin ──► watcher ──► FIFO `in` ──► driver, in a group of its own
//!              └ signals, and the end of everything when the connection ends
//! stdout ◄── what statements write ◄──┤
//! stdout ◄── relay ◄── FIFO `answer` ◄┘     its fields are marked with a word that no statement knows
//! stderr ◄── what statements write, and the same mark behind each answer
//! ```
//!
//! When the connection breaks, the watcher ends the group there; here the session is lost, and nothing of it is
//! ever run on this box.
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::driver::{self, Kind};
use super::event::Stream;
use super::setup::{Kept, PAGERS, quoted};
use super::streams::{News, Streams};

/// The fields of an answer.
const FIELDS: usize = 9;

/// What is asked of `ssh`: no question at a terminal, nothing forwarded, and an end when nothing is heard any more.
const OPTIONS: [&str; 14] = [
    "-T",
    "-o",
    "BatchMode=yes",
    "-o",
    "ConnectTimeout=15",
    "-o",
    "ServerAliveInterval=5",
    "-o",
    "ServerAliveCountMax=3",
    "-o",
    "ClearAllForwardings=yes",
    // It may use a master that is there, but does not become one that stays behind.
    "-o",
    "ControlMaster=no",
    "--",
];

/// Connects, and sends what has to be there. The driver's first answer says that all went well.
pub(super) async fn open(target: &str, kept: &Kept) -> Result<Streams, String> {
    // It follows a `\0` in what `printf` is given there, and must not begin with a digit.
    let mark = random().map_err(|error| format!("no random numbers: {error}"))?.replacen("", "m", 1);
    let dir = PathBuf::from(format!("/tmp/firedeck-{}", random().map_err(|error| error.to_string())?));
    let bad = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            "there is no `ssh` on this box".to_owned()
        } else {
            format!("`ssh {target}`: {error}")
        }
    };
    let ((orders, ours), (out, out_end), (err, err_end)) =
        (std::io::pipe().map_err(bad)?, std::io::pipe().map_err(bad)?, std::io::pipe().map_err(bad)?);
    let mut command = tokio::process::Command::new("ssh");
    command.args(OPTIONS).arg(target).arg("exec bash").process_group(0);
    command.stdin(orders).stdout(out_end).stderr(err_end);
    let child = command.spawn().map_err(bad)?;
    drop(command);
    let ends = [OwnedFd::from(ours), OwnedFd::from(out), OwnedFd::from(err)];
    let mut streams = Streams::there(child, ends, Demux::new(&mark), dir.join("driver")).map_err(bad)?;
    let text = driver::text(Kind::Bash, dir.join("in").as_os_str(), dir.join("answer").as_os_str());
    let mut first = script(&dir, &mark, kept);
    first.extend(text);
    first.push(0);
    // A connection that breaks is told by its end.
    let _ = streams.send_raw(&first).await;
    Ok(streams)
}

/// 128 bits that nobody guesses.
fn random() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Read by the `bash` there from its stdin; what follows it there is the driver's text.
///
/// A number may be another process's as soon as the shell is gone, so whatever is signalled is first seen to be in
/// this very session; where there is no `/proc` to see it, nothing is signalled any more then.
const SCRIPT: &str = r#"{
d=DIR
umask 077
mkdir -m 700 "$d" || exit 125
trap 'rm -rf -- "$d"' EXIT
mkfifo "$d/in" "$d/answer" || exit 125
IFS= read -r -d '' t && printf %s "$t" >"$d/driver" || exit 125
unset t BASH_ENV ENV
PREPARE
of() {
  IFS= read -r stat <"/proc/$1/stat" && set -- "$1" ${stat##*) } && group=$4 session=$5
}
tell() {
  if [ -z "$ours" ]; then
    [ ! -d "$d" ] || kill -s "$1" -- "-$main"
    return
  fi
  for p in /proc/[0-9]*; do
    p=${p#/proc/}
    of "$p" && [ "$session" = "$ours" ] && [ "$group" = "$main" ] && kill -s "$1" "$p"
  done
}
exec 4<&0 5>&1 6>&2 </dev/null
exec 8<>"$d/in" 9<>"$d/answer"
ours=
{ of $$ && ours=$session; } 2>/dev/null
set -m
bash --noprofile --norc -c "eval \"\$(<$d/driver)\"" bash 4<&- 5>&- 6>&- 8>&- 9>&- </dev/null &
main=$!
set +m
{
  n=0
  while IFS= read -t 99999999 -r -d '' x <&9; do
    printf '\0MARK%s\0' "${x:0:3000}" >&5
    n=$((n+1))
    if [ "$n" = 9 ]; then n=0; printf '\0MARK\0' >&6; fi
  done
} 4<&- 8>&- >/dev/null 2>&1 &
relay=$!
{
  while IFS= read -t 99999999 -r -d '' f <&4; do
    case $f in
      O*) IFS= read -r -d '' t <&4 && printf '%s\0' "${f#O}" "$t" >&8 ;;
      SINT)
        [ -d "$d" ] && kill -STOP "$main" && tell INT && sleep 1
        [ -d "$d" ] && kill -VTALRM "$main" && kill -CONT "$main" ;;
      S*) tell "${f#S}"; tell CONT ;;
      K*) [ -n "$ours" ] && of "${f#K}" && [ "$session" = "$ours" ] && kill -TERM "${f#K}" ;;
    esac
  done
  tell HUP; sleep 2; tell TERM; tell CONT; sleep 3; tell KILL
} 5>&- 6>&- 9>&- >/dev/null 2>&1 &
exec 4<&- 8>&- 9>&- >/dev/null 2>/dev/null
wait "$main"
code=$?
rm -rf -- "$d"
tell HUP
kill "$relay"
printf '\0MARKgone %s\0' "$code" >&5
exec 5>&- 6>&-
exit "$code"
}
"#;

fn script(dir: &Path, mark: &str, kept: &Kept) -> Vec<u8> {
    let mut prepare = Vec::new();
    let mut line = |name: &str, value: &OsStr| {
        prepare.extend(format!("export {name}=").as_bytes());
        prepare.extend(quoted(value));
        prepare.push(b'\n');
    };
    for pager in PAGERS {
        line(pager, OsStr::new("cat"));
    }
    for name in &kept.exports {
        if let Some(value) = std::env::var_os(name).filter(|_| is_name(name)) {
            line(name, &value);
        }
    }
    if let Some(dir) = &kept.workdir {
        prepare.extend(b"cd -- ");
        prepare.extend(quoted(dir.as_os_str()));
        prepare.extend(b" || exit 126\n");
    }
    let script =
        SCRIPT.replace("MARK", mark).replacen("DIR", &String::from_utf8_lossy(&quoted(dir.as_os_str())), 1);
    let (before, after) = script.split_once("PREPARE\n").unwrap_or((&script, ""));
    [before.as_bytes(), &prepare, after.as_bytes()].concat()
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// No field of an answer is longer.
const LONGEST_FIELD: usize = 8 << 20;

/// Takes the answers out of what `ssh` writes.
#[derive(Debug)]
pub(super) struct Demux {
    /// A NUL, and the word.
    mark: Vec<u8>,
    out: Vec<u8>,
    err: Vec<u8>,
    fields: Vec<Vec<u8>>,
    /// Whole answers whose mark on stderr has not come yet.
    waiting: VecDeque<Vec<u8>>,
    marks: usize,
    queue: VecDeque<News>,
    /// How the shell there ended.
    pub(super) code: Option<i32>,
}

impl Demux {
    pub(super) fn new(mark: &str) -> Demux {
        Demux {
            mark: [b"\0", mark.as_bytes()].concat(),
            out: Vec::new(),
            err: Vec::new(),
            fields: Vec::new(),
            waiting: VecDeque::new(),
            marks: 0,
            queue: VecDeque::new(),
            code: None,
        }
    }

    pub(super) fn next(&mut self) -> Option<News> {
        self.queue.pop_front()
    }

    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8]) {
        let mut held = std::mem::take(if stream == Stream::Out { &mut self.out } else { &mut self.err });
        held.extend(bytes);
        let mut rest = held.as_slice();
        // What is held is short, or begins a field that has not ended; either is bounded.
        let kept = loop {
            let Some(at) = memchr::memmem::find(rest, &self.mark) else {
                let plain = rest.len() - self.beginning(rest);
                self.plain(stream, rest.get(..plain).unwrap_or_default());
                break rest.get(plain..).unwrap_or_default();
            };
            let (before, marked) = rest.split_at(at);
            self.plain(stream, before);
            let field = marked.get(self.mark.len()..).unwrap_or_default();
            let Some(end) = memchr::memchr(0, field) else {
                if field.len() <= LONGEST_FIELD {
                    break marked;
                }
                // Whoever began it died over it: what follows is somebody else's.
                self.plain(stream, marked);
                break &[];
            };
            let (field, after) = field.split_at(end);
            self.field(stream, field);
            rest = after.get(1..).unwrap_or_default();
        };
        let kept = kept.to_vec();
        *(if stream == Stream::Out { &mut self.out } else { &mut self.err }) = kept;
        while self.marks > 0 && !self.waiting.is_empty() {
            self.marks -= 1;
            self.queue.extend(self.waiting.pop_front().map(News::Answer));
        }
    }

    /// How many of the last bytes could begin a mark.
    fn beginning(&self, bytes: &[u8]) -> usize {
        let longest = bytes.len().min(self.mark.len() - 1);
        (1..=longest)
            .rev()
            .find(|length| bytes.ends_with(self.mark.get(..*length).unwrap_or_default()))
            .unwrap_or(0)
    }

    fn plain(&mut self, stream: Stream, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.queue.push_back(News::Bytes(stream, bytes.to_vec()));
        }
    }

    fn field(&mut self, stream: Stream, field: &[u8]) {
        if stream == Stream::Err {
            self.marks += 1;
            return;
        }
        if let Some(code) = field.strip_prefix(b"gone ").filter(|_| self.fields.is_empty()) {
            self.code = std::str::from_utf8(code).ok().and_then(|code| code.trim().parse().ok());
            self.queue.push_back(News::Gone(None));
            return;
        }
        self.fields.push(field.to_vec());
        if self.fields.len() == FIELDS {
            let mut answer = self.fields.join(&0);
            answer.push(0);
            self.fields.clear();
            self.waiting.push_back(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_never_ends_is_given_up() {
        let mark = "m00112233445566778899aabbccddeeff";
        let mut demux = Demux::new(mark);
        demux.take(Stream::Out, format!("\0{mark}answer").as_bytes());
        let piece = vec![b'x'; 1 << 20];
        let mut told = 0;
        for _ in 0..20 {
            demux.take(Stream::Out, &piece);
            while let Some(News::Bytes(_, bytes)) = demux.next() {
                told += bytes.len();
            }
            assert!(demux.out.len() <= LONGEST_FIELD + mark.len() + 1);
        }
        assert!(told >= 12 << 20, "{told}");
    }

    #[test]
    fn answers_are_told_from_output_in_whatever_pieces_both_come() {
        let mark = "m00112233445566778899aabbccddeeff";
        let fields = ["answer", "0", "4", "", "/", "", "A\nB", "", "end"];
        let marked = fields.map(|field| format!("\0{mark}{field}\0")).concat();
        let out = format!("one\0two\0{}{marked}three\0", &mark[..9]);
        let err = format!("oops\0{mark}\0");
        for size in [1, 2, 7, 33, 1000] {
            let mut demux = Demux::new(mark);
            let (mut bytes, mut answers) = ([Vec::new(), Vec::new()], Vec::new());
            for (stream, text) in [(Stream::Out, &out), (Stream::Err, &err)] {
                assert!(answers.is_empty(), "stderr has not come yet");
                for piece in text.as_bytes().chunks(size) {
                    demux.take(stream, piece);
                }
                while let Some(news) = demux.next() {
                    match news {
                        News::Bytes(stream, piece) => bytes[stream as usize].extend(piece),
                        News::Answer(answer) => answers.push(answer),
                        News::Gone(_) => panic!("nobody is gone"),
                    }
                }
            }
            assert_eq!(answers, [(fields.join("\0") + "\0").into_bytes()]);
            demux.take(Stream::Out, b"!");
            let Some(News::Bytes(_, last)) = demux.next() else { panic!("the NUL at the end was no mark") };
            bytes[0].extend(last);
            let expected = format!("one\0two\0{}three\0!", &mark[..9]);
            assert_eq!([&*bytes[0], &*bytes[1]], [expected.as_bytes(), b"oops"]);
        }
    }
}
