//! Where a tool's name is looked up.
use super::data;
use super::rules::Tool;

/// Every table; a name stands in one of them only.
pub(super) const ALL: &[&[Tool]] = &[
    data::kube::TOOLS,
    data::docker::TOOLS,
    data::database::TOOLS,
    data::web::TOOLS,
    data::wrappers::TOOLS,
    data::readers::TOOLS,
];

pub(super) fn find(name: &str) -> Option<&'static Tool> {
    let named = |tool: &&Tool| tool.names.split_whitespace().any(|one| one == name);
    ALL.iter().flat_map(|table| table.iter()).find(named)
}
