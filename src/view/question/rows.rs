//! What decides: where, what, what else, whether one may, how it is taken back.
use super::page::Page;
use super::shell;
use crate::domain::action::{Check, Findings, Looked, Verb};
use crate::domain::approval::{Look, Obstacle, Question, Tier, effect, statements};
use crate::domain::settings::Role;
use crate::domain::text::clean_to;
use crate::view::wrap::{middle, width};

/// So many different places are named; the names of the targets bear their own.
const PLACES: usize = 6;

pub(super) fn write(page: &mut Page, question: &Question) {
    let arrow = page.paint.sign('▸', '>');
    if let Some(command) = question.plan().shell() {
        shell::place(page, command, arrow);
        shell::what(page, question, command);
    } else {
        place(page, question, arrow);
        if let Some(text) = statements(question.plan()) {
            shell::whole(page, &text);
        }
        what(page, question);
    }
    also(page, question);
    obstacle(page, question);
    if let Some(findings) = question.findings() {
        rights(page, question, findings);
    }
    // What nobody can look at from here is said once, in its own words.
    let lead = if question.plan().shell().is_some() { "?" } else { "? not checked:" };
    let unsure: Vec<String> = question.unchecked().iter().map(|what| format!("{lead} {what}")).collect();
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

/// `prod-eu ▸ lego-mcp (profile) as jane, from this box to 10.0.0.1:6443`: on two lines rather than broken
/// somewhere.
fn place(page: &mut Page, question: &Question, arrow: char) {
    let place = question.place();
    let (seen, more) = places(question);
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
    let identity = question.findings().and_then(|found| found.identity.as_ref()).or(place.identity.as_ref());
    if let Some(identity) = identity.filter(|identity| !identity.is_empty()) {
        parts.push(format!(" as {identity}"));
    }
    let target = parts.concat();
    let host = if place.host.is_empty() { "this box" } else { &place.host };
    let server = place.server.trim_start_matches("https://").trim_end_matches('/');
    let way = if server.is_empty() { format!("from {host}") } else { format!("from {host} to {server}") };
    let whole = format!("{target}, {way}");
    if page.detail.tight || width(&clean_to(&whole, 2_048)) <= page.room() {
        page.row("where", &whole, Role::Text);
    } else {
        page.row("where", &target, Role::Text);
        page.row("", &way, Role::Text);
    }
}

/// The contexts and namespaces of the targets, and whether there are more.
fn places(question: &Question) -> (Vec<(&str, &str)>, bool) {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for action in question.actions() {
        let target = &action.native.target;
        let here = (&*target.context, &*target.namespace);
        if !seen.contains(&here) {
            if seen.len() == PLACES {
                return (seen, true);
            }
            seen.push(here);
        }
    }
    (seen, false)
}

fn what(page: &mut Page, question: &Question) {
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
        // Where all are in one place, it is named above.
        let alone = places(question).0.len() == 1;
        let first = question.actions().first().map(|first| first.native.target.context.clone());
        let several = question.actions().iter().any(|one| Some(&one.native.target.context) != first.as_ref());
        let name = |action: &Looked| {
            let target = &action.native.target;
            let text = match (alone, several) {
                (true, _) => target.name.to_string(),
                (_, true) => format!("{} {target}", target.context),
                _ => target.to_string(),
            };
            clean_to(&text, 512).into_owned()
        };
        let mut labels: Vec<String> = question.actions().iter().map(name).collect();
        if question.plan().in_turn() {
            let numbered = labels.iter().enumerate().map(|(n, name)| format!("{}. {name}", n + 1));
            labels = numbered.collect();
        }
        names(page, &labels, beside);
    }
}

/// Every target by name. What does not fit is counted, and one key away.
fn names(page: &mut Page, labels: &[String], beside: &[String]) {
    let widest = if beside.is_empty() { page.room() } else { page.room() * 2 / 3 };
    let cell = labels.iter().map(|name| width(name)).max().unwrap_or(1).clamp(1, widest.max(1));
    let across = ((page.room() + 2) / (cell + 2)).max(1);
    let across = if beside.is_empty() { across } else { 1 };
    let (all, rows) = (labels.len(), page.detail.names);
    let from = if all > rows * across { page.scroll.min(all - 1) } else { 0 };
    let until = (from + rows * across).min(all);
    let seen = labels.get(from..until).unwrap_or_default();
    let tall = seen.len().div_ceil(across).max(1);
    for row in 0..tall.min(seen.len()) {
        let mut text = String::new();
        // Down, then across, as names are read.
        for name in seen.iter().skip(row).step_by(tall) {
            let name = middle(name, cell);
            let gap = cell.saturating_sub(width(&name)) + 2;
            text.push_str(&name);
            text.push_str(&" ".repeat(gap));
        }
        if let Some(effect) = beside.get(from + row) {
            text.push_str(&middle(effect, page.room().saturating_sub(width(&text))));
        }
        page.labelled(if row == 0 { "each" } else { "" }, text.trim_end().to_owned(), Role::Text);
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
    for action in question.actions() {
        if let Verb::Query { meant, .. } = &action.native.verb
            && !meant.is_empty()
        {
            let meant = clean_to(meant, 512);
            warnings.push(format!("{sign} the command names {meant}, which this may not be"));
        }
    }
    if let Some(command) = question.plan().shell() {
        warnings.extend(command.heed.iter().map(|words| format!("{sign} {}", clean_to(words, 512))));
    }
    if let Some(findings) = question.findings() {
        warnings
            .extend(findings.warnings.iter().map(|warning| format!("{sign} {}", clean_to(warning, 2_048))));
    }
    block(page, "also", &warnings, Role::Warning);
}

fn rights(page: &mut Page, question: &Question, findings: &Findings) {
    let query = question.actions().iter().any(|action| matches!(action.native.verb, Verb::Query { .. }));
    // What statements may is known by the server alone, once it has them.
    let allowed = findings.allowed == Check::Yes && !query;
    let shell = question.actions().iter().all(|action| matches!(action.native.verb, Verb::Shell { .. }));
    let command = question.plan().shell();
    if command.is_some() && (findings.undo.trim().is_empty() || !page.detail.extras) {
        if question.tier() == Tier::Danger {
            page.row("undo", "no way back is known", Role::Warning);
        }
    } else if findings.undo.trim().is_empty() && !shell {
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
        other => page.row("record", &format!("{sign} {}", clean_to(&other.to_string(), 2_048)), Role::Bad),
    }
}

pub(super) fn block(page: &mut Page, label: &str, texts: &[String], role: Role) {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    page.block(label, &texts, role);
}
