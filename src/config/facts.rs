//! Reads the probes and limits of a profile: what to ask, and which line of which document says so.
use std::time::Duration;

use super::meant;
use super::profile::check_url;
use super::reader::{Located, Table};
use crate::domain::settings::endpoint::{Backend, DocumentHint, Endpoint};
use crate::domain::settings::limit::{Bound, Fact, FactSource, Limit, Lines, disk_place, parse_span};
use crate::domain::vital::{Path, one_read};

/// Answers that are younger are not asked for again.
const USUAL_EVERY: Duration = Duration::from_secs(30);
/// Logs are read anew each time.
const USUAL_EVERY_OF_LOGS: Duration = Duration::from_mins(5);

/// `[[probes]]` and `[[limits]]`.
pub(super) fn read(
    table: &Table<'_, '_>,
    documents: &[DocumentHint],
    endpoints: &[Endpoint],
) -> (Vec<Fact>, Vec<Limit>) {
    let mut probes: Vec<Fact> = Vec::new();
    for one in table.tables("probes") {
        let fact = fact(&one, endpoints);
        one.done();
        let Some((fact, name)) = fact else { continue };
        if matches!(fact.source, FactSource::Statement | FactSource::None) {
            let what = format!("a probe cannot have the source `{}`", fact.source.name());
            one.reader.fault(&one.head(), what, "only a limit, which names a line of a document, can");
        }
        if probes.iter().any(|other| other.name == fact.name) {
            one.reader.fault(
                &name,
                format!("the name `{}` is taken already", fact.name),
                "give each its own",
            );
        }
        probes.push(fact);
    }
    let limits = table.tables("limits").iter().filter_map(|one| limit(one, documents, endpoints)).collect();
    (probes, limits)
}

fn limit(one: &Table<'_, '_>, documents: &[DocumentHint], endpoints: &[Endpoint]) -> Option<Limit> {
    let document = one.needed("document", one.text("document"));
    let lines = lines(one);
    let fact = fact(one, endpoints);
    let why = one.text("why");
    if let (Some(why), Some((fact, _))) = (&why, &fact)
        && fact.source != FactSource::None
    {
        let what = format!("`why` says why nobody is asked, and here `{}` is", fact.source.name());
        one.reader.fault(&why.span, what, "take `why` away, or write `source = \"none\"`");
    }
    one.done();
    let document = document?;
    if !documents.iter().any(|known| known.number == document.value) {
        let numbers: Vec<&str> = documents.iter().map(|known| known.number.as_str()).collect();
        let what = format!("there is no document `{}` in this profile", document.value);
        let help = if numbers.is_empty() {
            "describe it: `[[documents]]` with `number` and `path`".into()
        } else {
            meant::help(&document.value, &numbers)
        };
        one.reader.fault(&document.span, what, help);
    }
    Some(Limit { fact: fact?.0, document: document.value, lines: lines?, why: why.map(|why| why.value) })
}

/// `line = 30`, or `lines = "28-30, 95"`.
fn lines(one: &Table<'_, '_>) -> Option<Vec<Lines>> {
    let line = one.number("line", 1..=1_000_000);
    let lines = one.text("lines");
    match (line, lines) {
        (Some(line), None) => Some(vec![Lines { from: line.value, to: line.value }]),
        (None, Some(lines)) => {
            let all: Option<Vec<Lines>> =
                lines.value.split(',').map(|part| Lines::parse(part.trim())).collect();
            if all.is_none() {
                let what = format!("`{}` is no list of lines", lines.value);
                one.reader.fault(&lines.span, what, "write `lines = \"28-30, 95\"`");
            }
            all
        }
        (Some(_), Some(lines)) => {
            one.reader.fault(&lines.span, "`line` and `lines` are both given", "keep one");
            None
        }
        (None, None) => {
            let given = one.raw("line").is_some() || one.raw("lines").is_some();
            if !given {
                one.reader.fault(
                    &one.head(),
                    "`line` is missing here",
                    "a limit names its line in its document: `line = 30`, or `lines = \"28-30, 95\"`",
                );
            }
            None
        }
    }
}

fn fact(one: &Table<'_, '_>, endpoints: &[Endpoint]) -> Option<(Fact, std::ops::Range<usize>)> {
    let name = one.needed("name", one.text("name"));
    let source = one.needed("source", one.choice("source", FactSource::ALL, FactSource::name));
    let query = one.text("query");
    let on = one.text("on");
    let unit = one.text("unit");
    let pick = one.text("pick");
    let every = one.text("every");
    let bounds = [bound(one, "ok"), bound(one, "warning"), bound(one, "critical")];
    if let [_, Some(warning), Some(critical)] = &bounds
        && warning.value.contradicts(&critical.value)
    {
        let what = format!("critical (`{}`) comes before this warning", critical.value);
        one.reader.fault(&warning.span, what, "swap the two, or correct one");
    }
    let [ok, warning, critical] = bounds.map(|bound| bound.map(|bound| bound.value));
    let (name, source) = (name?, source?.value);
    check_query(one, source, query.as_ref());
    if let Some(on) = &on {
        check_on(one, source, on, endpoints);
    }
    if let Some(pick) = &pick {
        check_pick(one, source, pick);
    }
    let usual = if source == FactSource::Logs { USUAL_EVERY_OF_LOGS } else { USUAL_EVERY };
    let every = every.map_or(usual, |text| span(one, &text));
    let fact = Fact {
        name: name.value,
        source,
        query: query.map(|text| text.value).unwrap_or_default(),
        on: on.map(|text| text.value),
        unit: unit.map(|text| text.value),
        pick: pick.map(|text| text.value),
        every,
        ok,
        warning,
        critical,
    };
    Some((fact, name.span))
}

