//! Whatever the bytes, a document is read, and in a time that grows with its length alone.
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use firedeck::runbook::document::inline::{bold_lead, code_spans, links, plain};
use firedeck::runbook::document::{Blocks, What, read};
use firedeck::runbook::facts;
use proptest::prelude::*;

const LENGTH: usize = 1 << 16;

/// Each of these texts, 64 kB long.
fn texts() -> Vec<(String, String)> {
    let line = |part: &str| part.repeat(LENGTH / part.len());
    let mut texts: Vec<(String, String)> = [
        "```\n",
        "```a\n",
        "````a\n```\n",
        "~~~\n```\n",
        "> ```\n",
        "> ```a\n\n",
        "- ```a\n",
        "```\n## a\n\n",
        "```x y z.\n",
        "`",
        "~",
        "`a",
        "``a`",
        "> ",
        "- ",
        "1. ",
        "* ",
        "#",
        "# a\n",
        "a\n---\n",
        "|",
        "|-",
        "| a |\n",
        "|a|\n|-|\n",
        "<!--",
        "<a ",
        "<b>",
        "</pre>\n<pre>\n",
        "<pre>\n",
        "[",
        "]",
        "[](",
        "![a](b) ",
        "[a][b",
        "**a",
        "*a _b ~~c ",
        "__",
        "&amp",
        ":a:",
        "https://",
        "\\",
        "\t",
        "\n",
        "\r",
        "\0",
        "\u{200b}",
        "!!! note\n    ",
        ":::note\n",
        ":::\n",
        "{{< hint >}}\n",
        "{% a %}\n",
        "> [!NOTE]\n\n",
        "---\n",
        "a: b\n",
        "    a\n\n",
        "- a\n\n      b\n\n",
        "```sh\n\n# a\n\n\n\n",
        "> a\nb\n",
        "\u{1f6a8}",
        "a | b\n",
        "1.A\n",
        "[a]: b.c\n",
        "```sh\nSome words are here.\n\n",
    ]
    .iter()
    .map(|part| (part.escape_debug().to_string(), line(part)))
    .collect();
    let mut deep = String::new();
    let mut growing = String::new();
    for depth in 0..1400 {
        let _ = writeln!(deep, "{}- a", " ".repeat(depth));
        let _ = writeln!(growing, "{}", "`".repeat(1400 - depth + 3));
    }
    deep.push_str(&"b\n".repeat(LENGTH / 4));
    texts.push(("deeper and deeper lists".to_owned(), deep));
    texts.push(("shorter and shorter fences".to_owned(), growing));
    texts.push(("a wide header above short rows".to_owned(), {
        let mut wide = format!("{}\n{}\n", "|a".repeat(100), "|-".repeat(100));
        wide.push_str(&"|\n".repeat(LENGTH / 2));
        wide
    }));
    texts.push(("deep front matter".to_owned(), format!("---\na: {}\n---\n", "[".repeat(60_000))));
    texts.push(("marks between quotes".to_owned(), "```\n> ```\n".repeat(LENGTH / 10)));
    texts
}

/// Texts that are long in what facts are made of.
fn factual() -> Vec<(String, String)> {
    let texts = [
        ("labels of limits", "# Limits\n", "**a:**\n- CPU > 5%\n"),
        ("headings of limits", "", "# a\n- CPU > 5%\n"),
        ("ladders between rules", "# Escalation\n", "---\n1. a\n"),
        ("children of a level", "# Severity\n- P1: a\n- P2: b\n", "  - c\n"),
        ("scales", "", "# Severity\n- P1: a\n- P2: b\n# b\n- CPU > 5%\n"),
        ("days", "", "every monday sunday 1 "),
        ("children of a contact", "# Contacts\n- **a**: b\n", "  - **c**: d\n"),
        ("rules", "```yaml\n", "- alert: a\n  expr: b > 1\n  labels:\n    c: d\n"),
        ("labels of a rule", "```yaml\n- alert: a\n  labels:\n", "    c: d\n"),
        ("a long title above many rows", "# Daily \u{1f6a8}", "Limits "),
        ("comparisons", "# Limits\n- a ", "> 5% "),
        ("alarms", "```sh\n", "aws cloudwatch put-metric-alarm --condition 'a \\\n"),
        ("addresses", "", "https://a.b/c?d=#e #f-g "),
    ];
    let long = |(name, head, part): (&str, &str, &str)| {
        (name.to_owned(), format!("{head}{}", part.repeat(LENGTH / part.len())))
    };
    texts.map(long).to_vec()
}

