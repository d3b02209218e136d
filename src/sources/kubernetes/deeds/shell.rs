//! A terminal in a container. The session lives in a task of its own, so that one can leave it and come
//! back: what was printed meanwhile is kept, within bounds, and shown again.
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::SinkExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess, TerminalSize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::api::{self, Fault};
use super::pick::uid;
use crate::domain::object::ObjectRef;
use crate::sources::kubernetes::connect::Cluster;
use crate::sources::reason::{brief, reason};

/// Printed bytes that are kept for the return: some twenty full screens.
const KEPT: usize = 256 * 1024;
const OPEN_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);
/// How long what was printed before a good end may take to be read, and what is left of a broken connection.
const SAID_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);
const LEFT_WITHIN: std::time::Duration = std::time::Duration::from_millis(300);
const PROBE_WITHIN: std::time::Duration = std::time::Duration::from_secs(3);

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    /// The connection broke, or the container went away.
    Lost(String),
}

/// A session. Dropping the last handle ends it.
#[derive(Debug)]
pub struct Shell {
    input: mpsc::Sender<Vec<u8>>,
    size: mpsc::Sender<(u16, u16)>,
    screen: Arc<Mutex<Screen>>,
    end: watch::Receiver<Option<End>>,
    task: tokio::task::JoinHandle<()>,
}

/// What one sees on coming back: first what was printed before, then what is printed from now on.
#[derive(Debug)]
pub struct Attached {
    pub before: Vec<u8>,
    pub live: mpsc::Receiver<Bytes>,
}

/// Opens a shell, or `command` when it is not empty, if the pod is still the one that was shown.
pub async fn shell(
    cluster: &Cluster,
    pod: &ObjectRef,
    pod_uid: &str,
    container: &str,
    command: &[String],
    size: (u16, u16),
) -> Result<Shell, String> {
    match api::read(&cluster.client, &api::path(pod)).await {
        Ok(seen) if uid(&seen) != pod_uid => return Err(format!("pod `{pod}` was deleted and made anew")),
        Err(Fault::Gone) => return Err(format!("pod `{pod}` is gone")),
        // Opening it will tell what is wrong, if anything is.
        Ok(_) | Err(_) => {}
    }
    let pods: Api<Pod> = Api::namespaced(cluster.actions.clone(), &pod.namespace);
    let params = AttachParams::interactive_tty().container(container).max_stdout_buf_size(64 * 1024);
    let words = if command.is_empty() { vec![usual(&pods, pod, container).await] } else { command.to_vec() };
    let opening = pods.exec(&pod.name, words, &params);
    let process = match timeout(OPEN_WITHIN, opening).await {
        Ok(Ok(process)) => process,
        Ok(Err(error)) => return Err(refused(&error, pod, container)),
        Err(_) => return Err(format!("no terminal in `{pod}` within {} s", OPEN_WITHIN.as_secs())),
    };
    let shell = start(process);
    shell.resize(size.0, size.1).await;
    Ok(shell)
}

/// bash where it can run, else whatever `sh` is.
async fn usual(pods: &Api<Pod>, pod: &ObjectRef, container: &str) -> String {
    let params = AttachParams::default().container(container).stdin(false).stderr(false);
    let probe = async {
        let mut process = pods.exec(&pod.name, ["bash", "-c", "exit 0"], &params).await.ok()?;
        process.take_status()?.await
    };
    match timeout(PROBE_WITHIN, probe).await {
        Ok(Some(status)) if exit(&status) == End::Exited(0) => "bash".into(),
        _ => "sh".into(),
    }
}

fn refused(error: &kube::Error, pod: &ObjectRef, container: &str) -> String {
    match error {
        kube::Error::Api(status) if status.code == 403 => {
            format!("forbidden: grant create pods/exec in `{}`: {}", pod.namespace, brief(&status.message))
        }
        kube::Error::Api(status) => format!("no terminal in `{container}`: {}", brief(&status.message)),
        other => format!("no terminal in `{container}`: {}", reason(other)),
    }
}

fn start(process: AttachedProcess) -> Shell {
    let screen = Arc::new(Mutex::new(Screen::default()));
    let (input, typed) = mpsc::channel(64);
    let (size, sizes) = mpsc::channel(8);
    let (tell, end) = watch::channel(None);
    let task = tokio::spawn(session(process, typed, sizes, screen.clone(), tell));
    Shell { input, size, screen, end, task }
}

impl Shell {
    /// Sends what was typed; false when the session is over.
    pub async fn type_in(&self, bytes: Vec<u8>) -> bool {
        self.input.send(bytes).await.is_ok()
    }

    pub async fn resize(&self, columns: u16, rows: u16) {
        // A session that is over has no size.
        let _ = self.size.send((columns, rows)).await;
    }

    /// Looks at the session from now on; who looked before sees nothing more.
    pub fn attach(&self) -> Attached {
        let (show, live) = mpsc::channel(64);
        let mut screen = lock(&self.screen);
        screen.shown = Some(show);
        Attached { before: screen.kept.iter().copied().collect(), live }
    }

