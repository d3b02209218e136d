//! Tests of the ways of writing: no text makes a sign of any of their languages.
use proptest::prelude::*;

use super::*;

const HOSTILE: [&str; 22] = [
    "# heading",
    "## h\n# second line",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[link](javascript:alert(1))",
    "![image](http://evil/x.png)",
    "http://evil.example/x|y",
    "www.evil.example",
    "ann@evil.example",
    "`code` **bold** _it_ ~~gone~~",
    "| a | b |",
    "a|b\\|c",
    "\\`\\",
    "- item",
    "1. item",
    "12) item",
    "> quote",
    "===",
    "---",
    "&lt;b&gt; &#60;b&#62;",
    "\u{202e}evil\u{1b}[2J",
    "``http://x`` \"quoted\" 'single'",
];

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
                Block::Empty("(to be written)"),
            ],
        )],
    }
}

/// The lines of Markdown without what is code or escaped: what a reader could take for a sign.
fn bare(markdown: &str) -> Vec<String> {
    markdown.lines().map(bare_line).collect()
}

fn bare_line(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(c) = rest.chars().next() {
        let ticks = rest.chars().take_while(|c| *c == '`').count();
        if ticks > 0 {
            let fence = "`".repeat(ticks);
            let inner = &rest[ticks..];
            let end = inner
                .match_indices(&fence)
                .find(|(at, _)| !inner[at + ticks..].starts_with('`') && !inner[..*at].ends_with('`'));
            let (at, _) = end.expect("what begins as code ends on its line");
            rest = &inner[at + ticks..];
            out.push('C');
        } else if c == '\\' {
            let escaped = rest.chars().nth(1).expect("something is escaped");
            assert!(escaped.is_ascii_punctuation(), "{line}");
            rest = &rest[2..];
            out.push('E');
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn is_harmless_markdown(text: &str) {
    let markdown = paper(text).markdown();
    let lines = bare(&markdown);
    let with = |prefix: &str| lines.iter().filter(|line| line.starts_with(prefix)).count();
    assert_eq!((with("# "), with("## ")), (1, 1), "{markdown}");
    assert_eq!((with("- "), with("  - ")), (2, 2), "{markdown}");
    assert_eq!(with("| "), 3, "{markdown}");
    for line in &lines {
        if line.starts_with("| ") {
            assert_eq!(line.matches('|').count(), 3, "{markdown}");
        } else {
            assert!(!line.contains('|'), "{markdown}");
        }
        let text = line.trim_start_matches(['#', ' ', '-', '|']).replace("**Severity:**", "");
        let text = text.trim_start_matches('_').trim_end_matches('_');
        assert!(!text.contains(['<', '>', '[', ']', '*', '&', '!', '#', '~']), "{markdown}");
        assert!(
            !text.contains("://") && !text.contains('@') && !text.to_lowercase().contains("www."),
            "{markdown}"
        );
    }
    assert_eq!(markdown.lines().count(), 17, "{markdown}");
}

#[test]
fn no_text_makes_a_heading_a_link_a_list_a_table_or_html_in_markdown() {
    for text in HOSTILE {
        is_harmless_markdown(text);
    }
}

#[test]
fn plain_words_stay_readable_in_markdown() {
    let words = "pool of shop/api: 10 → 30 (by ann), 2026-11-26 03:12, 3.5 GiB";
    assert!(paper(words).markdown().contains(&format!("- ✗ {words}\n")), "{}", paper(words).markdown());
}

/// Every tag of a page, without what stands between.
fn tags(page: &str) -> Vec<String> {
    let opens = page.split('<').skip(1);
    opens.map(|part| part.split('>').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn no_text_makes_a_tag_or_an_attribute_in_html() {
    let calm = tags(&paper("calm").html());
    for text in HOSTILE {
        let page = paper(text).html();
        assert_eq!(tags(&page), calm, "{text}");
        assert!(!page.contains("<script") && !page.contains("http://evil.example/x\""), "{text}");
    }
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let page = paper("calm").html();
    assert!(page.contains("default-src &#39;none&#39;"), "{page}");
    for asked in ["<script", "<link", "<img", "src=", "href=", "url(", "@import", "onload"] {
        assert!(!page.contains(asked), "{asked}");
    }
}

#[test]
fn a_report_for_a_terminal_moves_no_cursor_and_keeps_its_lines() {
    let calm = paper("calm").text();
    for text in HOSTILE {
        let shown = paper(text).text();
        assert_eq!(shown.lines().count(), calm.lines().count(), "{text}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_harmless(text in any::<String>(), signs in "[-#>|`*_\\[\\]()<&!~=+.0-9 \\\\@:/w]{0,24}") {
        for text in [text, signs] {
            is_harmless_markdown(&text);
            prop_assert_eq!(tags(&paper(&text).html()), tags(&paper("calm").html()));
        }
    }
}
