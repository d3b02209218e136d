//! Where a tool's name is looked up.
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::rules::{Rider, Rule, Tool};
use super::{args, data};

/// Every table; a name stands in one of them only.
pub(super) const ALL: &[&[Tool]] = &[
    data::kube::TOOLS,
    data::docker::TOOLS,
    data::database::TOOLS,
    data::web::TOOLS,
    data::wrappers::TOOLS,
    data::readers::TOOLS,
    data::files::TOOLS,
    data::host::TOOLS,
    data::network::TOOLS,
    data::cloud::TOOLS,
    data::infra::TOOLS,
    data::keys::TOOLS,
    data::develop::TOOLS,
    data::automation::TOOLS,
    data::engines::TOOLS,
];

/// A tool with its rules and riders at hand: hundreds would be held against every call otherwise.
pub(super) struct Row {
    pub tool: &'static Tool,
    /// By the verb that they begin with.
    rules: HashMap<&'static str, Vec<Way>>,
    /// Those that begin with no verb.
    everywhere: Vec<Way>,
    /// In their order, with the letters that their verbs begin with.
    riders: Vec<(u32, &'static Rider)>,
}

/// One path of a rule: how many verbs it has so far, and those behind them.
#[derive(Debug, Clone, Copy)]
struct Way {
    depth: usize,
    rest: &'static str,
    rule: &'static Rule,
}

impl Row {
    fn new(tool: &'static Tool) -> Self {
        let mut row = Row {
            tool,
            rules: HashMap::new(),
            everywhere: Vec::new(),
            riders: tool.riders.iter().map(|rider| (letters(rider.0), rider)).collect(),
        };
        for rule in tool.rules {
            for path in rule.0.split(',').map(str::trim_start) {
                let (verb, rest) = path.split_once(' ').unwrap_or((path, ""));
                if matches!(verb, "" | "^") {
                    row.everywhere.push(Way { depth: 0, rest: path, rule });
                    continue;
                }
                for one in verb.split('|') {
                    row.rules.entry(one).or_default().push(Way { depth: 1, rest, rule });
                }
            }
        }
        row
    }

    /// The rules that begin with the words of a path, and how many words each of them covers.
    pub fn rules<'s>(&'s self, path: &'s str) -> impl Iterator<Item = (usize, &'static Rule)> + 's {
        let (first, behind) = path.split_once(' ').unwrap_or((path, ""));
        let own = self.rules.get(first).into_iter().flatten();
        self.everywhere.iter().chain(own).filter_map(move |way| {
            let more = args::depth(if way.depth == 0 { path } else { behind }, way.rest)?;
            Some((way.depth + more, way.rule))
        })
    }

    /// The riders that can be meant by a path, in their order.
    pub fn riders(&self, path: &str) -> impl Iterator<Item = &'static Rider> {
        let first = letter(path);
        self.riders.iter().filter(move |(letters, _)| letters & first != 0).map(|(_, rider)| *rider)
    }
}

/// Every name of every tool: a catalogue asks for tens of thousands.
static INDEX: LazyLock<HashMap<&'static str, Arc<Row>>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for tool in ALL.iter().flat_map(|table| table.iter()) {
        let row = Arc::new(Row::new(tool));
        all.extend(tool.names.split_whitespace().map(|name| (name, Arc::clone(&row))));
    }
    all
});

/// The first letters of the first verbs, by their last five bits; all of them where no verb is asked for.
fn letters(verbs: &str) -> u32 {
    let first = |path: &str| {
        path.split_whitespace().next().map(|verb| verb.split('|').map(letter).fold(0, |a, b| a | b))
    };
    verbs
        .split(',')
        .map(|path| first(path).filter(|_| path.trim() != "^").unwrap_or(u32::MAX))
        .fold(0, |a, b| a | b)
}

fn letter(word: &str) -> u32 {
    word.bytes().next().map_or(u32::MAX, |b| 1 << (b & 31))
}

pub(super) fn find(name: &str) -> Option<&'static Row> {
    INDEX.get(name).map(|row| &**row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_one_table_only_and_every_row_can_be_reached() {
        let tools: Vec<_> = ALL.iter().flat_map(|table| table.iter()).collect();
        let mut names: Vec<_> = tools.iter().flat_map(|tool| tool.names.split_whitespace()).collect();
        names.sort_unstable();
        let twice: Vec<_> = names.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        for tool in tools {
            for (verbs, ..) in tool.rules {
                for path in verbs.split(',') {
                    let depth = path.split_whitespace().count();
                    assert!(depth <= 4, "{} {path}", tool.names);
                }
            }
        }
    }

    /// Two rules of one tool for one path: only the first would ever count.
    #[test]
    fn no_rule_hides_another() {
        let mut hidden = Vec::new();
        for tool in ALL.iter().flat_map(|table| table.iter()) {
            let mut seen: Vec<String> = Vec::new();
            for (verbs, ..) in tool.rules {
                for path in verbs.split(',') {
                    let mut paths = vec![String::new()];
                    for word in path.split_whitespace() {
                        let with = |path: &String| {
                            word.split('|').map(|verb| format!("{path} {verb}")).collect::<Vec<_>>()
                        };
                        paths = paths.iter().flat_map(with).collect();
                    }
                    for path in paths {
                        if seen.contains(&path) {
                            hidden.push(format!("{}:{path}", tool.names));
                        }
                        seen.push(path);
                    }
                }
            }
        }
        assert!(hidden.is_empty(), "{hidden:#?}");
    }
}