fn bound(one: &Table<'_, '_>, key: &'static str) -> Option<Located<Bound>> {
    let text = one.text(key)?;
    match Bound::parse(&text.value) {
        Ok(value) => Some(Located { value, span: text.span }),
        Err(why) => {
            one.reader.fault(&text.span, why, format!("write `{key} = \"> 70 for 10m\"` or `\"= healthy\"`"));
            None
        }
    }
}

fn span(one: &Table<'_, '_>, text: &Located<String>) -> Duration {
    match parse_span(&text.value) {
        Some(span) if span >= Duration::from_secs(1) && span <= Duration::from_hours(24) => span,
        _ => {
            let what = format!("`{}` is no span of time between 1s and 1d", text.value);
            one.reader.fault(&text.span, what, "write `30s`, `5m` or `1h`");
            USUAL_EVERY
        }
    }
}

fn check_query(one: &Table<'_, '_>, source: FactSource, query: Option<&Located<String>>) {
    let Some(query) = query else {
        if source.needs_query() && one.raw("query").is_none() {
            let what = format!("`query` is missing here: what is `{}` to ask?", source.name());
            one.reader.fault(
                &one.head(),
                what,
                "a fact that nobody can be asked for has `source = \"none\"`",
            );
        }
        return;
    };
    match source {
        FactSource::None => {
            let what = "a fact with `source = \"none\"` has no query";
            one.reader.fault(&query.span, what, "name the source, or take the query away");
        }
        FactSource::Http => check_url(one, query, &["http", "https"]),
        // What its functions do is judged before it is asked.
        FactSource::Sql => {
            if let Err(why) = one_read(&query.value) {
                one.reader.fault(&query.span, why, "a fact only reads: write one `SELECT`");
            }
        }
        FactSource::Tls | FactSource::Tcp => {
            let good = query.value.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|port| port > 0)
            });
            if !good {
                let what = format!("`{}` is no host with a port", query.value);
                one.reader.fault(&query.span, what, "write `example.com:443`");
            }
        }
        FactSource::Dns if query.value.contains(['/', ' ']) || query.value.is_empty() => {
            let what = format!("`{}` is no name to look up", query.value);
            one.reader.fault(&query.span, what, "write `example.com`");
        }
        FactSource::Disk if disk_place(&query.value).is_none() => {
            let what = format!("`{}` is no place of a file system", query.value);
            one.reader.fault(&query.span, what, "write `/`, `/var /mnt/data` or `user@host:/`");
        }
        FactSource::Memory if query.value != "here" && !query.value.contains('@') => {
            let what = format!("`{}` names no box", query.value);
            one.reader.fault(&query.span, what, "write `here` for this one, or `user@host`");
        }
        _ => {}
    }
}

fn check_pick(one: &Table<'_, '_>, source: FactSource, pick: &Located<String>) {
    if source != FactSource::Http {
        let what = format!("nothing can be picked from what `{}` answers", source.name());
        one.reader.fault(&pick.span, what, "take `pick` away");
    } else if let Err(why) = Path::parse(&pick.value) {
        one.reader.fault(
            &pick.span,
            why,
            "write `.checks.db.status`, or `.data[].health` for each of a list",
        );
    }
}

fn check_on(one: &Table<'_, '_>, source: FactSource, on: &Located<String>, endpoints: &[Endpoint]) {
    let backend = match source {
        FactSource::Promql => Backend::Prometheus,
        FactSource::Sql => Backend::Postgres,
        FactSource::Redis => Backend::Redis,
        FactSource::Docker => Backend::Docker,
        FactSource::Alertmanager => Backend::Alertmanager,
        _ => {
            let what = format!("`{}` is not asked `on` a server", source.name());
            return one.reader.fault(&on.span, what, "take `on` away");
        }
    };
    let names: Vec<&str> =
        endpoints.iter().filter(|e| e.backend == backend).map(|e| e.name.as_str()).collect();
    if !names.contains(&on.value.as_str()) {
        let what = format!("there is no `{}` named `{}` in this profile", backend.name(), on.value);
        one.reader.fault(&on.span, what, meant::help(&on.value, &names));
    }
}
