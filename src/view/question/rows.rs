//! What decides: where, what, what else, whether one may, how it is taken back.
use super::page::Page;
use crate::domain::action::{Check, Findings, Looked, Verb};
use crate::domain::approval::{Look, Obstacle, Question, Tier, effect};
use crate::domain::settings::Role;
use crate::domain::text::clean_to;
use crate::view::wrap::{middle, width};

/// So many different places are named; the names of the targets bear their own.
const PLACES: usize = 6;

pub(super) fn write(page: &mut Page, question: &Question, scroll: usize) {
    let arrow = page.paint.sign('▸', '>');
    page.row("where", &place(question, arrow), Role::Text);
    what(page, question, scroll);
    also(page, question);
    if let Some(findings) = question.findings() {
        rights(page, question, findings);
    }
    obstacle(page, question);
    let unsure: Vec<String> =
        question.unchecked().iter().map(|what| format!("? not checked: {what}")).collect();
    block(page, "unsure", &unsure, Role::Unknown);
    if !question.why().is_empty() {
        let why: Vec<String> = question.why().iter().map(ToString::to_string).collect();
        let (label, role) = match question.tier() {
            Tier::Danger => ("danger", Role::Bad),
            Tier::Read | Tier::Change => ("asks", Role::Text),
        };
        page.row(label, &why.join("; "), role);
    }
}

/// `prod-eu ▸ lego-mcp (profile) at 10.0.0.1:6443, from this box as jane`.
fn place(question: &Question, arrow: char) -> String {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut more = false;
    for action in question.actions() {
        let target = &action.native.target;
        let here = (&*target.context, &*target.namespace);
        if !seen.contains(&here) {
            more = seen.len() == PLACES;
            if more {
                break;
            }
            seen.push(here);
        }
    }
    let place = question.place();
    let mut parts: Vec<String> = Vec::new();
    let mut last = None;
    for (context, namespace) in &seen {
        let here = if namespace.is_empty() {
            (*context).to_owned()
        } else {
            format!("{context} {arrow} {namespace}")
        };
        parts.push(match last {
            None => here,
            Some(before) if before == context => format!(", {namespace}"),
            Some(_) => format!("; {here}"),
        });
        last = Some(context);
    }
    if more {
        parts.push(" and more".to_owned());
    }
    if let [(_, namespace)] = seen.as_slice()
        && !namespace.is_empty()
        && !place.origin.is_empty()
    {
        parts.push(format!(" ({})", place.origin));
    }
    let server = place.server.trim_start_matches("https://").trim_end_matches('/');
    if !server.is_empty() {
        parts.push(format!(" at {server}"));
    }
    parts.push(format!(", from {}", if place.host.is_empty() { "this box" } else { &place.host }));
    let identity = question.findings().and_then(|found| found.identity.as_ref()).or(place.identity.as_ref());
    if let Some(identity) = identity.filter(|identity| !identity.is_empty()) {
        parts.push(format!(" as {identity}"));
    }
    parts.concat()
}

fn what(page: &mut Page, question: &Question, scroll: usize) {
    let own: Vec<String> = question.actions().iter().map(|action| effect(&action.native)).collect();
    let alike = own.iter().all(|text| Some(text) == own.first());
    match question.findings() {
        Some(findings) if !findings.effect.is_empty() => block(page, "what", &findings.effect, Role::Text),
        _ if alike => block(page, "what", own.get(..1).unwrap_or_default(), Role::Text),
        _ => {}
    }
    if let Look::Running = question.look() {
        page.row("", "looking what it would hit, at most 2 s", Role::Dim);
    }
    if question.actions().len() > 1 {
        let beside = if alike { &[][..] } else { &own[..] };
        names(page, question.actions(), beside, scroll);
    }
}

