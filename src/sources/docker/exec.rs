//! A terminal in a container: bytes to and fro, its size, and how it ended.
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{ReadHalf, WriteHalf, split};

use super::Docker;
use super::api::Made;
use super::client::{Client, Fault};
use super::look::{read, unfit};
use crate::domain::action::{Native, Verb};
use crate::domain::text::clean;

const READ: Duration = Duration::from_secs(5);
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// bash where there is one, else whatever `sh` is.
const USUAL: &str = "command -v bash >/dev/null 2>&1 && exec bash; exec sh";

/// An open terminal. Dropping both halves closes the connection; what was started in it is told by a hang-up.
#[derive(Debug)]
pub struct Terminal {
    pub output: ReadHalf<reqwest::Upgraded>,
    pub input: WriteHalf<reqwest::Upgraded>,
    pub control: Control,
}

/// What is not bytes.
#[derive(Debug, Clone)]
pub struct Control {
    client: Arc<Client>,
    id: String,
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
}

impl Docker {
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
    let command = if command.is_empty() { &usual[..] } else { command };
    let wanted = serde_json::json!({
        "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "Tty": true,
        "Cmd": command, "Env": ["TERM=xterm-256color"],
    });
    let refused = |fault: Fault| format!("no terminal in `{name}`: {}", fault.words());
    let made: Made = client
        .ask(&format!("/containers/{}/exec", native.uid), &wanted, OPEN_WITHIN)
        .await
        .map_err(refused)?;
    let id = super::facts::id(&made.id).ok_or("the engine opened nothing")?.to_string();
    let begin = serde_json::json!({ "Detach": false, "Tty": true, "ConsoleSize": [size.1, size.0] });
    let stream = client.upgrade(&format!("/exec/{id}/start"), &begin, OPEN_WITHIN).await.map_err(refused)?;
    let (output, input) = split(stream);
    let control = Control { client, id };
    // Engines before 1.42 take the size only afterwards.
    control.resize(size.0, size.1).await;
    Ok(Terminal { output, input, control })
}
