//! A terminal in a container: bytes to and fro, its size, its end, and how it ended.
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, Chain, ReadHalf, WriteHalf, split};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Docker;
use super::api::Made;
use super::client::{Client, Fault};
use super::look::{read, unfit};
use crate::domain::action::{Native, Verb};
use crate::domain::text::clean;
use crate::sources::shell::{self, End, Ending, Shell};

const READ: Duration = Duration::from_secs(5);
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// Its number, then bash where there is one, else whatever `sh` is.
const USUAL: &str = "echo $$; command -v bash >/dev/null 2>&1 && exec bash; exec sh";
/// Ends a session as a terminal that is closed does: whoever runs in front is told as well.
const HANG_UP: &str = "kill -HUP \"$1\"";
/// No number is longer than a line of this many bytes.
const NUMBER: usize = 20;

/// An open terminal. Dropping both halves closes the connection; engines let go on what was started in it.
#[derive(Debug)]
pub struct Terminal {
    pub output: Chain<Cursor<Vec<u8>>, ReadHalf<reqwest::Upgraded>>,
    pub input: WriteHalf<reqwest::Upgraded>,
    pub control: Control,
}

/// What is not bytes.
#[derive(Debug, Clone)]
pub struct Control {
    client: Arc<Client>,
    id: String,
    container: String,
    /// The shell's number in its container, where it told it.
    shell: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Ran {
    running: bool,
    exit_code: Option<i64>,
}

impl Control {
    pub async fn resize(&self, columns: u16, rows: u16) {
        let (w, h) = (columns.to_string(), rows.to_string());
        let path = format!("/exec/{}/resize", self.id);
        // A size that could not be told spoils the picture, not the session.
        if let Err(fault) = self.client.post(&path, &[("w", &w), ("h", &h)], READ).await {
            tracing::debug!("not resized: {}", fault.words());
        }
    }