#[test]
fn a_long_text_of_anything_is_read_in_a_moment() {
    let mut slow = Vec::new();
    for (name, text) in texts().into_iter().chain(factual()) {
        let start = Instant::now();
        let blocks = read(&text);
        whole(&text, &blocks);
        let _ = facts::read(&blocks).len();
        for what in [&text, &text[..text.floor_char_boundary(LENGTH / 2)]] {
            let _ = (plain(what).len(), links(what).len(), code_spans(what).len(), bold_lead(what));
        }
        let took = start.elapsed();
        if took > Duration::from_secs(20) {
            slow.push((name, took));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

/// What holds for every reading.
fn whole(text: &str, blocks: &Blocks) {
    let mut last = 0;
    for (at, block) in blocks.blocks.iter().enumerate() {
        assert!(
            block.line >= 1 && block.line <= block.end_line && block.end_line <= blocks.lines,
            "{block:?}"
        );
        assert!(block.line >= last, "blocks stand in order: {block:?} behind line {last}");
        last = block.line;
        if let Some(item) = block.item {
            assert!(item < at && matches!(blocks.blocks[item].what, What::Item { .. }));
        }
        if let What::Table(table) = &block.what {
            assert!(table.rows.iter().all(|row| row.cells.len() == table.header.len()));
        }
    }
    assert!(
        blocks.defects.iter().all(|note| note.line >= 1 && (note.line <= blocks.lines || text.is_empty()))
    );
}

/// Pieces of which documents are made, and of which their mistakes are made.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("```"),
        Just("```bash"),
        Just("````"),
        Just("~~~"),
        Just("   ```"),
        Just("``` end of it"),
        Just("# One"),
        Just("## Two"),
        Just("# 1. comment"),
        Just("- a"),
        Just("  - b"),
        Just("1. c"),
        Just("> d"),
        Just("> ```"),
        Just("| a | b |"),
        Just("|---|---|"),
        Just("ls -l"),
        Just("Some words stand here."),
        Just(""),
        Just(""),
        Just("---"),
        Just(":::note"),
        Just(":::"),
        Just("!!! warning"),
        Just("    code"),
        Just("<!-- x"),
        Just("-->"),
        Just("\t\tdeep"),
        Just("**Key:** value"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: proptest::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}|[ -~\n\t`#>*|~_-]{0,300}") {
        let blocks = read(&text);
        whole(&text, &blocks);
        let _ = facts::read(&blocks);
        let _ = (plain(&text), links(&text), bold_lead(&text));
        for (range, _) in code_spans(&text) {
            prop_assert!(text.get(range).is_some());
        }
    }

    #[test]
    fn any_document_is_read_and_loses_no_line(text in pieces()) {
        let blocks = read(&text);
        whole(&text, &blocks);
        // Every line with words of its own stands in some block.
        for (at, line) in text.lines().enumerate().filter(|(_, line)| line.starts_with("Some words") || line.starts_with("ls")) {
            let no = u32::try_from(at).unwrap_or_default() + 1;
            prop_assert!(blocks.blocks.iter().any(|block| block.line <= no && no <= block.end_line), "{line} of line {no} in {text:?}");
        }
    }

    #[test]
    fn a_heading_with_its_fence_is_never_lost(before in pieces()) {
        prop_assume!(!before.contains("<!--"));
        let text = format!("{before}\n\n## Planted\n\n```bash\nls planted\n```\n\n```bash\npwd\n```\n");
        let blocks = read(&text);
        let found = blocks.blocks.iter().any(|block| matches!(&block.what, What::Heading { text, .. } if text == "Planted"));
        prop_assert!(found, "{text}");
    }
}
