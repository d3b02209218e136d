//! What a document says of the platform that its system runs on now, and which commands are of another one.
use super::super::document::{Blocks, What};
use super::super::words::Pairs;

/// Orchestrators, of which a system has one.
const FAMILIES: [(&str, &[&str], &[&str]); 4] = [
    (
        "kubernetes",
        &["kubernetes", "k8s"],
        &["kubectl", "helm", "kustomize", "oc", "kubeadm", "istioctl", "argocd", "flux", "velero"],
    ),
    ("swarm", &["swarm"], &["docker service", "docker stack", "docker swarm"]),
    ("compose", &["compose"], &["docker-compose", "docker compose"]),
    ("nomad", &["nomad"], &["nomad"]),
];

/// The families that are not the present platform.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    /// Each with the line that says so.
    others: Vec<(usize, u32)>,
}

impl Platform {
    /// Looks for a sentence such as `It currently runs on A, not B`.
    pub fn of(blocks: &Blocks) -> Self {
        let mut platform = Self::default();
        for block in &blocks.blocks {
            let (What::Paragraph(lines) | What::Item { text: lines, .. }) = &block.what else { continue };
            for line in lines {
                platform.sentence(&line.text, line.no);
            }
        }
        platform
    }

    fn sentence(&mut self, text: &str, line: u32) {
        let now = [
            "currently",
            "runs on",
            "running on",
            "deployed on",
            "deployed using",
            "deployed with",
            "at present",
            "at the moment",
            "actual",
        ];
        // Letters beyond ASCII may become others in lower case.
        let pairs = Pairs::of(text);
        if text.is_ascii() && !now.iter().any(|w| pairs.may_hold(w)) {
            return;
        }
        let text = text.to_lowercase();
        if !now.iter().any(|w| text.contains(w)) {
            return;
        }
        let Some((before, after)) =
            [", not ", "(not ", " not on ", ", no longer ", "instead of ", "rather than "]
                .iter()
                .find_map(|w| text.split_once(w))
        else {
            return;
        };
        let clause = after.split(['.', ')', ';', ',']).next().unwrap_or_default();
        let has = |text: &str, index: usize| {
            FAMILIES.get(index).is_some_and(|(_, words, _)| words.iter().any(|w| text.contains(w)))
        };
        let Some(refused) = (0..FAMILIES.len()).find(|i| has(clause, *i)) else { return };
        self.add(refused, line);
        if let Some(present) = (0..FAMILIES.len()).find(|i| *i != refused && has(before, *i)) {
            for other in (0..FAMILIES.len()).filter(|i| *i != present) {
                self.add(other, line);
            }
        }
    }

    fn add(&mut self, family: usize, line: u32) {
        if self.others.iter().all(|(known, _)| *known != family) {
            self.others.push((family, line));
        }
    }

    /// The line that says that a command's platform is not the present one.
    pub fn other(&self, text: &str) -> Option<u32> {
        self.others
            .iter()
            .filter_map(|(i, line)| FAMILIES.get(*i).map(|(_, _, tools)| (tools, *line)))
            .find_map(|(tools, line)| tools.iter().any(|tool| calls(text, tool)).then_some(line))
    }
}

/// A tool's name as a word of a command.
fn calls(text: &str, tool: &str) -> bool {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(tool)).map(|i| from + i) {
        let begins = text
            .get(..at)
            .is_none_or(|head| head.is_empty() || head.ends_with([' ', '|', '(', '\n', ';', '&', '\t', '`']));
        let ends = text
            .get(at + tool.len()..)
            .is_none_or(|tail| tail.is_empty() || tail.starts_with([' ', '\n', '\t']));
        if begins && ends {
            return true;
        }
        from = at + tool.len();
    }
    false
}
