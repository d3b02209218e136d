//! What runs within a container: a command by the world's hook, or a small shell that reads lines.
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

/// Words as a shell divides them: quotes hold them together.
pub(super) fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for letter in line.chars() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => (quote, begun) = (Some(letter), true),
            (letter, None) if letter.is_whitespace() => {
                if begun || !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => word.push(letter),
        }
    }
    if begun || !word.is_empty() {
        all.push(word);
    }
    all
}

/// What a command prints, what it complains of, and its code; `None` where there is no such command.
fn done(begins: &Begins, command: &[String]) -> Option<(String, String, i64)> {
    let first = command.first().map_or("", String::as_str);
    let name = first.rsplit('/').next().unwrap_or(first);
    let known = begins.hook.as_ref().and_then(|hook| hook(&begins.container, command));
    if known.is_some() {
        return known;
    }
    let rest = command.get(1..).unwrap_or_default();
    Some(match name {
        _ if SHELLS.contains(&name) && rest.first().is_some_and(|flag| flag == "-c") => {
            let script = rest.get(1).map_or("", String::as_str);
            let mut all = (String::new(), String::new(), 0);
            for line in script.split([';', '\n']).map(words).filter(|line| !line.is_empty()) {
                if let Some(code) = line.first().filter(|word| *word == "exit").and(line.get(1)) {
                    return Some((all.0, all.1, code.parse().unwrap_or(2)));
                }
                let (out, err, code) = line_done(begins, &line);
                all = (all.0 + &out, all.1 + &err, code);
            }
            all
        }
        "echo" => (format!("{}\n", rest.join(" ")), String::new(), 0),
        "true" => (String::new(), String::new(), 0),
        "false" => (String::new(), String::new(), 1),
        "hostname" => (format!("{}\n", begins.container), String::new(), 0),
        "whoami" => ("root\n".into(), String::new(), 0),
        "pwd" => ("/app\n".into(), String::new(), 0),
        _ => return None,
    })
}

/// A line of a shell.
fn line_done(begins: &Begins, command: &[String]) -> (String, String, i64) {
    let missing = || {
        let first = command.first().map_or("", String::as_str);
        (String::new(), format!("sh: {first}: not found\n"), 127)
    };
    done(begins, command).unwrap_or_else(missing)
}

/// Runs what was prepared over the connection, and tells the engine how it ended.
pub(super) async fn run<C: AsyncRead + AsyncWrite + Unpin>(
    mut connection: C,
    begins: &Begins,
    part: &Handle<Engine>,
) {
    let first = begins.command.first().map_or("", String::as_str);
    let name = first.rsplit('/').next().unwrap_or(first);
    let script = begins.command.get(2).map_or("", String::as_str);
    let interactive = SHELLS.contains(&name) && (begins.command.len() == 1 || script.contains("exec sh"));
    let code = if interactive {
        if script.starts_with("echo $$") {
            let _ = connection.write_all(b"42\r\n").await;
        }
        shell(&mut connection, begins, part).await
    } else {
        // The engine itself says what it cannot begin.
        let missing = || {
            let why = "executable file not found in $PATH: unknown";
            let said = "OCI runtime exec failed: exec failed: unable to start container process";
            (format!("{said}: exec: \"{first}\": {why}\n"), String::new(), 126)
        };
        let (out, err, code) = done(begins, &begins.command).unwrap_or_else(missing);
        for (error, text) in [(false, out), (true, err)] {
            if text.is_empty() {
                continue;
            }
            let text = if begins.tty { text.replace('\n', "\r\n") } else { text };
            if !begins.tty {
                let _ = connection.write_all(&frame(error, text.len())).await;
            }
            let _ = connection.write_all(text.as_bytes()).await;
        }
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
    let _ = connection.write_all(prompt).await;
    loop {
        let mut bytes = [0; 512];
        let count = match timeout(LOOK_EVERY, connection.read(&mut bytes)).await {
            Ok(Ok(count @ 1..)) => count,
            Ok(_) => return code,
            // A shell ends with its container.
            Err(_) if part.look(|engine| engine.goes_on(&begins.id)) != Some(true) => return 137,
            Err(_) => continue,
        };
        let mut out = Vec::new();
        for byte in bytes.iter().take(count) {
            match byte {
                b'\r' | b'\n' => {
                    let command = words(&std::mem::take(&mut line));
                    out.extend_from_slice(if begins.tty { b"\r\n" } else { b"" });
                    if command.first().is_some_and(|word| word == "exit") {
                        let _ = connection.write_all(&out).await;
                        return command.get(1).and_then(|code| code.parse().ok()).unwrap_or(code);
                    }
                    if !command.is_empty() {
                        let (said, complained, ended) = line_done(begins, &command);
                        code = ended;
                        let text = said + &complained;
                        if !begins.tty && !text.is_empty() {
                            out.extend_from_slice(&frame(false, text.len()));
                        }
                        out.extend(if begins.tty { text.replace('\n', "\r\n") } else { text }.bytes());
                    }
                    out.extend_from_slice(prompt);
                }
                3 => {
                    line.clear();
                    out.extend_from_slice(b"^C\r\n");
                    out.extend_from_slice(prompt);
                }
                4 if line.is_empty() => return code,
                8 | 127 if line.pop().is_some() => out.extend_from_slice(b"\x08 \x08"),
                byte if line.len() < LONGEST_LINE && (32..127).contains(byte) => {
                    line.push(char::from(*byte));
                    if begins.tty {
                        out.push(*byte);
                    }
                }
                _ => {}
            }
        }
        if connection.write_all(&out).await.is_err() {
            return code;
        }
    }
}
