//! Which steps of a runbook exclude each other: menus, branches, alternatives.
use std::collections::BTreeMap;

use super::super::types::{Mode, Runbook, Step, StepKind};

/// A place where one of several has to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The step that asks; none where the whole runbook is a menu. For alternatives without a step that asks, the
    /// first of them.
    pub asks: Option<u32>,
    /// The first step of each arm.
    pub options: Vec<u32>,
}

/// A step is done only if this was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    pub asks: Option<u32>,
    pub option: u32,
}

/// How the steps of a runbook belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    choices: BTreeMap<Option<u32>, Choice>,
    gates: Vec<Vec<Gate>>,
    tops: Vec<u32>,
}

/// A sub-step: `3a`.
pub fn is_sub(step: &Step) -> bool {
    step.is_arm()
        || step.n.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with(|c: char| c.is_ascii_alphabetic())
}

/// Its sub-steps are alternatives. An arm of a `case` is a branch as well, but its sub-steps are its own.
pub fn asks_to_choose(step: &Step) -> bool {
    step.kind == StepKind::Branch && step.branch.is_none()
}

impl Shape {
    pub fn of(runbook: &Runbook) -> Shape {
        let steps = &runbook.steps;
        let tops = tops(steps);
        let gates = vec![Vec::new(); steps.len()];
        let mut shape = Shape { choices: BTreeMap::new(), gates, tops: tops.clone() };
        shape.branches(steps, &tops);
        if runbook.mode == Mode::Menu {
            shape.menu(steps, &tops);
        } else {
            shape.alternatives(steps, &tops);
        }
        shape
    }

    /// All places where something has to be chosen, in order.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        self.choices.values()
    }

    pub fn choice(&self, asks: Option<u32>) -> Option<&Choice> {
        self.choices.get(&asks)
    }

    /// The step that this one is a part of, or itself.
    pub fn top(&self, step: u32) -> u32 {
        self.tops.get(step as usize).copied().unwrap_or(step)
    }

    /// What has to be chosen for a step to be done.
    pub fn gates(&self, step: u32) -> &[Gate] {
        self.gates.get(step as usize).map_or(&[], Vec::as_slice)
    }

    fn option(&mut self, asks: Option<u32>, option: u32) {
        let choice = self.choices.entry(asks).or_insert_with(|| Choice { asks, options: Vec::new() });
        // They come in order.
        if choice.options.last().is_none_or(|last| *last < option) {
            choice.options.push(option);
        }
    }

    fn gate(&mut self, step: u32, gate: Gate) {
        if let Some(gates) = self.gates.get_mut(step as usize) {
            gates.push(gate);
        }
    }

    /// The arms below a step that asks: sub-steps under one condition belong to one arm.
    fn branches(&mut self, steps: &[Step], tops: &[u32]) {
        let mut arm: Option<(u32, Option<&str>, u32)> = None;
        for (at, step) in numbered(steps) {
            let top = tops.get(at as usize).copied().unwrap_or(at);
            let asked = steps.get(top as usize).is_some_and(asks_to_choose);
            if top == at || !asked {
                arm = None;
                continue;
            }
            let condition = condition(step);
            let option = match arm {
                Some((parent, known, first)) if parent == top && known.is_some() && known == condition => {
                    first
                }
                _ => at,
            };
            arm = Some((top, condition, option));
            self.option(Some(top), option);
            self.gate(at, Gate { asks: Some(top), option });
        }
    }

    fn menu(&mut self, steps: &[Step], tops: &[u32]) {
        for (at, step) in numbered(steps) {
            let top = tops.get(at as usize).copied().unwrap_or(at);
            let counted = steps.get(top as usize).is_some_and(Step::is_counted);
            if !counted || step.n == "0" {
                continue;
            }
            if top == at {
                self.option(None, at);
            }
            self.gate(at, Gate { asks: None, option: top });
        }
    }

    /// Steps one behind the other whose titles are conditions (`If A:`, `If B:`) or that are said to be alternatives,
    /// and `Or …` with the step before it.
    fn alternatives(&mut self, steps: &[Step], tops: &[u32]) {
        let heads: Vec<u32> = numbered(steps)
            .filter(|(at, step)| tops.get(*at as usize) == Some(at) && step.is_counted())
            .map(|(at, _)| at)
            .collect();
        let mut group: Vec<u32> = Vec::new();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for (place, at) in heads.iter().enumerate() {
            let Some(step) = steps.get(*at as usize) else { continue };
            let before = place.checked_sub(1).and_then(|place| heads.get(place)).copied();
            let same = group.last().and_then(|last| steps.get(*last as usize));
            let other = same.is_none_or(|last| last.branch != step.branch);
            if is_or(step) {
                if group.is_empty() {
                    group.extend(before.filter(|before| runs(steps, *before)));
                }
                group.push(*at);
            } else if is_way(step) && other && !group_of_or(&group, steps) {
                group.push(*at);
            } else {
                groups.push(std::mem::take(&mut group));
                if is_way(step) {
                    group.push(*at);
                }
            }
        }
        groups.push(group);
        let mut asked: BTreeMap<u32, u32> = BTreeMap::new();
        for group in groups.iter().filter(|group| group.len() > 1) {
            let Some(first) = group.first() else { continue };
            for option in group {
                self.option(Some(*first), *option);
                asked.insert(*option, *first);
            }
        }
        for (at, _) in numbered(steps) {
            let top = tops.get(at as usize).copied().unwrap_or(at);
            if let Some(first) = asked.get(&top) {
                self.gate(at, Gate { asks: Some(*first), option: top });
            }
        }
    }
}

fn numbered(steps: &[Step]) -> impl Iterator<Item = (u32, &Step)> {
    (0..).zip(steps)
}

/// For each step the one that it is a sub-step of, or itself.
fn tops(steps: &[Step]) -> Vec<u32> {
    let mut top = None;
    let mut out = Vec::with_capacity(steps.len());
    for (at, step) in numbered(steps) {
        if is_sub(step) {
            out.push(top.unwrap_or(at));
        } else {
            if step.n != "0" {
                top = Some(at);
            }
            out.push(at);
        }
    }
    out
}

/// The condition under which a script comes to this step, or the one that the document names.
fn condition(step: &Step) -> Option<&str> {
    let scripted = step.commands.iter().find_map(|command| command.statement.condition.as_deref());
    scripted.or(step.branch.as_deref())
}

/// `Or scale it up`.
fn is_or(step: &Step) -> bool {
    step.branch.as_deref() == Some("alternative")
}

fn group_of_or(group: &[u32], steps: &[Step]) -> bool {
    group.last().and_then(|last| steps.get(*last as usize)).is_some_and(is_or)
}

/// The step's title is a condition, or names one of several ways.
fn is_way(step: &Step) -> bool {
    let Some(branch) = step.branch.as_deref() else { return false };
    let title = step.title.trim().trim_end_matches(':');
    branch.starts_with("alternative:") || branch.trim_end_matches(':').eq_ignore_ascii_case(title)
}

fn runs(steps: &[Step], at: u32) -> bool {
    steps.get(at as usize).is_some_and(|step| !step.commands.is_empty() && !asks_to_choose(step))
}