    /// Leaves it running unseen. Dropping what `attach` gave does the same.
    pub fn detach(&self) {
        lock(&self.screen).shown = None;
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<End> {
        self.end.borrow().clone()
    }

    /// Waits for the end.
    pub async fn wait(&self) -> End {
        let mut end = self.end.clone();
        let lost = || End::Lost("the session was dropped".into());
        match end.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or_else(lost),
            Err(_) => lost(),
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The last bytes that were printed, and who sees new ones.
#[derive(Debug, Default)]
struct Screen {
    kept: VecDeque<u8>,
    shown: Option<mpsc::Sender<Bytes>>,
}

impl Screen {
    /// Keeps them, and says who is to be shown them.
    fn print(&mut self, bytes: &[u8]) -> Option<mpsc::Sender<Bytes>> {
        let bytes = bytes.get(bytes.len().saturating_sub(KEPT)..).unwrap_or_default();
        let over = (self.kept.len() + bytes.len()).saturating_sub(KEPT);
        self.kept.drain(..over.min(self.kept.len()));
        self.kept.extend(bytes);
        self.shown.clone()
    }
}

/// A panic of another holder leaves nothing half-done that would matter here.
fn lock(screen: &Mutex<Screen>) -> MutexGuard<'_, Screen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn session(
    mut process: AttachedProcess,
    mut typed: mpsc::Receiver<Vec<u8>>,
    mut sizes: mpsc::Receiver<(u16, u16)>,
    screen: Arc<Mutex<Screen>>,
    tell: watch::Sender<Option<End>>,
) {
    let status = process.take_status();
    let (stdin, stdout, resize) = (process.stdin(), process.stdout(), process.terminal_size());
    let (Some(mut stdin), Some(mut stdout), Some(mut resize), Some(status)) = (stdin, stdout, resize, status)
    else {
        tell.send_replace(Some(End::Lost("the server gave no terminal".into())));
        return;
    };
    let output = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = stdout.read(&mut buffer).await {
            let bytes = buffer.get(..length).unwrap_or_default();
            let shown = lock(&screen).print(bytes);
            if let Some(shown) = shown {
                // Whoever looks holds the session back; whoever left does not.
                let _ = shown.send(Bytes::copy_from_slice(bytes)).await;
            }
        }
    };
    let writing = async {
        loop {
            tokio::select! {
                Some(bytes) = typed.recv() => {
                    if stdin.write_all(&bytes).await.is_err() || stdin.flush().await.is_err() {
                        break;
                    }
                }
                Some((width, height)) = sizes.recv() => {
                    if resize.send(TerminalSize { width, height }).await.is_err() {
                        break;
                    }
                }
                else => break,
            }
        }
        // The end is told by the output, which may have more to say.
        std::future::pending::<()>().await;
    };
    let (mut output, mut status) = (pin!(output), pin!(status));
    // A connection that breaks never ends the output: only the status, which is dropped, tells of it.
    let status = tokio::select! {
        () = &mut output => status.await,
        status = &mut status => {
            let late = if status.is_some() { SAID_WITHIN } else { LEFT_WITHIN };
            // What was printed before the end comes before it.
            let _ = timeout(late, output).await;
            status
        }
        () = writing => None,
    };
    let end = match status {
        Some(status) => exit(&status),
        None => End::Lost(match process.join().await {
            Err(error) => reason(&error),
            Ok(()) => "the connection was closed".into(),
        }),
    };
    tell.send_replace(Some(end));
    lock(&screen).shown = None;
}

type Status = k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;

fn exit(status: &Status) -> End {
    if status.status.as_deref() == Some("Success") {
        return End::Exited(0);
    }
    let causes = status.details.as_ref().and_then(|details| details.causes.as_ref());
    let code = causes
        .into_iter()
        .flatten()
        .find(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .and_then(|cause| cause.message.as_deref()?.parse().ok());
    match code {
        Some(code) => End::Exited(code),
        None => End::Lost(brief(status.message.as_deref().unwrap_or("the server did not say why"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_output_is_kept_for_the_return() {
        let mut screen = Screen::default();
        screen.print(&vec![b'a'; KEPT]);
        screen.print(b"bc");
        assert_eq!(screen.kept.len(), KEPT);
        assert_eq!(screen.kept.iter().rev().take(3).copied().collect::<Vec<u8>>(), b"cba");
        screen.print(&vec![b'x'; KEPT * 3]);
        assert_eq!(screen.kept.len(), KEPT);
    }

    #[test]
    fn the_exit_code_is_read_where_the_server_puts_it() {
        let failed: Status = serde_json::from_value(serde_json::json!({"status": "Failure",
            "details": {"causes": [{"reason": "ExitCode", "message": "3"}]}}))
        .unwrap();
        assert_eq!(exit(&failed), End::Exited(3));
        let lost: Status =
            serde_json::from_value(serde_json::json!({"status": "Failure", "message": "oops"})).unwrap();
        assert_eq!(exit(&lost), End::Lost("oops".into()));
    }
}
