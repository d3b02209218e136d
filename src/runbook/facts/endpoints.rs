//! Addresses and channels that a document names, each once, with the line where it stands first.
use std::collections::HashSet;

use crate::runbook::document::inline::{code_spans, links};
use crate::runbook::document::{Blocks, Fence, What};
use crate::runbook::types::{Fact, Row};

use super::build::row;
use super::known::{Known, has};

/// More than this is a list of addresses, not a runbook.
const MOST: usize = 2000;

pub fn read(blocks: &Blocks) -> Option<Fact> {
    let mut found = Found::default();
    for block in &blocks.blocks {
        match &block.what {
            What::Heading { text, .. } => found.text(text, block.line),
            What::Paragraph(lines) | What::Item { text: lines, .. } => {
                for line in lines {
                    found.text(&line.text, line.no);
                }
            }
            What::Fence(Fence { body, .. }) | What::Indented(body) => {
                for line in body {
                    found.code(&line.text, line.no);
                }
            }
            What::Table(table) => {
                let header = table.header.iter().map(|cell| (cell, block.line));
                let cells = table.rows.iter().flat_map(|row| row.cells.iter().map(|cell| (cell, row.line)));
                for (cell, line) in header.chain(cells) {
                    found.text(cell, line);
                }
            }
            What::Comment(_) | What::Rule => {}
        }
    }
    let (first, last) = (found.rows.first()?.line, found.rows.last()?.line);
    Some(Fact {
        kind: "endpoints",
        title: "Addresses and channels".to_owned(),
        line: first,
        end_line: last,
        rows: found.rows,
    })
}

/// Where the first address begins: `http://` or `https://`.
fn address(text: &str) -> Option<usize> {
    memchr::memchr_iter(b':', text.as_bytes()).find_map(|colon| {
        // Most colons end a word.
        let before =
            text.get(..colon).filter(|_| text.get(colon..).is_some_and(|rest| rest.starts_with("://")))?;
        let scheme = ["https", "http"].into_iter().find(|scheme| before.ends_with(scheme))?;
        Some(colon - scheme.len())
    })
}

/// Whether a sign stands in a text without which there is neither an address nor a channel.
fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    let sign = |at: usize| bytes.get(at) == Some(&b'#') || bytes.get(at + 1) == Some(&b'/');
    memchr::memchr2_iter(b'#', b':', bytes).any(sign)
}

#[derive(Default)]
struct Found {
    seen: HashSet<String>,
    rows: Vec<Row>,
}

impl Found {
    fn put(&mut self, line: u32, name: &str, value: &str, title: &str) {
        if self.rows.len() < MOST && self.seen.insert(value.to_owned()) {
            let title = if title == value { "" } else { title };
            self.rows.push(row(line, [(name, value.to_owned()), ("title", title.to_owned())]));
        }
    }

    /// Markdown: links, and what stands in code.
    fn text(&mut self, markdown: &str, line: u32) {
        if !may_hold(markdown) {
            return;
        }
        if address(markdown).is_none() {
            return self.channels(markdown, line, true);
        }
        for (title, url) in links(markdown) {
            if url.starts_with("http://") || url.starts_with("https://") {
                self.put(line, "url", &url, &title);
            }
        }
        for (_, code) in code_spans(markdown) {
            self.urls(&code, line);
        }
        self.channels(markdown, line, true);
    }

    fn code(&mut self, text: &str, line: u32) {
        if !may_hold(text) {
            return;
        }
        self.urls(text, line);
        self.channels(text, line, false);
    }

    fn urls(&mut self, text: &str, line: u32) {
        let mut rest = text;
        while let Some(at) = address(rest) {
            let after = rest.get(at..).unwrap_or_default();
            let stop = |c: char| c.is_whitespace() || "\"'`<>\\|;,)".contains(c);
            let end = after.find(stop).unwrap_or(after.len());
            let url = after.get(..end).unwrap_or_default().trim_end_matches(['.', ':', '&', '!']);
            // What the shell would put into it is not known here.
            if url.len() > 8 && !url.contains("$(") {
                self.put(line, "url", url, "");
            }
            rest = after.get(end.max(7)..).unwrap_or_default();
        }
    }

    /// `#incidents`: in running text a name with a dash, or any name beside a word that says what it is.
    fn channels(&mut self, text: &str, line: u32, prose: bool) {
        const SAID: &Known =
            &Known::new(&["channel*", "slack", "chat", "teams", "irc", "mattermost", "discord"]);
        if memchr::memchr(b'#', text.as_bytes()).is_none() {
            return;
        }
        let said = has(text, SAID);
        let mut before = ' ';
        for (at, c) in text.char_indices() {
            let opens = before.is_whitespace()
                || matches!(before, '(' | '"' | '\'' | '`' | '*' | '[' | ':' | '/' | ',');
            if c == '#' && opens {
                let rest = text.get(at + 1..).unwrap_or_default();
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
                    .unwrap_or(rest.len());
                let name = rest.get(..end).unwrap_or_default().trim_end_matches(['-', '_']);
                let word = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() >= 3;
                let anchor = rest.get(end..).is_some_and(|rest| rest.starts_with(')'))
                    && before == '('
                    && text.get(..at).is_some_and(|text| text.ends_with("]("));
                if word && !anchor && (said || (prose && name.contains('-'))) {
                    self.put(line, "channel", &format!("#{name}"), "");
                }
            }
            before = c;
        }
    }
}
