//! Asks how many lines of logs have a word.
use super::ask::Asked;
use super::servers::Servers;
use crate::domain::level::Level;
use crate::domain::settings::limit::Fact;
use crate::domain::vital::{Heard, LinesAsked};
use crate::sources::taps::Counted;

pub(super) async fn ask(fact: &Fact, servers: &Servers) -> Asked {
    let Some(asked) = LinesAsked::parse(&fact.query) else { return Asked::failed("it names no words") };
    let Some(counts) = &servers.counts else { return Asked::failed("no logs are read here") };
    match counts.count(&asked).await {
        Ok(counted) => told(&counted),
        Err(why) => Asked::failed(&why),
    }
}

fn told(counted: &Counted) -> Asked {
    let last = counted.last.last().map(|(from, line)| {
        let text = line.split_once(' ').map_or("", |(_, text)| text);
        format!("{from}: {text}")
    });
    let lines = u32::try_from(counted.lines).unwrap_or(u32::MAX);
    let missed = counted.missed.join(", ");
    let note = match (last, missed.is_empty()) {
        (last, true) => last.unwrap_or_default(),
        (None, false) => format!("not read: {missed}"),
        (Some(last), false) => format!("at least; {last}; not read: {missed}"),
    };
    let mut heard = Heard::value(f64::from(lines)).note(note);
    // None in what was read are not none.
    heard.floor = (lines == 0 && !missed.is_empty()).then_some(Level::Unknown);
    let read = [("containers".to_owned(), counted.read.to_string())].into_iter();
    let missed = counted.missed.iter().map(|what| ("not read".to_owned(), what.clone()));
    let body: Vec<String> = counted.last.iter().map(|(from, line)| format!("{from}  {line}")).collect();
    Asked::new(heard).seen("Logs", read.chain(missed)).body(body.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vital::Answer;

    #[test]
    fn none_in_a_part_of_the_logs_is_not_none() {
        let part = Counted { read: 1, missed: vec!["web-1: timed out".into()], ..Counted::default() };
        let heard = told(&part).heard;
        assert_eq!((heard.answer, heard.floor), (Answer::Value(0.0), Some(Level::Unknown)));
        assert_eq!(heard.note, "not read: web-1: timed out");
        let whole = told(&Counted { read: 2, ..Counted::default() }).heard;
        assert_eq!((whole.answer, whole.floor), (Answer::Value(0.0), None));
        let last = vec![("web-0".to_owned(), "2026-11-26T20:00:01Z ERROR one".to_owned())];
        assert_eq!(
            told(&Counted { lines: 3, last, read: 1, missed: Vec::new() }).heard.note,
            "web-0: ERROR one"
        );
    }
}