    /// The exit code, once the output has ended; `None` where nobody can say.
    pub async fn exit_code(&self) -> Option<i64> {
        let path = format!("/exec/{}/json", self.id);
        for _ in 0..10 {
            let ran: Ran = self.client.get(&path, &[], READ).await.ok()?;
            if !ran.running {
                return ran.exit_code;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        None
    }

    /// Hangs up on the shell: it would outlive the connection for ever.
    async fn hang_up(&self) {
        let Some(shell) = self.shell else { return };
        let command = ["sh", "-c", HANG_UP, "sh", &shell.to_string()].map(str::to_owned);
        let wanted = serde_json::json!({ "Cmd": command });
        let sent = async {
            // The number of a shell that has ended may be another's by now.
            let ran: Ran = self.client.get(&format!("/exec/{}/json", self.id), &[], READ).await?;
            if ran.running {
                let id = make(&self.client, &self.container, &wanted).await?;
                let begin = serde_json::json!({ "Detach": true });
                self.client.tell(&format!("/exec/{id}/start"), &begin, READ).await?;
            }
            Ok::<(), Fault>(())
        };
        if let Err(fault) = sent.await {
            tracing::warn!("a shell was not hung up on: {}", fault.words());
        }
    }

    async fn end(self) -> End {
        match self.exit_code().await.map(i32::try_from) {
            Some(Ok(code)) => End::Exited(code),
            _ => End::Lost("the engine closed it, and does not say how it ended".into()),
        }
    }
}

impl Docker {
    /// The same as [`Docker::exec`] as a session that can be left and entered again.
    pub async fn shell(&self, native: &Native, size: (u16, u16)) -> Result<Shell, String> {
        let Terminal { output, input, control } = self.exec(native, size).await?;
        let hung_up = CancellationToken::new();
        let (beside, told) = (control.clone(), hung_up.clone());
        let sizing = |mut sizes: mpsc::Receiver<(u16, u16)>| async move {
            let resizing = async {
                while let Some((columns, rows)) = sizes.recv().await {
                    beside.resize(columns, rows).await;
                }
            };
            if told.run_until_cancelled(resizing).await.is_none() {
                beside.hang_up().await;
            }
        };
        let ending = Ending::Asked(control.end().boxed());
        Ok(shell::start(output, input, sizing, ending).hung_up_by(hung_up))
    }

    /// Opens a shell, or the verb's command when it is not empty, if the container is still the one that was shown.
    pub async fn exec(&self, native: &Native, size: (u16, u16)) -> Result<Terminal, String> {
        let Verb::Shell { command, .. } = &native.verb else { return Err("this opens no terminal".into()) };
        let client = self.engine(&native.target.context)?.client().map_err(|fault| fault.words())?;
        open(client, native, command, size).await.map_err(|why| clean(&why).into_owned())
    }
}

async fn open(
    client: Arc<Client>,
    native: &Native,
    command: &[String],
    size: (u16, u16),
) -> Result<Terminal, String> {
    let name = &native.target.name;
    let seen = read(&client, &native.uid, READ).await.map_err(|fault| match fault {
        Fault::Gone => format!("container `{name}` is gone, or was made anew"),
        fault => fault.words(),
    })?;
    if let Some(why) = unfit(native, &seen) {
        return Err(why);
    }
    let usual = ["sh", "-c", USUAL].map(str::to_owned);
    let tells = command.is_empty();
    let command = if tells { &usual[..] } else { command };
    let wanted = serde_json::json!({
        "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "Tty": true,
        "Cmd": command, "Env": ["TERM=xterm-256color"],
    });
    let refused = |fault: Fault| format!("no terminal in `{name}`: {}", fault.words());
    let id = make(&client, &native.uid, &wanted).await.map_err(refused)?;
    let begin = serde_json::json!({ "Detach": false, "Tty": true, "ConsoleSize": [size.1, size.0] });
    let stream = client.upgrade(&format!("/exec/{id}/start"), &begin, OPEN_WITHIN).await.map_err(refused)?;
    let (mut output, input) = split(stream);
    let (shell, rest) = if tells {
        let late = |_| format!("no terminal in `{name}` within {} s", OPEN_WITHIN.as_secs());
        timeout(OPEN_WITHIN, number(&mut output)).await.map_err(late)?
    } else {
        (None, Vec::new())
    };
    let output = Cursor::new(rest).chain(output);
    let control = Control { client, id, container: native.uid.to_string(), shell };
    // Engines before 1.42 take the size only afterwards.
    control.resize(size.0, size.1).await;
    Ok(Terminal { output, input, control })
}

/// Prepares a command in a container; its id.
async fn make(client: &Client, container: &str, wanted: &serde_json::Value) -> Result<String, Fault> {
    let made: Made = client.ask(&format!("/containers/{container}/exec"), wanted, OPEN_WITHIN).await?;
    let id = super::facts::id(&made.id).map(|id| id.to_string());
    id.ok_or_else(|| Fault::Lost { why: "the engine opened nothing".into() })
}

/// The number on the first line, and what was read beyond it. What is no number is left to be shown.
async fn number(output: &mut (impl AsyncRead + Unpin)) -> (Option<u32>, Vec<u8>) {
    let mut read = Vec::new();
    while read.len() < NUMBER && !read.contains(&b'\n') {
        let mut buffer = [0; NUMBER];
        match output.read(&mut buffer).await {
            Ok(length @ 1..) => read.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            _ => break,
        }
    }
    let end = read.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = read.get(..end).unwrap_or_default();
    match std::str::from_utf8(line).ok().and_then(|line| line.trim_end().parse().ok()) {
        Some(number) => (Some(number), read.split_off(end)),
        None => (None, read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_number_of_a_shell_is_not_shown_and_everything_else_is() {
        for (printed, shell, shown) in [
            ("42\r\n/ # ", Some(42), "/ # "),
            ("42\r\n", Some(42), ""),
            ("42", None, "42"),
            ("sh: not found\r\n", None, "sh: not found\r\n"),
            ("", None, ""),
        ] {
            let mut output = Cursor::new(printed.as_bytes());
            let (told, mut rest) = number(&mut output).await;
            output.read_to_end(&mut rest).await.unwrap();
            assert_eq!((told, String::from_utf8_lossy(&rest).as_ref()), (shell, shown), "{printed:?}");
        }
    }
}
