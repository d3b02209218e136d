//! Everything about one container, without what must not be shown.
use std::fmt::Write;

use super::Docker;
use super::api::{Image, Inspected};
use super::client::{Client, Fault};
use super::facts::moment;
use super::look::{Seen, read};
use crate::domain::level::Level;
use crate::domain::news::{Inspection, Section, SectionLine};
use crate::domain::object::ObjectRef;
use crate::domain::secret::{HIDDEN, carries_password, command, is_private_key, looks_secret, mask};
use crate::domain::text::{clean, clean_to};
use crate::domain::time::{Age, Timestamp};
use crate::sources::backend::unreadable;
use crate::sources::now;

const WITHIN: std::time::Duration = std::time::Duration::from_secs(3);
/// An engine keeps five.
const CHECKS: usize = 5;
const LONGEST: usize = 400;

impl Docker {
    pub(super) async fn describe(&self, target: &ObjectRef) -> Inspection {
        let client = self.engine(&target.context).map_err(|why| Fault::Unreached { why });
        let found = client.and_then(|engine| {
            let id = engine
                .table()
                .values()
                .find(|known| known.name == target.name)
                .map(|known| known.facts.id.clone());
            Ok((engine.client()?, id.ok_or(Fault::Gone)?))
        });
        let (client, id) = match found {
            Ok(found) => found,
            Err(fault) => return unreadable(target, format!("`{}`: {}", target.name, fault.words())),
        };
        let seen = match read(&client, &id, WITHIN).await {
            Ok(seen) => seen,
            Err(fault) => return unreadable(target, format!("`{}`: {}", target.name, fault.words())),
        };
        let mut missing = Vec::new();
        let image = match image(&client, &seen.raw).await {
            Ok(image) => Some(image),
            Err(fault) => {
                missing.push(clean(&format!("the image: {}", fault.words())).into_owned());
                None
            }
        };
        let now = now();
        let sections = vec![
            state(&seen, now),
            health(&seen, now),
            made(&seen, image.as_ref()),
            environment(&seen.raw),
            place(&seen.raw),
        ];
        let sections: Vec<Section> =
            sections.into_iter().map(Draft::done).filter(|s| !s.lines.is_empty()).collect();
        Inspection {
            target: target.clone(),
            uid: Some(seen.facts.id.clone()),
            yaml: written(&sections),
            sections,
            events: Vec::new(),
            owners: Vec::new(),
            missing,
        }
    }
}

async fn image(client: &Client, seen: &Inspected) -> Result<Image, Fault> {
    client.get(&format!("/images/{}/json", seen.image), &[], WITHIN).await
}

/// A section that is being written; what has no value is left out.
struct Draft(Section);

impl Draft {
    fn new(title: &str) -> Draft {
        Draft(Section { title: title.into(), lines: Vec::new() })
    }

    fn graded(&mut self, label: &str, value: impl AsRef<str>, level: Level) {
        let value = clean_to(value.as_ref().trim(), LONGEST);
        if !value.is_empty() {
            let line =
                SectionLine { label: clean(label).into_owned(), value: value.into_owned(), level, indent: 0 };
            self.0.lines.push(line);
        }
    }

    fn line(&mut self, label: &str, value: impl AsRef<str>) {
        self.graded(label, value, Level::Fine);
    }

    /// Several values of one label, each on a line.
    fn list(&mut self, label: &str, values: impl IntoIterator<Item = String>) {
        for (n, value) in values.into_iter().enumerate() {
            self.line(if n == 0 { label } else { "" }, value);
        }
    }

    fn done(self) -> Section {
        self.0
    }
}

fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map(|at| format!(", {} ago", Age(now.since(at)))).unwrap_or_default()
}

