//! Reports as a reader of Markdown takes them: hostile names stay names.
use firedeck::domain::level::Level;
use firedeck::incident::paper::{Block, Item, Paper, Section};
use firedeck::runbook::document::{self, What};
use proptest::prelude::*;

fn paper(text: &str) -> Paper {
    let text = || text.to_owned();
    Paper {
        title: text(),
        facts: vec![("Severity", text())],
        sections: vec![Section::new(
            "Part",
            vec![
                Block::Text(text()),
                Block::List(vec![
                    Item::new(Level::Bad, text()).and(text()).with_command("take back", text()),
                ]),
                Block::Table { head: vec!["Time", "What"], rows: vec![vec![text(), text()]] },
            ],
        )],
    }
}

/// What kinds of blocks there are, in their order, with the cells of tables.
fn shape(text: &str) -> Vec<String> {
    let blocks = document::read(&paper(text).markdown()).blocks;
    let name = |what: &What| match what {
        What::Table(table) => {
            let cells: Vec<usize> = table.rows.iter().map(|row| row.cells.len()).collect();
            format!("table {cells:?}")
        }
        What::Paragraph(lines) => format!("paragraph of {}", lines.len()),
        other => format!("{other:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned(),
    };
    blocks.iter().map(|block| name(&block.what)).collect()
}

#[test]
fn a_reader_finds_the_same_blocks_whatever_the_names_are() {
    let calm = shape("calm");
    for text in [
        "# heading",
        "> quote",
        "- item\n- another",
        "1. item",
        "```sh\nrm -rf /\n```",
        "| a | b |",
        "<script>alert(1)</script>",
        "***",
        "===",
        "~~~",
        "<!-- hidden -->",
        "http://evil|b",
    ] {
        assert_eq!(shape(text), calm, "{}", paper(text).markdown());
    }
}

proptest! {
    #[test]
    fn any_name_leaves_the_blocks_as_they_are(text in "[-#>|`*_\\[\\]()<&!~=+.0-9 \\\\@:/w\n]{1,24}") {
        // A name of blanks alone is no name, and leaves its line empty.
        prop_assume!(!text.trim().is_empty());
        prop_assert_eq!(shape(&text), shape("calm"), "{}", paper(&text).markdown());
    }
}
