//! `exec`.
use std::io::Read;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, TerminalSize};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::logs::ended;
use super::pods::{named, of, usual};
use super::{Done, Fault, Kubectl};

pub async fn exec(kubectl: &mut Kubectl<'_>) -> Done {
    let (words, command) = (kubectl.call.words.clone(), kubectl.call.behind.clone());
    let Some(word) = words.first() else {
        return Err(Fault::error("pod, type/name or --filename must be specified"));
    };
    if words.len() > 1 {
        return Err(Fault::error(
            "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\n\
            See 'kubectl exec -h' for help and examples",
        ));
    }
    if command.is_empty() {
        return Err(Fault::error("you must specify at least one command for the container"));
    }
    let found = named(kubectl, word).await?;
    let pod = match found.kind.plural.as_str() {
        "pods" => found,
        _ => of(kubectl, &found)
            .await?
            .into_iter()
            .next()
            .ok_or_else(|| Fault::error("timed out waiting for the condition"))?,
    };
    if let Some(fault) = ended(&pod.object) {
        return Err(fault);
    }
    let container = match kubectl.call.value("container") {
        Some(name) => name.to_owned(),
        None => usual(kubectl, &pod.object)?,
    };
    let stdin = kubectl.call.on("stdin");
    let terminal = kubectl.call.on("tty") && stdin && kubectl.io.terminal;
    if kubectl.call.on("tty") && !terminal {
        kubectl.warn("Unable to use a TTY - input is not a terminal or the right kind of file")?;
    }
    let how = AttachParams::default()
        .container(container)
        .stdin(stdin)
        .stdout(true)
        .stderr(!terminal)
        .tty(terminal);
    let pods: Api<Pod> = Api::namespaced(kubectl.api.client()?.clone(), pod.namespace());
    let process = pods.exec(pod.name(), command, &how).await.map_err(|error| kubectl.api.fault(&error))?;
    let raw = if terminal { Raw::set() } else { None };
    let done = carry(kubectl, process, stdin, terminal).await;
    drop(raw);
    done
}

async fn carry(
    kubectl: &mut Kubectl<'_>,
    mut process: kube::api::AttachedProcess,
    stdin: bool,
    terminal: bool,
) -> Done {
    let status = process.take_status();
    let (mut out, mut err) = (process.stdout(), process.stderr());
    let (mut input, mut resized) = (process.stdin().filter(|_| stdin), process.terminal_size());
    let mut typed = if stdin { Some(fed(kubectl)) } else { None };
    let mut change = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change())?;
    if terminal {
        size(resized.as_mut());
    }
    let (mut a, mut b) = (vec![0; 16 << 10], vec![0; 16 << 10]);
    while out.is_some() || err.is_some() {
        tokio::select! {
            count = read(&mut out, &mut a) => {
                if count == 0 { out = None; }
                kubectl.io.stdout.write_all(a.get(..count).unwrap_or_default())?;
                kubectl.io.stdout.flush()?;
            }
            count = read(&mut err, &mut b) => {
                if count == 0 { err = None; }
                kubectl.io.stderr.write_all(b.get(..count).unwrap_or_default())?;
                kubectl.io.stderr.flush()?;
            }
            bytes = next(&mut typed) => {
                let taken = match (bytes, &mut input) {
                    (Some(bytes), Some(to)) => to.write_all(&bytes).await.is_ok(),
                    _ => false,
                };
                // What is fed has ended, or nobody reads it any more.
                if !taken {
                    typed = None;
                    if let Some(mut input) = input.take() {
                        let _ = input.shutdown().await;
                    }
                }
            }
            _ = change.recv(), if terminal => size(resized.as_mut()),
        }
    }
    drop(input);
    let status = match status {
        Some(status) => status.await,
        None => None,
    };
    let Some(status) = status else {
        return Err(Fault::error("the connection ended before the command said how it ended"));
    };
    if status.status.as_deref() == Some("Success") {
        return Ok(());
    }
    let causes = status.details.and_then(|details| details.causes).unwrap_or_default();
    let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
    let code = code.and_then(|cause| cause.message.as_deref()?.parse::<i32>().ok());
    match code {
        Some(code) => {
            let says = format!("command terminated with exit code {code}");
            Err(Fault { code: u8::try_from(code).unwrap_or(1), says })
        }
        None => Err(Fault::error(status.message.unwrap_or_default())),
    }
}

/// What is read, or nothing at the end; waits for ever where there is nothing to read from.
async fn read(from: &mut Option<impl tokio::io::AsyncRead + Unpin>, into: &mut [u8]) -> usize {
    match from {
        Some(from) => from.read(into).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

async fn next(typed: &mut Option<mpsc::Receiver<Vec<u8>>>) -> Option<Vec<u8>> {
    match typed {
        Some(typed) => typed.recv().await,
        None => std::future::pending().await,
    }
}

/// Reads what is typed on a thread, as a read cannot be taken back.
fn fed(kubectl: &mut Kubectl<'_>) -> mpsc::Receiver<Vec<u8>> {
    let mut stdin = std::mem::replace(&mut kubectl.io.stdin, Box::new(std::io::empty()));
    let (send, receive) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(count @ 1..) = stdin.read(&mut buffer) {
            if send.blocking_send(buffer.get(..count).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    });
    receive
}

fn size(to: Option<&mut futures::channel::mpsc::Sender<TerminalSize>>) {
    if let (Some(to), Ok(size)) = (to, tcgetwinsize(std::io::stdout())) {
        // A size that finds no room is followed by the next one.
        let _ = to.try_send(TerminalSize { width: size.ws_col, height: size.ws_row });
    }
}

/// The terminal as it was, until every key goes through.
struct Raw(Termios);

impl Raw {
    fn set() -> Option<Raw> {
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Raw(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}
