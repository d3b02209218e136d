//! A namespace of a test's own, for what must not touch the estate.
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::suite::{As, kubeconfig, kubectl, kubectl_says, on_world};

static MADE: AtomicUsize = AtomicUsize::new(0);

/// It goes, with all that is in it, when dropped.
pub(crate) struct Own {
    pub(crate) name: String,
}

impl Own {
    pub(crate) fn new(what: &str) -> Own {
        let name = format!("own-{what}-{}", MADE.fetch_add(1, Ordering::SeqCst));
        kubectl_says(As::Admin, &["create", "namespace", &name]);
        Own { name }
    }

    /// A deployment whose pods do what the annotations of the pretend kubelet say.
    pub(crate) fn deploy(&self, name: &str, replicas: u32, annotations: &str) {
        self.apply(&format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{replicas: {replicas}, \
             selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}, \
             annotations: {{{annotations}}}}}, spec: {{terminationGracePeriodSeconds: 1, containers: \
             [{{name: {name}, image: \"registry.example/{name}:1.0\"}}]}}}}}}}}"
        ));
    }

    pub(crate) fn apply(&self, manifest: &str) {
        apply(&self.name, manifest);
    }

    /// As the administrator, in this namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        kubectl_says(As::Admin, &[&["-n", &self.name], arguments].concat())
    }
}

/// What the manifest says, in this namespace.
pub(crate) fn apply(namespace: &str, manifest: &str) {
    let mut command = Command::new("kubectl");
    command.arg("--kubeconfig").arg(kubeconfig(As::Admin)).args(["-n", namespace, "apply", "-f", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl runs");
    // The world has its own word for what the pretend kubelet is told.
    let own = if on_world() { "demo/" } else { "fakelet/" };
    let manifest = format!("---\n{}", manifest.replace("fakelet/", own));
    child.stdin.take().expect("its input").write_all(manifest.as_bytes()).expect("taken");
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = kubectl(As::Admin, &["delete", "namespace", &self.name, "--wait=false"]);
    }
}
