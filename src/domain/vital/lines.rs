//! A question to logs: whose lines, how far back, and which words they have.
use std::time::Duration;

use crate::domain::settings::limit::parse_span;

/// How far back is read where nobody says how far.
const USUAL: Duration = Duration::from_hours(1);
/// Further back nothing is read again and again.
const LONGEST: Duration = Duration::from_hours(24);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinesAsked {
    pub namespace: Option<String>,
    pub of: Whose,
    pub since: Duration,
    words: Vec<String>,
    /// Whether capitals count: as soon as a word has one.
    exact: bool,
}

/// Whose log it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Pods with this label: `app=web`.
    Labelled(String),
    /// `deployment/web`, `pod/web-0`.
    Named(Vec<(String, String)>),
    /// Containers or services of engines.
    Containers(Vec<String>),
}

impl LinesAsked {
    /// Reads `-n shop -l app=web --since=12h error|fatal` and `web worker -- error`. `None` where no words are named:
    /// then there is nothing to count, and the logs pane shows them.
    pub fn parse(query: &str) -> Option<LinesAsked> {
        let (mut namespace, mut label, mut since) = (None, None, USUAL);
        let (mut named, mut bare, mut words) = (Vec::new(), Vec::new(), None);
        let mut rest = query.split_whitespace();
        while let Some(word) = rest.next() {
            if let Some(span) = word.strip_prefix("--since=") {
                since = parse_span(span)?.min(LONGEST);
            } else if word == "-n" {
                namespace = Some(rest.next()?.to_owned());
            } else if word == "-l" {
                label = Some(rest.next()?.to_owned());
            } else if word == "--" {
                words = Some(rest.by_ref().collect::<Vec<_>>().join(" "));
            } else if word.starts_with("--") {
                // How many lines a tail would have: what is counted has no tail.
            } else if let Some((kind, name)) = word.split_once('/') {
                named.push((kind.to_owned(), name.to_owned()));
            } else {
                bare.push(word.to_owned());
            }
        }
        let of = match label {
            Some(label) => Whose::Labelled(label),
            None if !named.is_empty() => Whose::Named(named),
            None => Whose::Containers(std::mem::take(&mut bare)),
        };
        let words = words.or_else(|| (!bare.is_empty()).then(|| bare.join(" ")))?;
        let words: Vec<String> =
            words.split('|').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let nobody = matches!(&of, Whose::Containers(all) if all.is_empty());
        let exact = words.iter().any(|word| word.chars().any(char::is_uppercase));
        (!words.is_empty() && !nobody).then_some(LinesAsked { namespace, of, since, words, exact })
    }

    /// Whether a line has one of the words, as `grep` finds them, and `grep -i` where all of them are small.
    pub fn hits(&self, line: &str) -> bool {
        let has = |line: &str| self.words.iter().any(|word| line.contains(word.as_str()));
        if self.exact { has(line) } else { has(&line.to_lowercase()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_lines_how_far_back_and_which_words_are_read() {
        let asked = LinesAsked::parse("-n lego-mcp -l app=dashboard --since=12h error").expect("words");
        assert_eq!(asked.namespace.as_deref(), Some("lego-mcp"));
        assert_eq!(asked.of, Whose::Labelled("app=dashboard".into()));
        assert_eq!(asked.since, Duration::from_hours(12));
        let named = LinesAsked::parse("-n alecs deployment/alecs-server 401|403").expect("words");
        assert_eq!(named.of, Whose::Named(vec![("deployment".into(), "alecs-server".into())]));
        assert_eq!(named.since, USUAL);
        let engine = LinesAsked::parse("mcp-server worker --since=30d -- timed out").expect("words");
        assert_eq!(engine.of, Whose::Containers(vec!["mcp-server".into(), "worker".into()]));
        assert!(engine.hits("it timed out") && !engine.hits("timed") && engine.since == LONGEST);
    }

    #[test]
    fn what_names_no_words_is_for_the_logs_pane() {
        for query in
            ["", "mcp-server worker --tail=100", "-n a deployment/b --tail=100", "-- error", "-l a=b |"]
        {
            assert_eq!(LinesAsked::parse(query), None, "{query}");
        }
    }

    #[test]
    fn small_words_are_found_however_they_are_written_and_others_as_they_are() {
        let small = LinesAsked::parse("-l a=b memory|oom").expect("words");
        assert!(small.hits("OOMKilled") && small.hits("Memory high") && !small.hits("cpu"));
        let exact = LinesAsked::parse("deployment/a ERROR").expect("words");
        assert!(exact.hits("12:00 ERROR x") && !exact.hits("no error"));
    }
}
