//! Who is told of which alerts, and what holds others back; and the same as the file that it would stand in.
use std::fmt::Write as _;

use super::matcher::{Labels, Matcher, all};

#[derive(Debug, Clone)]
pub struct Config {
    /// Seconds after which an alert is over that nobody sends again.
    pub resolve_timeout: u32,
    pub route: Route,
    pub inhibit: Vec<Inhibition>,
}

#[derive(Debug, Clone, Default)]
pub struct Route {
    pub receiver: String,
    pub matchers: Vec<Matcher>,
    /// Labels whose values make a group; `...` stands for all.
    pub group_by: Vec<String>,
    /// The routes after this one are looked at too.
    pub goes_on: bool,
    /// Time intervals that mute it; they are always.
    pub muted_by: Vec<String>,
    pub routes: Vec<Route>,
}

/// While an alert of the source fires, those of the target are held back that have the same values of some labels.
#[derive(Debug, Clone)]
pub struct Inhibition {
    pub source: Vec<Matcher>,
    pub target: Vec<Matcher>,
    pub equal: Vec<String>,
}

impl Config {
    /// One receiver for all, and a critical alert holds back the warnings about the same thing.
    pub fn simple(receiver: &str, group_by: &[&str], equal: &[&str]) -> Config {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<String>>();
        let severity = |value: &str| Matcher::new("severity", value, true, false).into_iter().collect();
        let (source, target) = (severity("critical"), severity("warning"));
        Config {
            resolve_timeout: 300,
            route: Route { receiver: receiver.into(), group_by: owned(group_by), ..Route::default() },
            inhibit: vec![Inhibition { source, target, equal: owned(equal) }],
        }
    }

    pub fn receivers(&self) -> Vec<&str> {
        let (mut names, mut intervals) = (Vec::new(), Vec::new());
        self.route.names(&mut names, &mut intervals);
        names
    }

    /// As a server shows the file that it has read.
    pub fn original(&self) -> String {
        let mut out = format!("global:\n  resolve_timeout: {}s\nroute:\n", self.resolve_timeout);
        self.route.write(&mut out, "  ");
        if !self.inhibit.is_empty() {
            out.push_str("inhibit_rules:\n");
        }
        for rule in &self.inhibit {
            list(&mut out, "- source_matchers:", "  ", &quoted(&rule.source));
            list(&mut out, "  target_matchers:", "  ", &quoted(&rule.target));
            list(&mut out, "  equal:", "  ", &rule.equal);
        }
        let (mut names, mut intervals) = (Vec::new(), Vec::new());
        self.route.names(&mut names, &mut intervals);
        out.push_str("receivers:\n");
        for name in names {
            let _ = writeln!(out, "- name: {name}");
        }
        if !intervals.is_empty() {
            out.push_str("time_intervals:\n");
        }
        for name in intervals {
            let _ = writeln!(out, "- name: {name}\n  time_intervals:\n  - times:");
            let _ = writeln!(out, "    - start_time: \"00:00\"\n      end_time: \"24:00\"");
        }
        out.push_str("templates: []\n");
        out
    }
}

impl Route {
    /// The routes that an alert takes: the deepest that match.
    pub fn taken<'r>(&'r self, labels: &Labels, into: &mut Vec<&'r Route>) -> bool {
        if !all(&self.matchers, labels) {
            return false;
        }
        let before = into.len();
        for route in &self.routes {
            if route.taken(labels, into) && !route.goes_on {
                break;
            }
        }
        if into.len() == before {
            into.push(self);
        }
        true
    }

    fn names<'r>(&'r self, names: &mut Vec<&'r str>, intervals: &mut Vec<&'r str>) {
        for (of, into) in
            [(std::slice::from_ref(&self.receiver), &mut *names), (&self.muted_by, &mut *intervals)]
        {
            for name in of.iter().map(String::as_str) {
                if !into.contains(&name) {
                    into.push(name);
                }
            }
        }
        self.routes.iter().for_each(|route| route.names(names, intervals));
    }

    fn write(&self, out: &mut String, indent: &str) {
        let _ = writeln!(out, "{indent}receiver: {}", self.receiver);
        let matchers = quoted(&self.matchers);
        for (title, lines) in
            [("group_by", &self.group_by), ("matchers", &matchers), ("mute_time_intervals", &self.muted_by)]
        {
            list(out, &format!("{indent}{title}:"), indent, lines);
        }
        let _ = writeln!(out, "{indent}continue: {}", self.goes_on);
        if !self.routes.is_empty() {
            let _ = writeln!(out, "{indent}routes:");
        }
        for route in &self.routes {
            let mut own = String::new();
            route.write(&mut own, &format!("{indent}  "));
            out.push_str(&own.replacen("  receiver", "- receiver", 1));
        }
    }
}

/// Matchers as one line of a list each.
fn quoted(matchers: &[Matcher]) -> Vec<String> {
    matchers.iter().map(Matcher::to_string).collect()
}

fn list(out: &mut String, title: &str, indent: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}");
    for line in lines {
        let _ = writeln!(out, "{indent}- {line}");
    }
}
