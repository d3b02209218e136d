//! Which parts of a document are runbooks.
use std::ops::Range;

use super::super::document::{Line, What};
use super::super::words::Pairs;
use super::aside;
use super::code::Code;
use super::kind;
use super::outline::{Holds, Outline, is_alert_name, is_howto, named};
use super::parts;
use super::rows::Troubles;
use super::text::{Label, label, number, plain};
use super::verbs::is_imperative;
use super::vocabulary::{self, Part, part};

/// A runbook to be: its title and the blocks that belong to it.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub title: String,
    pub line: u32,
    pub section: String,
    pub parent: Option<String>,
    pub slices: Vec<Slice>,
    pub alert: Option<String>,
    /// Its headings or labels are parts of it, even when their words do not say so.
    pub named: bool,
    /// It is a row of a table: the block and the row.
    pub row: Option<(usize, usize)>,
}

/// A run of blocks, with the heading above them when it is a part of the runbook.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    pub heading: Option<(String, u32, u8)>,
    pub blocks: Range<usize>,
}

/// The runbooks of a document, in the order of their lines.
pub fn plans(outline: &Outline<'_>, title: &str) -> Vec<Plan> {
    let mut picker = Picker { outline, title, plans: Vec::new() };
    picker.visit(0);
    let mut plans = picker.plans;
    plans.sort_by_key(|plan| plan.line);
    plans
}

struct Picker<'o, 'a> {
    outline: &'o Outline<'a>,
    title: &'o str,
    plans: Vec<Plan>,
}

impl Picker<'_, '_> {
    fn visit(&mut self, start: usize) {
        let outline = self.outline;
        let mut todo = vec![start];
        while let Some(at) = todo.pop() {
            let Some(section) = outline.sections.get(at) else { continue };
            let meta = vocabulary::is_meta(&section.title);
            if meta && !outline.below(at).runs {
                continue;
            }
            if self.is_whole(at) {
                self.take_whole(at);
                continue;
            }
            if !meta || section.holds.runs {
                self.take_own(at);
            }
            todo.extend(section.children.iter().rev());
        }
    }

    /// Whether a section and all below it are one runbook.
    fn is_whole(&self, at: usize) -> bool {
        let Some(section) = self.outline.sections.get(at) else { return false };
        let below = self.outline.below(at);
        let title = if at == 0 { self.title } else { section.title.as_str() };
        let children: Vec<&str> = section
            .children
            .iter()
            .filter_map(|i| self.outline.sections.get(*i))
            .map(|one| one.title.as_str())
            .collect();
        // A page of a single alert, or of numbered headings, is a runbook even when it only tells in prose.
        let many = parts::is_collection(self.outline, at)
            || section.children.iter().any(|one| parts::is_collection(self.outline, *one));
        let parts = parts::of_one(&children, below.acts()) && !many;
        let steps = parts::steps_of_one(&children, title) && !parts::has_chapters(self.outline, at);
        let told = parts && (is_alert_name(title) || children.len() >= 3) || steps;
        let listed = below.listed && named(title).is_some();
        if !(below.acts() || told || listed) {
            return false;
        }
        let inner = self.outline.sections.get(at + 1..=section.last).unwrap_or_default();
        if inner.iter().any(|one| one.named) {
            return false;
        }
        if at > 0 && (named(title).is_some() || is_alert_name(title)) {
            return true;
        }
        if children.is_empty() {
            return false;
        }
        if parts || steps {
            return true;
        }
        let top = section.parent == Some(0)
            && self.outline.sections.first().is_some_and(|root| root.children.len() == 1);
        let asks = title.to_lowercase().starts_with("how to ");
        at > 0 && (asks || top && is_howto(title)) && inner.iter().all(|one| !is_alert_name(&one.title))
    }

