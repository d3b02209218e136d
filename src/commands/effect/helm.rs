//! Helm releases: the revision that runs, the one that would, and what a release made.
use serde_json::Value;

use super::{Answer, At, Reading, Undo};
use crate::domain::text::quoted;

const PLACE: &str = "-n --namespace --kube-context --kubeconfig --kube-apiserver --kube-token --kube-as-user --kube-ca-file \
    --registry-config --repository-config --repository-cache";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// The revisions, as JSON; `to` is the one that a rollback names.
    History { verb: String, release: String, to: Option<u64>, undo: Option<String> },
    /// The objects of the release.
    Objects,
    /// What the upgrade would install.
    DryRun,
}

pub(super) fn look(at: &mut At<'_>) {
    let verb = at.args.operand(0);
    let place = at.options(PLACE);
    let objects = at.objects(1);
    let Some(release) = objects.first() else { return at.unlooked() };
    let named = matches!(verb, "upgrade" | "rollback" | "uninstall" | "delete" | "del" | "un" | "install");
    if !named {
        return at.unlooked();
    }
    let to = (verb == "rollback").then(|| objects.get(1).and_then(|arg| arg.text.parse().ok())).flatten();
    // Without a number that is known here, which revision it goes to is not guessed.
    let guessed = verb == "rollback" && to.is_none() && objects.len() > 1;
    if guessed {
        at.unknown("which revision it goes back to is only known when it runs");
    }
    let verb = if guessed { "upgrade" } else { verb };
    let program = at.program();
    let releases: Vec<_> =
        if verb.starts_with(['d', 'u']) && verb != "upgrade" { objects.clone() } else { vec![*release] };
    at.beyond(releases.len(), 4, "releases");
    for release in releases.into_iter().take(4) {
        let name = &release.source;
        let ask = format!("{program} history {name}{place} --max 20 -o json");
        let undo = at.inverse(&format!("{program} rollback {name}{place}"));
        let sort = Sort::History { verb: verb.to_owned(), release: release.text.clone(), to, undo };
        at.ask(&ask, super::Sort::Helm(sort));
        let ask = format!("{program} get manifest {name}{place}");
        if verb != "install" {
            at.ask(&ask, super::Sort::Helm(Sort::Objects));
        }
        at.evidence(&format!("{program} status {name}{place}"));
        at.evidence(&format!("{program} history {name}{place}"));
    }
    // A dry run starts a program of the team's own as well.
    let runs = at.args.get("--post-renderer").is_some();
    if runs && matches!(verb, "upgrade" | "install") {
        at.unknown("what its post-renderer makes of it is only known when it runs");
    }
    let stays = at.args.get("--dry-run").is_none() && at.args.get("-o --output").is_none() && !runs;
    if matches!(verb, "upgrade" | "install") && stays {
        let words: Vec<_> = at
            .found
            .words
            .iter()
            .map(|word| word.source.as_str())
            .filter(|word| !matches!(*word, "--wait" | "--atomic"))
            .collect();
        at.ask(&format!("{} --dry-run", words.join(" ")), super::Sort::Helm(Sort::DryRun));
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::History { verb, release, to, undo } => {
            history(verb, release, *to, undo.as_deref(), answer, reading);
        }
        Sort::Objects => {
            if answer.failed("the release's objects", reading) {
                return;
            }
            let gone = reading.effect.drops.iter().any(|line| line.starts_with("release "));
            for (kind, count) in kinds(answer) {
                let words = format!("{count} of kind {kind}");
                if gone { reading.drop(words) } else { reading.hit(format!("the release has {words}")) }
            }
        }
        Sort::DryRun => {
            if let Some(why) = answer.failure() {
                reading.unknown(format!("a dry run says: {why}"));
            } else {
                for (kind, count) in kinds(answer) {
                    reading.hit(format!("it would have {count} of kind {kind}"));
                }
                for image in images(answer) {
                    reading.hit(format!("it would run {image}"));
                }
            }
        }
    }
}

fn kinds(answer: &Answer) -> Vec<(String, u64)> {
    let mut kinds: Vec<(String, u64)> = Vec::new();
    for kind in answer.lines().filter_map(|line| line.strip_prefix("kind: ")) {
        match kinds.iter_mut().find(|(known, _)| known == kind.trim()) {
            Some((_, count)) => *count += 1,
            None => {
                if kinds.len() < 30 {
                    kinds.push((kind.trim().to_owned(), 1));
                }
            }
        }
    }
    kinds
}

fn images(answer: &Answer) -> Vec<String> {
    let mut images: Vec<String> = Vec::new();
    let value = |line: &str| {
        let image = line.trim().trim_start_matches("- ").strip_prefix("image: ")?;
        Some(image.trim_matches(['"', '\'']).to_owned())
    };
    for image in answer.lines().filter_map(value) {
        if images.len() < 12 && !images.contains(&image) {
            images.push(image);
        }
    }
    images
}

fn history(
    verb: &str,
    release: &str,
    to: Option<u64>,
    undo: Option<&str>,
    answer: &Answer,
    reading: &mut Reading,
) {
    if answer.failure().is_some_and(|why| why.contains("not found")) {
        let made = matches!(verb, "install" | "upgrade");
        let words = format!("there is no release {release}");
        return if made {
            reading.hit(format!("{words}: it would be installed"));
        } else {
            reading.zero(words);
        };
    }
    if answer.failed("the release's revisions", reading) {
        return;
    }
    let Ok(Value::Array(list)) = serde_json::from_str::<Value>(answer.out.trim()) else {
        return reading.unknown("the release's revisions cannot be read");
    };
    let number = |one: &Value| one.get("revision").and_then(Value::as_u64);
    let text = |one: &Value, key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(now) = list.iter().max_by_key(|one| number(one)) else {
        return reading.unknown("the release has no revision");
    };
    let revision = number(now).unwrap_or_default();
    let about = |one: &Value| {
        format!(
            "revision {} ({}, {})",
            number(one).unwrap_or_default(),
            text(one, "chart"),
            text(one, "status")
        )
    };
    match verb {
        "rollback" => {
            let before = list.iter().filter(|one| number(one).is_some_and(|one| one < revision));
            let target = match to.filter(|to| *to > 0) {
                Some(to) => list.iter().find(|one| number(one) == Some(to)),
                None => before.max_by_key(|one| number(one)),
            };
            match target {
                Some(target) => {
                    reading.hit(format!("release {release}: {} → {}", about(now), about(target)));
                    reading.set(
                        &format!("release {release} chart"),
                        &text(now, "chart"),
                        &text(target, "chart"),
                    );
                }
                None => reading.zero(format!("release {release} has no such earlier revision")),
            }
        }
        "upgrade" | "install" => reading.hit(format!("release {release}: {} is replaced", about(now))),
        _ => {
            reading.hit(format!("release {release}: {}", about(now)));
            reading.drop(format!("release {release}, its history and what it made"));
        }
    }
    match undo.filter(|_| matches!(verb, "rollback" | "upgrade")) {
        Some(undo) => reading.undo(Undo::Command(format!("{undo} {}", quoted(&revision.to_string())))),
        None => reading.undo(Undo::Words("install it again with the same chart and values".to_owned())),
    }
}
