//! Where a tool's name is looked up.
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

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
    rules: OnceLock<ByVerb<Rule>>,
    riders: OnceLock<ByVerb<Rider>>,
}

impl Row {
    fn new(tool: &'static Tool) -> Self {
        Row { tool, rules: OnceLock::new(), riders: OnceLock::new() }
    }

    /// The rules that begin with the words of a path, and how many words each of them covers.
    pub fn rules<'s>(&'s self, path: &'s str) -> impl Iterator<Item = (usize, &'static Rule)> + 's {
        self.rules.get_or_init(|| ByVerb::new(self.tool.rules, |rule| rule.0)).under(path)
    }

    /// The riders of such verbs, in their order.
    pub fn riders<'s>(&'s self, path: &'s str) -> impl Iterator<Item = &'static Rider> + 's {
        let all = self.riders.get_or_init(|| ByVerb::new(self.tool.riders, |rider| rider.0));
        all.under(path).map(|(_, rider)| rider)
    }
}

/// Rules or riders in their order: under each verb that one of them begins with, and under no verb.
struct ByVerb<T: 'static> {
    own: HashMap<&'static str, Vec<Way<T>>>,
    common: Vec<Way<T>>,
}

/// One path of a rule: how many verbs it has so far, and those behind them.
#[derive(Clone, Copy)]
struct Way<T: 'static> {
    depth: usize,
    rest: &'static str,
    to: &'static T,
}

impl<T: Copy> ByVerb<T> {
    fn new(all: &'static [T], verbs: fn(&T) -> &'static str) -> Self {
        let mut by = ByVerb { own: HashMap::new(), common: Vec::new() };
        for to in all {
            for path in verbs(to).split(',').map(str::trim_start) {
                let (verb, rest) = path.split_once(' ').unwrap_or((path, ""));
                if matches!(verb, "" | "^") {
                    let way = Way { depth: 0, rest: path, to };
                    by.own.values_mut().for_each(|ways| ways.push(way));
                    by.common.push(way);
                    continue;
                }
                for one in verb.split('|') {
                    let ways = by.own.entry(one).or_insert_with(|| by.common.clone());
                    ways.push(Way { depth: 1, rest, to });
                }
            }
        }
        by
    }

    fn under<'s>(&'s self, path: &'s str) -> impl Iterator<Item = (usize, &'static T)> + 's {
        let (first, behind) = path.split_once(' ').unwrap_or((path, ""));
        self.own.get(first).unwrap_or(&self.common).iter().filter_map(move |way| {
            let more = args::depth(if way.depth == 0 { path } else { behind }, way.rest)?;
            Some((way.depth + more, way.to))
        })
    }
}

/// About as many names as there are: a map that grows hashes all of them again and again.
const NAMES: usize = 1_500;

/// Every name of every tool: a catalogue asks for tens of thousands.
static INDEX: LazyLock<HashMap<&'static str, Arc<Row>>> = LazyLock::new(|| {
    let mut all = HashMap::with_capacity(NAMES);
    for tool in ALL.iter().flat_map(|table| table.iter()) {
        let row = Arc::new(Row::new(tool));
        all.extend(tool.names.split_whitespace().map(|name| (name, Arc::clone(&row))));
    }
    all
});

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