    fn take_whole(&mut self, at: usize) {
        let Some(section) = self.outline.sections.get(at) else { return };
        let mut plan = self.plan(at);
        plan.named = true;
        plan.slices.push(Slice { heading: None, blocks: section.blocks.clone() });
        for one in self.outline.sections.get(at + 1..=section.last).unwrap_or_default() {
            plan.slices.push(Slice {
                heading: Some((one.title.clone(), one.line, one.level.saturating_sub(section.level))),
                blocks: one.blocks.clone(),
            });
        }
        self.plans.push(plan);
    }

    fn plan(&self, at: usize) -> Plan {
        let sections = &self.outline.sections;
        let Some(section) = sections.get(at) else { return Plan::default() };
        let whole = if at == 0 || is_template(&section.title) {
            self.title.to_owned()
        } else {
            section.title.clone()
        };
        let title = match named(&whole) {
            Some((name, rest)) if matches!(name.to_lowercase().as_str(), "runbook" | "playbook") => {
                rest.to_owned()
            }
            _ => whole,
        };
        let above = self.above(at);
        let parent = above.last().cloned();
        let title = match &parent {
            Some(parent) if vocabulary::is_generic(&title) => format!("{parent}: {title}"),
            _ => title,
        };
        let alert = is_alert_name(&title).then(|| title.clone()).or_else(|| {
            let (name, rest) = named(&section.title)?;
            name.to_lowercase().starts_with("alert").then(|| rest.to_owned())
        });
        let section_title = above.first().cloned().unwrap_or_default();
        let parent = parent.filter(|parent| *parent != section_title);
        Plan { title, line: section.line, section: section_title, parent, alert, ..Plan::default() }
    }

    /// The titles above a section, from the outermost on; the document's own is left out unless it stands alone.
    fn above(&self, at: usize) -> Vec<String> {
        let sections = &self.outline.sections;
        let mut all = Vec::new();
        let mut next = sections.get(at).and_then(|section| section.parent);
        while let Some(one) = next.filter(|i| *i > 0).and_then(|i| sections.get(i)) {
            all.push(one.title.clone());
            next = one.parent;
        }
        all.reverse();
        if all.len() > 1 && sections.first().is_some_and(|root| root.children.len() == 1) {
            all.remove(0);
        }
        all
    }

    /// A section whose own blocks are a runbook, or hold several behind bold labels.
    fn take_own(&mut self, at: usize) {
        let Some(section) = self.outline.sections.get(at) else { return };
        if at == 0 && section.blocks.is_empty() {
            return;
        }
        let labels = self.labels(section.blocks.clone());
        let title = if at == 0 { self.title } else { section.title.as_str() };
        if !is_howto(title) && !is_alert_name(title) && self.take_labels(at, &labels) {
            return;
        }
        let slices = self.take_rows(at, section.blocks.clone());
        let holds = match slices.as_slice() {
            [_] => section.holds,
            _ => slices
                .iter()
                .fold(Holds::default(), |all, one| all.and(self.outline.holds(one.blocks.clone()))),
        };
        let told =
            self.outline.sections.len() <= 2 || !section.children.is_empty() && section.holds.told && at == 0;
        if holds.acts() && (at > 0 || holds.runs || holds.procedure || told) {
            let weak = !holds.runs && !holds.procedure;
            if weak && matches!(part(title), Some(Part::Describes | Part::Meta | Part::Before)) {
                return;
            }
            let mut plan = self.plan(at);
            plan.slices = slices;
            self.plans.push(plan);
        } else if self.is_reference(at, section.blocks.clone(), holds, title) {
            let mut plan = self.plan(at);
            plan.slices.push(Slice { heading: None, blocks: section.blocks.clone() });
            self.plans.push(plan);
        }
    }

    /// Tables of troubles, each row of which is a runbook; what is left of the section without them.
    fn take_rows(&mut self, at: usize, blocks: Range<usize>) -> Vec<Slice> {
        let section = self.plan(at);
        let mut slices = Vec::new();
        let mut from = blocks.start;
        for block in blocks.clone() {
            let Some(What::Table(table)) = self.outline.blocks.get(block).map(|block| &block.what) else {
                continue;
            };
            let plans = Troubles::of(table).map(|troubles| troubles.plans(table, block, &section));
            if let Some(plans) = plans.filter(|plans| !plans.is_empty()) {
                self.plans.extend(plans);
                slices.push(Slice { heading: None, blocks: from..block });
                from = block + 1;
            }
        }
        slices.push(Slice { heading: None, blocks: from..blocks.end });
        slices
    }