fn state(seen: &Seen, now: Timestamp) -> Draft {
    let (facts, mut draft) = (&seen.facts, Draft::new("Container"));
    let since = if facts.state.is_up() { ago(facts.started, now).replace(" ago", "") } else { String::new() };
    draft.graded("state", format!("{}{since}", facts.status()), facts.level());
    if let Some(end) = facts.end.filter(|_| facts.level() != Level::Done) {
        draft.graded(
            "last exit",
            format!("{end}{}", ago(end.at, now)),
            if end.code == 0 { Level::Fine } else { Level::Warn },
        );
    } else if let Some(end) = facts.end {
        draft.line("last exit", format!("{end}{}", ago(end.at, now)));
    } else if let Some(at) = moment(&seen.raw.state.finished_at) {
        draft.line("last exit", Age(now.since(at)).past());
    }
    draft.graded("error", &*facts.error, Level::Bad);
    let policy = &seen.raw.host_config.restart_policy;
    let most = if policy.maximum_retry_count > 0 {
        format!(", {} times at most", policy.maximum_retry_count)
    } else {
        String::new()
    };
    draft.line("restart", format!("{}{most}", facts.policy.name()));
    if let Some(restarts) = facts.restarts {
        draft.graded("restarts", restarts.to_string(), if restarts > 0 { Level::Warn } else { Level::Fine });
    }
    draft.line("project", &*facts.project);
    draft.line("service", &*facts.service);
    draft.line(
        "created",
        moment(&seen.raw.created)
            .map_or_else(String::new, |at| format!("{}{}", at.rfc3339(), ago(Some(at), now))),
    );
    draft.line("id", facts.id.get(..12).unwrap_or(&facts.id));
    draft
}

fn health(seen: &Seen, now: Timestamp) -> Draft {
    let mut draft = Draft::new("Health");
    let Some(log) = &seen.raw.state.health else { return draft };
    let level = match &*log.status {
        "healthy" => Level::Fine,
        "unhealthy" => Level::Bad,
        _ => Level::Warn,
    };
    let failing = if log.failing_streak > 0 {
        format!(", {} checks failed in a row", log.failing_streak)
    } else {
        String::new()
    };
    draft.graded("says", format!("{}{failing}", log.status), level);
    if let Some(check) = &seen.raw.config.healthcheck {
        let every = if check.interval > 0 {
            format!(", every {} s", check.interval / 1_000_000_000)
        } else {
            String::new()
        };
        draft.line("check", format!("{}{every}", given(check.test.iter().map(String::as_str))));
    }
    let from = log.log.len().saturating_sub(CHECKS);
    for check in log.log.iter().skip(from).rev() {
        let at = moment(&check.start).map_or_else(|| "once".into(), |at| Age(now.since(at)).past());
        let output = told(check.output.trim());
        let output = if output.is_empty() { String::new() } else { format!(": {output}") };
        let level = if check.exit_code == 0 { Level::Fine } else { Level::Bad };
        draft.graded(&at, format!("exit code {}{output}", check.exit_code), level);
    }
    draft
}

fn made(seen: &Seen, image: Option<&Image>) -> Draft {
    let (raw, mut draft) = (&seen.raw, Draft::new("Image"));
    draft.line("image", &raw.config.image);
    draft.line("version", &*seen.facts.version);
    if let Some(image) = image {
        draft.list("digest", image.repo_digests.clone());
        let tagged = image.repo_tags.is_empty() || image.repo_tags.contains(&raw.config.image);
        if !tagged {
            let tags = image.repo_tags.join(", ");
            draft.graded(
                "note",
                format!("the name means another image by now; this one is {tags}"),
                Level::Warn,
            );
        }
        draft.line("made", moment(&image.created).map_or_else(String::new, Timestamp::rfc3339));
    }
    draft.line("image id", raw.image.get(..19).unwrap_or(&raw.image));
    draft.line("command", given(std::iter::once(&*raw.path).chain(raw.args.iter().map(String::as_str))));
    draft.line("directory", &raw.config.working_dir);
    draft.line("user", &raw.config.user);
    if raw.config.tty {
        draft.line("terminal", "yes");
    }
    draft
}

fn environment(raw: &Inspected) -> Draft {
    let mut draft = Draft::new("Environment");
    for pair in &raw.config.env {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if looks_secret(name) || carries_password(value) {
            draft.line(name, HIDDEN);
        } else if value.is_empty() {
            draft.line(name, "(empty)");
        } else {
            // Some are words that a program is started with: `REDIS_ARGS=--requirepass …`.
            draft.line(name, given([value]));
        }
    }
    draft
}

