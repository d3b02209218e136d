//! What runs within a container: a few commands, and a small shell that reads lines.
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::Engine;
use super::api::Begins;
use super::streams::frame;
use crate::world::base::Handle;

const LONGEST_LINE: usize = 4_096;
const LOOK_EVERY: Duration = Duration::from_millis(500);
const SHELLS: [&str; 3] = ["sh", "bash", "ash"];

fn plain(command: &[String]) -> &str {
    let first = command.first().map_or("", String::as_str);
    first.rsplit('/').next().unwrap_or(first)
}

/// What a command prints, and its code; `None` where there is no such command.
fn done(begins: &Begins, command: &[String]) -> Option<(String, i64)> {
    let rest = command.get(1..).unwrap_or_default();
    Some(match plain(command) {
        shell if SHELLS.contains(&shell) && rest.first().is_some_and(|flag| flag == "-c") => {
            let mut all = (String::new(), 0);
            let script = rest.get(1).map_or("", String::as_str);
            for line in script.split([';', '\n']).map(words).filter(|line| !line.is_empty()) {
                let (out, code) = line_done(begins, &line);
                all = (all.0 + &out, code);
                if plain(&line) == "exit" {
                    break;
                }
            }
            all
        }
        "echo" => (format!("{}\n", rest.join(" ")), 0),
        "exit" => (String::new(), rest.first().and_then(|code| code.parse().ok()).unwrap_or(0)),
        "true" => (String::new(), 0),
        "false" => (String::new(), 1),
        "hostname" => (format!("{}\n", begins.container), 0),
        _ => return None,
    })
}

/// Words as a shell divides them: quotes hold them together.
pub(super) fn words(line: &str) -> Vec<String> {
    let (mut all, mut quote) = (vec![String::new()], None);
    for letter in line.chars() {
        let last = all.last_mut().into_iter();
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => quote = Some(letter),
            (letter, None) if letter.is_whitespace() => all.push(String::new()),
            _ => last.for_each(|word| word.push(letter)),
        }
    }
    all.retain(|word| !word.is_empty());
    all
}

/// A line of a shell.
fn line_done(begins: &Begins, line: &[String]) -> (String, i64) {
    let missing = || (format!("sh: {}: not found\n", plain(line)), 127);
    done(begins, line).unwrap_or_else(missing)
}

/// As it goes over the wire: a terminal's lines, or behind a head.
fn written(begins: &Begins, text: &str) -> Vec<u8> {
    if begins.tty {
        return text.replace('\n', "\r\n").into_bytes();
    }
    let head = if text.is_empty() { Vec::new() } else { frame(false, text.len()).to_vec() };
    [&head, text.as_bytes()].concat()
}

/// Runs what was prepared over the connection, and tells the engine how it ended.
pub(super) async fn run<C: AsyncRead + AsyncWrite + Unpin>(
    mut connection: C,
    begins: &Begins,
    part: &Handle<Engine>,
) {
    let name = plain(&begins.command);
    let script = begins.command.get(2).map_or("", String::as_str);
    let is_shell = SHELLS.contains(&name);
    let code = if is_shell && (begins.command.len() == 1 || script.contains("exec sh")) {
        if script.starts_with("echo $$") {
            let _ = connection.write_all(b"42\r\n").await;
        }
        shell(&mut connection, begins, part).await
    } else {
        // The engine itself says what it cannot begin.
        let missing = || {
            let why = format!("exec: \"{name}\": executable file not found in $PATH: unknown");
            (format!("OCI runtime exec failed: unable to start container process: {why}\n"), 126)
        };
        let (out, code) = done(begins, &begins.command).unwrap_or_else(missing);
        let _ = connection.write_all(&written(begins, &out)).await;
        code
    };
    // Who hears the end asks for the code at once.
    part.with(|engine| engine.ended(&begins.id, code));
    let _ = connection.shutdown().await;
}

async fn shell<C: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut C,
    begins: &Begins,
    part: &Handle<Engine>,
) -> i64 {
    let (mut line, mut code) = (String::new(), 0);
    let prompt: &[u8] = if begins.tty { b"/app # " } else { b"" };
    let mut out = prompt.to_vec();
    loop {
        if connection.write_all(&std::mem::take(&mut out)).await.is_err() {
            return code;
        }
        let mut bytes = [0; 512];
        let count = match timeout(LOOK_EVERY, connection.read(&mut bytes)).await {
            Ok(Ok(count @ 1..)) => count,
            Ok(_) => return code,
            // A shell ends with its container.
            Err(_) if part.look(|engine| engine.goes_on(&begins.id)) != Some(true) => return 137,
            Err(_) => continue,
        };
        for byte in bytes.iter().take(count) {
            match byte {
                b'\r' | b'\n' => {
                    out.extend_from_slice(if begins.tty { b"\r\n" } else { b"" });
                    let command = words(&std::mem::take(&mut line));
                    if !command.is_empty() {
                        let (said, ended) = line_done(begins, &command);
                        code = ended;
                        out.extend(written(begins, &said));
                    }
                    if plain(&command) == "exit" {
                        let _ = connection.write_all(&out).await;
                        return code;
                    }
                    out.extend_from_slice(prompt);
                }
                3 => {
                    line.clear();
                    out.extend_from_slice(&[b"^C\r\n", prompt].concat());
                }
                4 if line.is_empty() => return code,
                8 | 127 if line.pop().is_some() => out.extend_from_slice(b"\x08 \x08"),
                byte if line.len() < LONGEST_LINE && (32..127).contains(byte) => {
                    line.push(char::from(*byte));
                    out.extend(Some(*byte).filter(|_| begins.tty));
                }
                _ => {}
            }
        }
    }
}