/// Every target by name. What does not fit is counted, and one key away.
fn names(page: &mut Page, actions: &[Looked], beside: &[String], scroll: usize) {
    let labels: Vec<String> =
        actions.iter().map(|action| clean_to(&action.native.target.to_string(), 512).into_owned()).collect();
    let cell = labels.iter().map(|name| width(name)).max().unwrap_or(1).clamp(1, page.room());
    let across = ((page.room() + 2) / (cell + 2)).max(1);
    let rows = page.detail.names;
    if beside.is_empty() && labels.len() <= rows * across {
        let tall = labels.len().div_ceil(across);
        for row in 0..tall {
            // Down, then across, as names are read.
            let line: Vec<String> = labels
                .iter()
                .skip(row)
                .step_by(tall)
                .map(|name| {
                    let name = middle(name, cell);
                    format!("{name}{}", " ".repeat(cell.saturating_sub(width(&name))))
                })
                .collect();
            page.labelled(
                if row == 0 { "each" } else { "" },
                line.join("  ").trim_end().to_owned(),
                Role::Text,
            );
        }
        return;
    }
    let all = labels.len();
    let from = if all > rows { scroll.min(all.saturating_sub(1)) } else { 0 };
    let until = (from + rows).min(all);
    for (n, name) in labels.iter().enumerate().take(until).skip(from) {
        let text = match beside.get(n) {
            Some(effect) => {
                let left = page.room().saturating_sub(cell + 2);
                if left < width(effect).min(8) {
                    middle(name, page.room())
                } else {
                    let name = middle(name, cell);
                    let gap = cell.saturating_sub(width(&name)) + 2;
                    format!("{name}{}{}", " ".repeat(gap), middle(&clean_to(effect, 512), left))
                }
            }
            None => middle(name, page.room()),
        };
        page.labelled(if n == from { "each" } else { "" }, text, Role::Text);
    }
    let text = match (from, all - until) {
        (0, 0) => return,
        (0, after) => format!("and {after} more: Down shows them"),
        (before, 0) => format!("and {before} before these: Up"),
        (before, after) => format!("and {after} more: Down; {before} before these: Up"),
    };
    page.row("", &text, Role::Warning);
}

fn also(page: &mut Page, question: &Question) {
    let sign = page.paint.sign('▲', '!');
    let mut warnings: Vec<String> = Vec::new();
    if question.actions().iter().any(|action| matches!(action.native.verb, Verb::Shell { .. })) {
        warnings.push(format!(
            "{sign} a shell can do whatever its container may; what you type is not asked about"
        ));
    }
    if let Some(findings) = question.findings() {
        warnings
            .extend(findings.warnings.iter().map(|warning| format!("{sign} {}", clean_to(warning, 2_048))));
    }
    block(page, "also", &warnings, Role::Warning);
}

fn rights(page: &mut Page, question: &Question, findings: &Findings) {
    let allowed = findings.allowed == Check::Yes;
    let shell = question.actions().iter().all(|action| matches!(action.native.verb, Verb::Shell { .. }));
    if findings.undo.trim().is_empty() && !shell {
        page.row("undo", "no way back is known", Role::Warning);
        if allowed && page.detail.extras {
            page.row("may I", "yes", Role::Text);
        }
    } else if page.detail.extras {
        match (allowed, findings.undo.is_empty()) {
            (true, false) => page.pair(("may I", "yes"), ("undo", &findings.undo)),
            (true, true) => page.row("may I", "yes", Role::Text),
            (false, false) => page.row("undo", &findings.undo, Role::Text),
            (false, true) => {}
        }
    }
    if page.detail.extras && !findings.kept.is_empty() {
        page.row("kept", &findings.kept.join(", "), Role::Text);
    }
}

fn obstacle(page: &mut Page, question: &Question) {
    let sign = page.paint.sign('✗', 'x');
    let Some(obstacle) = question.obstacle() else { return };
    match obstacle {
        Obstacle::Forbidden(needs) => {
            page.row("may I", &format!("{sign} no: {}", clean_to(&needs, 2_048)), Role::Bad);
        }
        Obstacle::Changed(what) => page.row("now", &format!("{sign} {}", clean_to(&what, 2_048)), Role::Bad),
        other => page.row("kept", &format!("{sign} {}", clean_to(&other.to_string(), 2_048)), Role::Bad),
    }
}

fn block(page: &mut Page, label: &str, texts: &[String], role: Role) {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    page.block(label, &texts, role);
}
