//! Text for another program's own screen: query languages of metrics, logs and documents.
use std::ops::Range;

use super::{Cuts, Piece, inside, lines};
use crate::commands::tools::judge_mongo;
use crate::commands::{Role, Traits};
use crate::domain::approval::Tier;

/// Calls and verbs of such languages that take something away.
const DESTROYS: &[&str] = &[
    ".drop(",
    ".dropdatabase(",
    ".dropindex",
    ".remove(",
    ".deletemany(",
    ".deleteone(",
    ".drop ",
    ".purge ",
    "| delete",
    ".shutdownserver(",
];
const CHANGES: &[&str] =
    &[".insert", ".update", ".save(", ".replaceone(", ".createindex(", ".set ", ".alter ", ".create "];

pub(super) fn cut(text: &str) -> Cuts {
    let mut cuts = Cuts { pieces: Vec::new(), comments: Vec::new(), sign: &['#', '/', '-'] };
    let mut open: Option<Range<usize>> = None;
    let mut depth = 0_i32;
    for (at, line) in lines(text) {
        let code = line.trim();
        let range = inside(at, line);
        let comment = code.starts_with('#') || code.starts_with("//") || code.starts_with("-- ");
        if code.is_empty() || comment {
            end(&mut open, text, &mut cuts);
            depth = 0;
            if comment {
                cuts.comments.push(range);
            }
            continue;
        }
        let goes_on = depth > 0
            || code.starts_with(['|', ')', ']', '}', '.', '{'])
            || line.starts_with([' ', '\t'])
            || joins(code);
        match &mut open {
            Some(before) if goes_on || ends_open(text.get(before.clone()).unwrap_or_default()) => {
                before.end = range.end;
            }
            _ => {
                end(&mut open, text, &mut cuts);
                depth = 0;
                open = Some(range);
            }
        }
        let count = |signs: [char; 3]| i32::try_from(code.matches(signs).count()).unwrap_or(i32::MAX / 2);
        depth = (depth + count(['(', '[', '{']) - count([')', ']', '}'])).max(0);
    }
    end(&mut open, text, &mut cuts);
    cuts
}

/// Whether a line begins with what joins two queries.
fn joins(line: &str) -> bool {
    const SIGNS: &[&str] = &[
        "/", "*", "+", "-", "%", ">", "<", ">=", "<=", "==", "!=", "and", "or", "unless", "by", "without",
        "on",
    ];
    line.split([' ', '(']).next().is_some_and(|first| SIGNS.contains(&first))
}

/// Whether a query waits for another line.
fn ends_open(text: &str) -> bool {
    let tail = text.trim_end();
    let last = tail.rsplit(char::is_whitespace).next().unwrap_or_default();
    tail.ends_with(['|', ',', '+', '/', '\\', '(', '{', '['])
        || ["and", "or", "by", "unless", "on", "not", "*", "-", ">", "<", "=="]
            .iter()
            .any(|word| last.eq_ignore_ascii_case(word))
}

fn end(open: &mut Option<Range<usize>>, text: &str, cuts: &mut Cuts) {
    let Some(range) = open.take() else { return };
    let query = text.get(range.clone()).unwrap_or_default();
    let lower = query.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    // Consoles of search engines take an HTTP method and a path.
    let method = query.split_whitespace().next().unwrap_or_default();
    let (risk, why) = if has(DESTROYS) || method == "DELETE" {
        (Tier::Danger, "for another program's screen; it takes something away there")
    } else if has(CHANGES)
        || matches!(method, "PUT" | "POST" | "PATCH") && query.contains(" /") && !query.contains("_search")
    {
        (Tier::Change, "for another program's screen; it changes something there")
    } else {
        (Tier::Read, "text for another program's screen: copied, never run")
    };
    let mongo =
        ["db.", "rs.", "sh."].iter().any(|start| query.starts_with(start)).then(|| judge_mongo(query));
    let (risk, why) = match mongo.map(|mongo| mongo.risk) {
        Some(Tier::Danger) if risk < Tier::Danger => {
            (Tier::Danger, "for another program's screen; it takes something away there")
        }
        Some(Tier::Change) if risk < Tier::Change => {
            (Tier::Change, "for another program's screen; what it does there is not known")
        }
        _ => (risk, why),
    };
    let splunk = ["source=", "index=", "sourcetype="].iter().any(|start| lower.starts_with(start));
    cuts.pieces.push(Piece {
        range,
        risk,
        why: why.to_owned(),
        tool: if splunk { "splunk" } else { "query" }.to_owned(),
        subcommand: None,
        traits: Traits { pipe: query.contains('|'), ..Traits::default() },
        role: Role::Query,
        shell: None,
    });
}
