//! Which command-line tools this box has: what runbooks call is run here.
use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::report::{Finding, Section, Status};

const WITHIN: Duration = Duration::from_secs(2);

/// Name, and how each is asked for its version without asking any server. A word behind the name is a plugin.
const TOOLS: [(&str, &[&str]); 20] = [
    ("kubectl", &["version", "--client"]),
    ("kustomize", &["version"]),
    ("helm", &["version", "--short"]),
    ("psql", &["--version"]),
    ("pg_dump", &["--version"]),
    ("redis-cli", &["--version"]),
    ("docker", &["--version"]),
    ("docker compose", &["version", "--short"]),
    ("curl", &["--version"]),
    ("jq", &["--version"]),
    ("bash", &["--version"]),
    ("watch", &["--version"]),
    ("ssh", &["-V"]),
    ("openssl", &["version"]),
    ("gpg", &["--version"]),
    ("git", &["--version"]),
    ("aws", &["--version"]),
    ("az", &["version", "--output", "tsv"]),
    ("gcloud", &["--version"]),
    ("terraform", &["version"]),
];

pub(super) async fn look() -> Section {
    let all = TOOLS.iter().map(|(name, arguments)| tool(name, arguments));
    Section::new("tools", join_all(all).await)
}

async fn tool(name: &'static str, arguments: &[&str]) -> Finding {
    let (program, plugin) =
        name.split_once(' ').map_or((name, None), |(program, plugin)| (program, Some(plugin)));
    let run = tokio::process::Command::new(program)
        .args(plugin)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(WITHIN, run).await {
        Err(_) => Finding::new(name, Status::Warning, "is here, but did not answer within 2 s"),
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
            Finding::new(name, Status::Plain, "not here").data(json!({"found": false}))
        }
        // A program without it takes the plugin's name for a mistake.
        Ok(Ok(output)) if plugin.is_some() && !output.status.success() => {
            Finding::new(name, Status::Plain, "not here").data(json!({"found": false}))
        }
        Ok(Err(error)) => Finding::new(name, Status::Warning, format!("cannot be run: {error}")),
        Ok(Ok(output)) => {
            let said = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
            let said = String::from_utf8_lossy(said);
            let version = version(&said);
            let status = if output.status.success() { Status::Good } else { Status::Warning };
            let says = match (&version, output.status.success()) {
                (Some(version), true) => version.clone(),
                (None, true) => "is here".to_owned(),
                (_, false) => {
                    let first = said.lines().next().unwrap_or_default();
                    format!("ended with {}: {first}", output.status)
                }
            };
            Finding::new(name, status, says).data(json!({"found": true, "version": version}))
        }
    }
}

/// The first thing that looks like a version.
fn version(text: &str) -> Option<String> {
    let head: String = text.chars().take(400).collect();
    let words = head.split(|c: char| !(c.is_ascii_alphanumeric() || ".-+_".contains(c)));
    words
        .map(|word| word.trim_start_matches(|c: char| !c.is_ascii_digit()))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
        .map(|word| word.trim_end_matches(['.', '-', '_']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_each_tool_says() {
        for (said, found) in [
            ("Client Version: v1.32.3\nKustomize Version: v5.5.0", "1.32.3"),
            ("v3.15.4+gfa9efb0", "3.15.4+gfa9efb0"),
            ("psql (PostgreSQL) 15.10 (Debian 15.10-0)", "15.10"),
            ("redis-cli 7.0.15", "7.0.15"),
            ("jq-1.6", "1.6"),
            ("watch from procps-ng 4.0.2", "4.0.2"),
            ("gpg (GnuPG) 2.2.40\nlibgcrypt 1.10.1", "2.2.40"),
            ("v2.27.0", "2.27.0"),
            ("OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.15", "9.2p1"),
            ("Docker version 20.10.24, build 1", "20.10.24"),
        ] {
            assert_eq!(version(said).as_deref(), Some(found), "{said}");
        }
        assert_eq!(version("no version at all"), None);
    }

    #[tokio::test]
    async fn a_tool_that_is_not_there_is_no_trouble() {
        let finding = tool("no-such-tool-at-all", &[]).await;
        assert_eq!((finding.status, finding.says.as_str()), (Status::Plain, "not here"));
        let plugin = tool("git no-such-plugin", &["version"]).await;
        assert_eq!((plugin.status, plugin.says.as_str()), (Status::Plain, "not here"));
        assert_eq!(tool("git version", &[]).await.status, Status::Good);
    }
}
