//! Where a tool's name is looked up.
use std::collections::HashMap;
use std::sync::LazyLock;

use super::data;
use super::rules::{Rider, Rule, Tool};

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

/// Every name of every tool: a catalogue asks for tens of thousands.
static INDEX: LazyLock<HashMap<&'static str, &'static Tool>> = LazyLock::new(|| {
    let tools = ALL.iter().flat_map(|table| table.iter());
    tools.flat_map(|tool| tool.names.split_whitespace().map(move |name| (name, tool))).collect()
});

type ByVerb = HashMap<&'static str, Vec<&'static Rule>>;

/// The rules of each tool by the verbs that they begin with; `^` and nothing are verbs here.
static RULES: LazyLock<HashMap<&'static str, ByVerb>> = LazyLock::new(|| {
    let mut all: HashMap<_, ByVerb> = HashMap::new();
    for tool in ALL.iter().flat_map(|table| table.iter()) {
        for rule in tool.rules {
            for path in rule.0.split(',') {
                for verb in path.split_whitespace().next().unwrap_or_default().split('|') {
                    all.entry(tool.names).or_default().entry(verb).or_default().push(rule);
                }
            }
        }
    }
    all
});

/// The rules of a tool that can be meant by a path of this first word: two hundred would be held against it otherwise.
pub(super) fn rules(tool: &Tool, first: &str) -> impl Iterator<Item = &'static Rule> {
    let own = (!matches!(first, "" | "^")).then_some(first);
    let known: Option<&'static ByVerb> = RULES.get(tool.names);
    [Some(""), Some("^"), own].map(|verb| known?.get(verb?)).into_iter().flatten().flatten().copied()
}

/// The riders of each tool, in their order, with the letters that their verbs begin with.
static RIDERS: LazyLock<HashMap<&'static str, Vec<(u32, &'static Rider)>>> = LazyLock::new(|| {
    let tools = ALL.iter().flat_map(|table| table.iter()).filter(|tool| !tool.riders.is_empty());
    tools
        .map(|tool| (tool.names, tool.riders.iter().map(|rider| (letters(rider.0), rider)).collect()))
        .collect()
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

/// The riders of a tool that can be meant by a path, in their order.
pub(super) fn riders(tool: &Tool, path: &str) -> impl Iterator<Item = &'static Rider> {
    let first = letter(path);
    let all = if tool.riders.is_empty() { None } else { RIDERS.get(tool.names) };
    all.into_iter().flatten().filter(move |(letters, _)| letters & first != 0).map(|(_, rider)| *rider)
}

pub(super) fn find(name: &str) -> Option<&'static Tool> {
    INDEX.get(name).copied()
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