fn place(raw: &Inspected) -> Draft {
    let (host, mut draft) = (&raw.host_config, Draft::new("Place"));
    if host.memory > 0 {
        draft.line("memory", format!("{} MB at most", host.memory / (1 << 20)));
    }
    if host.nano_cpus > 0 {
        let tenths = host.nano_cpus / 100_000_000;
        draft.line("cpu", format!("{}.{} cores at most", tenths / 10, tenths % 10));
    }
    draft.list(
        "mounts",
        raw.mounts.iter().map(|mount| {
            let from = if mount.name.is_empty() { &mount.source } else { &mount.name };
            let only = if mount.writable { "" } else { " (read only)" };
            format!("{} from {} {from}{only}", mount.destination, mount.r#type)
        }),
    );
    draft.list(
        "networks",
        raw.network_settings.networks.iter().map(|(name, network)| {
            let mut line = name.clone();
            if !network.ip_address.is_empty() {
                let _ = write!(line, " {}", network.ip_address);
            }
            if !network.aliases.is_empty() {
                let _ = write!(line, " as {}", network.aliases.join(", "));
            }
            line
        }),
    );
    draft.list(
        "ports",
        raw.network_settings.ports.iter().map(|(inside, outside)| {
            let outside: Vec<String> =
                outside.iter().flatten().map(|one| format!("{}:{}", one.host_ip, one.host_port)).collect();
            if outside.is_empty() {
                format!("{inside}, not published")
            } else {
                format!("{inside} at {}", outside.join(", "))
            }
        }),
    );
    draft.line("log driver", &host.log_config.r#type);
    if host.privileged {
        draft.graded("privileged", "yes", Level::Warn);
    }
    draft
}

/// What a program wrote, without the secrets in it.
fn told(text: &str) -> String {
    if is_private_key(text) {
        return HIDDEN.into();
    }
    let head: String = text.chars().take(LONGEST * 2).collect();
    String::from_utf8_lossy(&mask(head.as_bytes())).into_owned()
}

/// What a program was given, likewise.
fn given<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    command(&words.into_iter().collect::<Vec<_>>())
}

/// The same as text that can be copied.
fn written(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "{}:", section.title.to_lowercase());
        for line in &section.lines {
            let label = if line.label.is_empty() { "-" } else { &line.label };
            let _ = writeln!(text, "  {label}: {}", line.value);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_shown_without_its_secrets() {
        let raw: Inspected = serde_json::from_str(
            r#"{"Config":{"Env":["LOG_LEVEL=info","DB_PASSWORD=hunter2","DATABASE_URL=postgres://app:hunter2@db/app",
                "JAVA_OPTS=-Dtoken=hunter2 -Xmx1g","EMPTY=","PGPASS=hunter2","DB_PW=hunter2",
                "AzureWebJobsStorage=DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2==",
                "TLS=-----BEGIN EC PRIVATE KEY-----\nhunter2","REDIS_ARGS=--requirepass hunter2"]}}"#,
        )
        .unwrap();
        let section = environment(&raw).done();
        let lines: Vec<_> = section.lines.iter().map(|line| (&*line.label, &*line.value)).collect();
        assert_eq!(
            lines,
            [
                ("LOG_LEVEL", "info"),
                ("DB_PASSWORD", HIDDEN),
                ("DATABASE_URL", HIDDEN),
                ("JAVA_OPTS", "-Dtoken=(hidden) -Xmx1g"),
                ("EMPTY", "(empty)"),
                ("PGPASS", HIDDEN),
                ("DB_PW", HIDDEN),
                ("AzureWebJobsStorage", HIDDEN),
                ("TLS", HIDDEN),
                ("REDIS_ARGS", "--requirepass (hidden)"),
            ]
        );
    }

    #[test]
    fn a_command_and_a_check_give_no_secret_away() {
        let raw: Inspected = serde_json::from_str(
            r#"{"Id":"a","Name":"/a","Path":"redis-cli","Args":["-u","redis://:hunter2@cache:6379","-a","hunter2"],
                "Config":{"Healthcheck":{"Test":["CMD-SHELL","redis-cli -a hunter2 ping"]}},
                "State":{"Status":"running","Health":{"Status":"unhealthy","FailingStreak":3,
                  "Log":[{"Start":"2026-01-01T00:00:00Z","ExitCode":1,"Output":"password=hunter2 \u001b[2Jbad"}]}}}"#,
        )
        .unwrap();
        let mut known = super::super::facts::Known::default();
        known.inspected(&raw).unwrap();
        let seen = Seen { facts: known.facts, name: known.name.to_string(), raw };
        let sections: Vec<Section> = [made(&seen, None), health(&seen, Timestamp(0))].map(Draft::done).into();
        let text = written(&sections);
        assert!(text.contains("CMD-SHELL redis-cli -a (hidden) ping"), "{text}");
        assert!(
            !text.contains("hunter2") && !text.contains('\u{1b}') && text.contains("3 checks failed"),
            "{text}"
        );
    }
}