    /// Configuration to write or apply, beside runbooks of the same section.
    fn is_reference(&self, at: usize, blocks: Range<usize>, holds: Holds, title: &str) -> bool {
        if !holds.snippet
            || at == 0
            || is_future(title)
            || self.is_alert_rules(blocks)
            || !kind::is_work(title)
        {
            return false;
        }
        let sections = &self.outline.sections;
        let Some(parent) = sections.get(at).and_then(|section| section.parent).and_then(|i| sections.get(i))
        else {
            return false;
        };
        parent.level > 0 && parent.runs_below
    }

    fn is_alert_rules(&self, blocks: Range<usize>) -> bool {
        blocks.filter_map(|at| self.outline.blocks.get(at)).any(|block| match &block.what {
            What::Fence(fence) => {
                let has = |start: &str| {
                    fence
                        .body
                        .iter()
                        .any(|line| line.text.trim_start().trim_start_matches("- ").starts_with(start))
                };
                has("alert:") && has("expr:")
                    || has("apiVersion:") && has("kind: PrometheusRule")
                    || fence.body.iter().take(3).any(|line| {
                        line.text.to_lowercase().contains("future") && line.text.trim_start().starts_with('#')
                    })
            }
            _ => false,
        })
    }

    /// Bold labels that stand alone, with their block, their line and what they hold.
    fn labels(&self, range: Range<usize>) -> Vec<Labelled> {
        let mut found: Vec<Labelled> = Vec::new();
        for at in range.clone() {
            let Some(block) = self.outline.blocks.get(at) else { break };
            let What::Paragraph(lines) = &block.what else { continue };
            if block.item.is_some() || block.quote.is_some() {
                continue;
            }
            if let Some((line, label)) = standing(lines) {
                if let Some(before) = found.last_mut() {
                    before.blocks.end = at;
                }
                found.push(Labelled {
                    name: plain(&label.name).into_owned(),
                    line,
                    blocks: at..range.end,
                    holds: Holds::default(),
                    fenced: false,
                    colon: label.colon,
                });
            }
        }
        for one in &mut found {
            one.holds = self.outline.holds(one.blocks.clone());
            one.fenced = self.outline.code(one.blocks.start + 1).is_some();
        }
        found
    }

