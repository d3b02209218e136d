//! The runbooks that fit a pod in trouble.
use std::collections::HashMap;

use super::alert::{holds, order};
use super::index::Index;
use super::score::Asked;
use super::{Hit, PodTrouble};
use crate::runbook::types::Kind;

/// What a reason means in words that runbooks use.
const REASONS: &[(&str, &str)] = &[
    ("crashloopbackoff", "crash loop"),
    ("oomkilled", "memory"),
    ("137", "memory"),
    ("imagepull", "image pull"),
    ("errimage", "image pull"),
    ("invalidimagename", "image pull"),
    ("createcontainerconfig", "config secret configmap"),
    ("createcontainererror", "config container"),
    ("runcontainererror", "container start"),
    ("pending", "pending"),
    ("unschedulable", "pending"),
    ("failedscheduling", "pending"),
    ("evicted", "evicted"),
    ("not ready", "node down"),
    ("notready", "node down"),
    ("unknown", "node down"),
    ("nodelost", "node down"),
    ("terminating", "terminating"),
    ("deadlineexceeded", "deadline"),
    ("unhealthy", "probe"),
    ("failedmount", "mount volume"),
    ("error", "crash loop"),
    // It is listed as it is not ready.
    ("running", "probe ready"),
];

/// Whether a pod only has not come up yet: that says nothing of what hinders it, and no word of it is a symptom.
fn on_its_way(reason: &str) -> bool {
    matches!(reason.trim(), "ContainerCreating" | "PodInitializing")
}

impl Index {
    /// The runbooks that fit a pod in trouble; the best one first.
    pub fn for_pod(&self, trouble: &PodTrouble) -> Vec<Hit> {
        if on_its_way(&trouble.reason) {
            return Vec::new();
        }
        let asked = self.asked_of(trouble);
        let mut hits: HashMap<usize, Hit> = HashMap::new();
        let fits = self.fits(&asked);
        for (entry, mut fit) in fits {
            if !self.good(entry, &fit, &asked, true) {
                continue;
            }
            let name = self.names_workload(entry, trouble);
            let name = name.as_deref();
            fit.place = self.placed(entry, &trouble.namespace);
            if !self.good(entry, &fit, &asked, name.is_some()) {
                continue;
            }
            let bonus = if name.is_some() { 250 } else { 0 };
            if let Some(mut hit) = self.fitting(entry, &fit, &asked, name, bonus) {
                hit.reason = hit.reason.replace("the alert's name", "what the pod suffers from");
                hits.insert(entry, hit);
            }
        }
        let best = hits.values().map(|hit| hit.score).max().unwrap_or_default();
        order(hits.into_values().filter(|hit| hit.score * 2 >= best).collect())
    }

    fn asked_of(&self, trouble: &PodTrouble) -> Vec<Asked> {
        let reason = trouble.reason.to_lowercase();
        let mut out: Vec<Asked> = Vec::new();
        let mut ask = |text: &str, weight: f32, core: bool| {
            for word in self.names.read(text) {
                if !out.iter().any(|old| old.word.name == word.name) {
                    out.push(Asked { word, weight, core });
                }
            }
        };
        // The first that fits is the cause; what else the row says of it comes after.
        let mut known = REASONS.iter().filter(|(sign, _)| reason.contains(sign)).map(|(_, words)| *words);
        match known.next() {
            Some(words) => {
                ask(words, 1.0, true);
                known.for_each(|words| ask(words, 0.6, false));
            }
            None => ask(&trouble.reason, 1.0, true),
        }
        ask("restart", 0.3, false);
        ask(&trouble.workload, 0.5, false);
        out
    }

    /// How a command of the runbook names the workload: `deploy/worker`, or its bare name.
    fn names_workload(&self, entry: usize, trouble: &PodTrouble) -> Option<String> {
        let (_, runbook) = self.runbook_of(entry)?;
        if trouble.workload.is_empty() || matches!(runbook.kind, Kind::Reference | Kind::Backup) {
            return None;
        }
        let commands = self.steps(entry).iter().flat_map(|step| &step.commands);
        let texts: Vec<&str> = commands
            .map(|command| command.statement.text.as_str())
            .filter(|text| holds(text, &trouble.workload))
            .collect();
        let named = |word: &&str| word.contains('/') && word.rsplit('/').next() == Some(&trouble.workload);
        let typed = texts.iter().flat_map(|text| text.split_whitespace()).find(named);
        typed.or_else(|| texts.first().map(|_| trouble.workload.as_str())).map(str::to_owned)
    }
}
