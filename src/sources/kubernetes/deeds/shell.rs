//! A terminal in a container of a pod.
use futures::{FutureExt, SinkExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess, TerminalSize};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::api::{self, Fault};
use super::pick::uid;
use crate::domain::object::ObjectRef;
use crate::sources::kubernetes::connect::Cluster;
use crate::sources::reason::{brief, reason};
use crate::sources::shell::{self, End, Ending, Shell};

const OPEN_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);
/// How long what was printed before a good end may take to be read, and what is left of a broken connection.
const SAID_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);
const LEFT_WITHIN: std::time::Duration = std::time::Duration::from_millis(300);
const PROBE_WITHIN: std::time::Duration = std::time::Duration::from_secs(3);

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
    let shell = start(process)?;
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

fn start(mut process: AttachedProcess) -> Result<Shell, String> {
    let status = process.take_status();
    let (stdin, stdout, resize) = (process.stdin(), process.stdout(), process.terminal_size());
    let (Some(stdin), Some(stdout), Some(mut resize), Some(status)) = (stdin, stdout, resize, status) else {
        return Err("the server gave no terminal".into());
    };
    // A connection that breaks never ends the output: only the status, which is dropped, tells of it.
    let told = async move {
        match status.await {
            Some(status) => (exit(&status), SAID_WITHIN),
            None => (broken(process).await, LEFT_WITHIN),
        }
    };
    let sizing = |mut sizes: mpsc::Receiver<(u16, u16)>| async move {
        while let Some((width, height)) = sizes.recv().await {
            if resize.send(TerminalSize { width, height }).await.is_err() {
                break;
            }
        }
    };
    Ok(shell::start(stdout, stdin, sizing, Ending::Told(told.boxed())))
}

async fn broken(process: AttachedProcess) -> End {
    End::Lost(match process.join().await {
        Err(error) => reason(&error),
        Ok(()) => "the connection was closed".into(),
    })
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