    /// Labels that introduce runbooks of their own; false when they are parts of the section's.
    fn take_labels(&mut self, at: usize, labels: &[Labelled]) -> bool {
        let own = |one: &&Labelled| {
            one.fenced
                && (one.holds.runs || one.holds.snippet)
                && !matches!(
                    part(&one.name),
                    Some(Part::Acts | Part::Steps | Part::Symptoms | Part::Before | Part::Describes)
                )
                && !vocabulary::is_remark(&one.name)
                && !vocabulary::is_metadata(&one.name)
                && !vocabulary::is_expected(&one.name)
                && !aside::is_aside(&one.name, one.colon)
                && vocabulary::condition(&one.name).is_none_or(|condition| condition != one.name)
                && number(&one.name).is_none()
                && !is_platform(&one.name)
        };
        let introduce = labels.iter().filter(own).filter(|one| one.holds.runs).count();
        let phases = labels
            .iter()
            .filter(|one| {
                matches!(part(&one.name), Some(Part::Acts | Part::Symptoms))
                    && !one.name.contains(' ')
                    && one.holds.acts()
            })
            .count();
        let Some(section) = self.outline.sections.get(at) else { return false };
        let first = labels.iter().find(own).map_or(section.blocks.end, |one| one.blocks.start);
        let before = self.outline.holds(section.blocks.start..first);
        if introduce == 0 || phases > 0 && phases >= introduce || before.runs || before.procedure {
            return false;
        }
        // One label alone does not take the heading's place; nor do those that tell how to look into what the
        // heading names.
        let count = labels.iter().filter(own).count();
        let looks = labels.iter().filter(own).filter(|one| is_imperative(&one.name)).count();
        let alone = at > 0 && count == 1;
        if alone || aside::is_trouble(&section.title) && looks * 3 >= count * 2 {
            return false;
        }
        let mut last: Option<usize> = None;
        for one in labels {
            let named_own = own(&one)
                || one.fenced
                    && one.holds.runs
                    && part(&one.name) == Some(Part::Acts)
                    && one.name.contains(' ');
            let applies = one.holds.runs || !self.is_alert_rules(one.blocks.clone()) && !is_future(&one.name);
            if named_own && applies {
                let above = self.above(at).first().cloned().unwrap_or_else(|| section.title.clone());
                let title = if vocabulary::is_generic(&one.name) {
                    format!("{}: {}", section.title, one.name)
                } else {
                    one.name.clone()
                };
                let above = if section.level <= 2 && self.above(at).len() <= 1 && section.level > 1 {
                    section.title.clone()
                } else {
                    above
                };
                let parent = (above != section.title).then(|| section.title.clone());
                last = Some(self.plans.len());
                self.plans.push(Plan {
                    title,
                    line: one.line,
                    section: above,
                    parent,
                    slices: vec![Slice { heading: None, blocks: one.blocks.start + 1..one.blocks.end }],
                    ..Plan::default()
                });
            } else if let Some(plan) = last.and_then(|i| self.plans.get_mut(i)) {
                // A phase of the runbook that the label before has introduced.
                plan.slices.push(Slice { heading: None, blocks: one.blocks.clone() });
            }
        }
        true
    }
}

struct Labelled {
    name: String,
    line: u32,
    blocks: Range<usize>,
    holds: Holds,
    /// Code follows directly.
    fenced: bool,
    colon: bool,
}

/// A label that stands alone in its line, the last of its paragraph.
pub fn standing(lines: &[Line]) -> Option<(u32, Label<'_>)> {
    let last = lines.last()?;
    let found = label(&last.text)?;
    (found.rest.is_empty() && lines.len() == 1).then_some((last.no, found))
}

/// Alternatives by where they run.
pub fn is_platform(name: &str) -> bool {
    const PLATFORMS: &[&str] = &[
        "docker",
        "docker compose",
        "docker-compose",
        "docker swarm",
        "kubernetes",
        "k8s",
        "openshift",
        "linux",
        "macos",
        "mac",
        "windows",
        "ubuntu",
        "debian",
        "rhel",
        "centos",
        "aws",
        "gcp",
        "azure",
        "systemd",
        "bare metal",
        "helm",
        "kubectl",
        "terraform",
        "postgresql",
        "mysql",
        "rds",
    ];
    PLATFORMS.contains(&name.trim().to_lowercase().as_str())
}

/// A title that a site generator fills in.
pub fn is_template(title: &str) -> bool {
    title.contains("{{") || title.contains("{%") || title.contains("<%")
}

/// Marked as not yet there.
pub fn is_future(text: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "not implemented",
        "not yet implemented",
        "(future",
        "(planned",
        "aspirational",
        "coming soon",
        "not yet available",
        "(todo",
    ];
    let pairs = Pairs::of(text);
    if text.is_ascii() && !pairs.may_hold("future") && !SIGNS.iter().any(|w| pairs.may_hold(w)) {
        return false;
    }
    let lower = text.to_lowercase();
    lower.starts_with("future") || SIGNS.iter().any(|w| lower.contains(w))
}

/// Whether a code block's first comment says that it is not there yet.
pub fn code_is_future(code: &Code, lines: &[Line]) -> bool {
    matches!(code, Code::Commands(_) | Code::Embedded(_))
        && lines.iter().take(3).any(|line| {
            line.text.trim_start().starts_with(['#', '-'])
                && is_future(line.text.trim_start_matches(['#', '-', ' ']))
        })
}
