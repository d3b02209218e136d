//! What was found, for people and for programs.
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::domain::text::clean;

/// How it stands with one thing. Only `Wrong` makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Good,
    /// Works, with less than there could be.
    Warning,
    Wrong,
    /// A fact that is neither good nor bad.
    Plain,
}

impl Status {
    fn sign(self, utf8: bool) -> char {
        match (self, utf8) {
            (Status::Good, true) => '✓',
            (Status::Good, false) => '+',
            (Status::Warning, true) => '▲',
            (Status::Warning, false) => '!',
            (Status::Wrong, true) => '✗',
            (Status::Wrong, false) => 'x',
            (Status::Plain, true) => '·',
            (Status::Plain, false) => '-',
        }
    }
}

/// One thing that was looked at. The key is for programs and never changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Finding {
    pub key: &'static str,
    pub status: Status,
    pub says: String,
    /// What would make it work: each line can be typed.
    pub remedy: Vec<String>,
    /// The same in numbers and names.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

impl Finding {
    pub(super) fn new(key: &'static str, status: Status, says: impl AsRef<str>) -> Finding {
        Finding {
            key,
            status,
            says: clean(says.as_ref()).into_owned(),
            remedy: Vec::new(),
            data: Value::Null,
        }
    }

    #[must_use]
    pub(super) fn remedy(mut self, line: impl AsRef<str>) -> Finding {
        self.remedy.push(clean(line.as_ref()).into_owned());
        self
    }

    #[must_use]
    pub(super) fn data(mut self, data: Value) -> Finding {
        self.data = data;
        self
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Section {
    /// `settings`, `terminal`, `files`, `kubeconfig`, `context`, `tools`, or the kind of a server: `postgres`.
    #[serde(rename = "section")]
    pub about: &'static str,
    /// Which context, or which server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub findings: Vec<Finding>,
}

impl Section {
    pub(super) fn new(about: &'static str, findings: Vec<Finding>) -> Section {
        Section { about, name: None, findings }
    }
}

pub(super) fn wrong(sections: &[Section]) -> bool {
    sections.iter().flat_map(|section| &section.findings).any(|finding| finding.status == Status::Wrong)
}

pub(super) fn json(sections: &[Section]) -> serde_json::Result<String> {
    let all = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "ok": !wrong(sections),
        "sections": sections,
    });
    serde_json::to_string_pretty(&all).map(|text| text + "\n")
}

pub(super) fn human(sections: &[Section], utf8: bool) -> String {
    let mut out = format!("firedeck {}\n", env!("CARGO_PKG_VERSION"));
    let keys = sections.iter().flat_map(|section| &section.findings).map(|finding| finding.key.width());
    let width = keys.max().unwrap_or(0);
    for section in sections {
        let name = section.name.as_ref().map(|name| format!(" {}", clean(name))).unwrap_or_default();
        let _ = writeln!(out, "\n{}{name}", section.about);
        for finding in &section.findings {
            let (sign, key) = (finding.status.sign(utf8), finding.key.replace('_', " "));
            let _ = writeln!(out, "  {sign} {key:<width$}  {}", finding.says);
            for line in &finding.remedy {
                let _ = writeln!(out, "    {:width$}  = {line}", "");
            }
        }
    }
    let count = |status| {
        let findings = sections.iter().flat_map(|section| &section.findings);
        findings.filter(|finding| finding.status == status).count()
    };
    let _ = match (count(Status::Wrong), count(Status::Warning)) {
        (0, 0) => writeln!(out, "\nall is well"),
        (wrong, warnings) => writeln!(out, "\n{wrong} wrong, {warnings} to know"),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(status: Status) -> Vec<Section> {
        let finding = Finding::new("pods", status, "may not list\u{1b}[2J pods")
            .remedy("kubectl create role …")
            .data(json!({"allowed": false}));
        vec![Section { about: "context", name: Some("lab".into()), findings: vec![finding] }]
    }

    #[test]
    fn only_what_is_wrong_makes_the_exit_code_one() {
        assert!(wrong(&sections(Status::Wrong)));
        for status in [Status::Good, Status::Warning, Status::Plain] {
            assert!(!wrong(&sections(status)), "{status:?}");
        }
    }

    #[test]
    fn people_read_a_sign_the_thing_and_the_remedy_under_it() {
        let text = human(&sections(Status::Wrong), true);
        assert!(text.contains("context lab\n  ✗ pods  may not list"), "{text}");
        assert!(
            text.contains("\n          = kubectl create role …\n") && text.ends_with("1 wrong, 0 to know\n")
        );
        assert!(!text.contains('\u{1b}'));
        let plain = human(&sections(Status::Warning), false);
        assert!(plain.contains("\n  ! pods  "), "{plain}");
    }

    #[test]
    fn programs_read_the_same_by_key() {
        let value: Value = serde_json::from_str(&json(&sections(Status::Wrong)).unwrap()).unwrap();
        assert_eq!(value["ok"], false);
        assert_eq!(value["sections"][0]["name"], "lab");
        assert_eq!(value["sections"][0]["findings"][0]["status"], "wrong");
        assert_eq!(value["sections"][0]["findings"][0]["data"]["allowed"], false);
    }
}
