//! What a runbook says about itself: severity, response time, frequency, trigger, purpose, symptoms.
use std::collections::HashSet;

use super::super::document::FrontEntry;
use super::super::types::Note;
use super::text::{bare_label, label, plain};

/// The facts that stand in front of the steps.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub severity: Option<String>,
    pub response_time: Option<String>,
    pub frequency: Option<String>,
    pub trigger: Option<String>,
    pub purpose: Option<String>,
    pub rto: Option<String>,
    pub rpo: Option<String>,
    pub symptoms: Vec<String>,
    pub alerts: Vec<String>,
    pub notes: Vec<Note>,
    /// The comment at the head of a script.
    pub head: Option<String>,
    /// Steps that stand in a manifest of a cluster, by their place.
    pub embedded: HashSet<usize>,
}

impl About {
    /// Takes a labelled value; false when the label is not one of these.
    pub fn take(&mut self, name: &str, value: &str) -> bool {
        let value = plain(value);
        let slot = match name.trim().to_lowercase().as_str() {
            "severity" | "priority" | "severity level" => &mut self.severity,
            "response time" | "sla" | "response" | "time to respond" | "response sla" => {
                &mut self.response_time
            }
            "frequency" | "schedule" | "cadence" | "how often" => &mut self.frequency,
            "trigger" | "triggers" | "triggered by" | "trigger condition" | "when to use" | "when"
            | "condition" => &mut self.trigger,
            "purpose" | "goal" | "objective" | "description" | "summary" | "use case" => &mut self.purpose,
            "rto" | "recovery time objective" | "recovery time objective (rto)" => &mut self.rto,
            "rpo" | "recovery point objective" | "recovery point objective (rpo)" => &mut self.rpo,
            "alert" | "alerts" | "alert name" | "alert names" | "alertname" => {
                self.alerts.extend(
                    value.split([',', ' ']).map(str::trim).filter(|one| one.len() > 3).map(str::to_owned),
                );
                return true;
            }
            other => return super::vocabulary::is_metadata(other) && other != "time" && other != "impact",
        };
        slot.get_or_insert_with(|| value.into_owned());
        true
    }

    /// What the front matter of a page with one runbook says.
    pub fn take_front(&mut self, front: &[FrontEntry]) {
        for entry in front {
            let name = entry.name.replace(['_', '-'], " ");
            if matches!(
                name.to_lowercase().as_str(),
                "description" | "summary" | "owner" | "title" | "type" | "category"
            ) {
                continue;
            }
            let value = entry.values.join(", ");
            if !value.trim().is_empty() {
                self.take(&name, &value);
            }
        }
    }

    /// `Severity: P2 · Respond within 10 minutes`: several facts in one line.
    pub fn take_line(&mut self, line: &str) -> bool {
        // Most lines have none of these signs.
        if !line.bytes().any(|b| b == b'|' || !b.is_ascii()) {
            return false;
        }
        let parts: Vec<&str> =
            line.split(['·', '•', '|']).map(str::trim).filter(|part| !part.is_empty()).collect();
        if parts.len() < 2 {
            return false;
        }
        let mut any = false;
        for part in parts {
            let lower = part.to_lowercase();
            if let Some(rest) = ["respond within ", "response within ", "respond in "]
                .iter()
                .find_map(|s| lower.strip_prefix(s))
            {
                self.response_time.get_or_insert_with(|| rest.to_owned());
                any = true;
            } else if let Some(found) =
                label(part).or_else(|| bare_label(part)).filter(|found| !found.rest.is_empty())
            {
                any |= self.take(&found.name, found.rest);
            }
        }
        any
    }

    /// `Run daily at 9:00 AM (before peak hours):`
    pub fn take_sentence(&mut self, text: &str) -> bool {
        let plain = plain(text);
        let lower = plain.to_lowercase();
        let Some(rest) = ["run this ", "run ", "perform this ", "perform ", "execute ", "schedule: "]
            .iter()
            .find_map(|s| lower.strip_prefix(s))
        else {
            return false;
        };
        let often = [
            "daily",
            "weekly",
            "monthly",
            "quarterly",
            "hourly",
            "nightly",
            "every ",
            "yearly",
            "annually",
            "once a ",
            "twice a ",
            "each ",
        ];
        if !often.iter().any(|w| rest.starts_with(w)) {
            return false;
        }
        let value = plain.get(plain.len() - rest.len()..).unwrap_or(rest).trim_end_matches([':', '.']);
        self.frequency.get_or_insert_with(|| value.to_owned());
        true
    }
}
