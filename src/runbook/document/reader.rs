//! Goes through the lines of a file once and makes blocks of them.
mod markup;

use super::defects::{Defects, number};
use super::fence::Ends;
use super::html;
use super::line::{self, Bullet};
use super::mark::{self, Marks};
use super::stack::Stack;
use super::{Block, Fence, Line, Table, TableRow, What, info, table};

/// How many list marks may follow each other on one line (`- - - text`).
const MARKS_ON_A_LINE: usize = 32;
/// Cells that short rows get to be as long as their header, in the whole file.
const PADDING: usize = 200_000;

/// The block that the next line may still belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaf {
    None,
    /// A paragraph, or the text of an item.
    Text,
    Indented,
}

pub fn read(lines: &[&str], start: usize, defects: &mut Defects) -> Vec<Block> {
    let marks = Marks::find(lines, start);
    let ends = Ends { lines, marks: &marks };
    let mut reader = Reader {
        lines,
        ends,
        defects,
        blocks: Vec::new(),
        stack: Stack::default(),
        leaf: Leaf::None,
        blank: true,
        mark: 0,
        padding: PADDING,
        comments: true,
        pres: true,
    };
    let mut at = start;
    while at < lines.len() {
        at = reader.step(at).max(at + 1);
    }
    reader.blocks
}

struct Reader<'a, 'l, 'd> {
    lines: &'l [&'a str],
    ends: Ends<'a, 'l>,
    defects: &'d mut Defects,
    blocks: Vec<Block>,
    stack: Stack,
    leaf: Leaf,
    /// The line above is blank, or there is none.
    blank: bool,
    /// The first mark that is not above the present line.
    mark: usize,
    padding: usize,
    /// Whether an end of a comment, or of a `<pre>`, may still follow.
    comments: bool,
    pres: bool,
}

impl<'a> Reader<'a, '_, '_> {
    /// Reads the line `at` and what belongs to it; the line to go on with.
    fn step(&mut self, at: usize) -> usize {
        let quote = line::unquote(self.line(at), usize::MAX);
        let quoted = quote.depth > 0;
        let (indent, text) = line::indent(quote.rest, 0);
        let mut text = text.trim_end();
        if text.is_empty() {
            if !quoted {
                self.leave_quote();
            }
            self.blank = true;
            return at + 1;
        }
        if self.stack.quoted() && !quoted {
            if self.continues(at, indent, text) {
                self.append(at, text);
                return at + 1;
            }
            self.leave_quote();
        }
        if quoted && !self.stack.quoted() {
            self.leaf = Leaf::None;
            self.blank = true;
            self.stack.enter_quote(quote.outer);
        }
        if quoted
            && self.blank
            && let Some((kind, rest)) = html::alert(text)
        {
            self.stack.name_quote(kind);
            if rest.is_empty() {
                return at + 1;
            }
            text = rest;
        }
        let next = self.block(at, indent, text);
        self.blank = false;
        next
    }

    fn line(&self, at: usize) -> &'a str {
        self.lines.get(at).copied().unwrap_or_default()
    }

    /// The text of a line, when it stands in a quote like the present one.
    fn text(&self, at: usize) -> Option<&'a str> {
        let quote = line::unquote(self.lines.get(at)?, usize::MAX);
        let text = line::indent(quote.rest, 0).1.trim_end();
        (!text.is_empty() && (quote.depth > 0) == self.stack.quoted()).then_some(text)
    }

    fn leave_quote(&mut self) {
        if self.stack.quoted() {
            self.stack.leave_quote();
            self.leaf = Leaf::None;
        }
    }

    /// The mark on this line.
    fn mark(&mut self, at: usize) -> Option<usize> {
        let marks = self.ends.marks;
        while marks.get(self.mark).is_some_and(|mark| mark.line < at) {
            self.mark += 1;
        }
        marks.get(self.mark).filter(|mark| mark.line == at).map(|_| self.mark)
    }

    /// Reads a block that begins on this line, or goes on with the open one.
    fn block(&mut self, at: usize, indent: usize, text: &'a str) -> usize {
        if let Some(mark) =
            self.mark(at).filter(|mark| self.ends.marks.get(*mark).is_some_and(|mark| !mark.item))
        {
            self.start(indent);
            return self.fence(mark);
        }
        let deep = indent.saturating_sub(self.stack.content(indent)) >= 4;
        if self.leaf == Leaf::Indented && deep {
            return self.indented(at, indent);
        }
        if let Some(next) = self.markup(at, indent, text) {
            return next;
        }
        if let Some(level) = self.underlines(indent, text) {
            self.underline(at, level);
            return at + 1;
        }
        if !deep && line::rule(text) {
            self.start(indent);
            self.push(at, at, What::Rule);
            return at + 1;
        }
        if let Some((level, title)) = self.heading(at, deep, text) {
            self.start(indent);
            if indent < 2 && self.stack.leave_boxes() {
                self.defects.note(at, "a box is never closed; it was ended at this heading");
            }
            if !title.is_empty() {
                self.push(at, at, What::Heading { level, text: title.to_owned() });
            }
            return at + 1;
        }
        if let Some(bullet) = self.bullet(deep, text) {
            return self.item(at, indent, bullet);
        }
        if let Some(header) = self.table_begins(at, text) {
            self.start(indent);
            return self.table(at, header);
        }
        if self.leaf == Leaf::Text && !self.blank {
            self.append(at, text);
            return at + 1;
        }
        self.start(indent);
        if line::definition(text) {
            return at + 1;
        }
        if deep {
            return self.indented(at, indent);
        }
        self.paragraph(at, text);
        at + 1
    }

    /// Ends the open leaf and the containers that a line of this indentation does not belong to.
    fn start(&mut self, indent: usize) {
        self.leaf = Leaf::None;
        self.stack.fit(indent);
    }

    fn push(&mut self, at: usize, end: usize, what: What) {
        let (item, quote) = (self.stack.item(), self.stack.quote());
        self.blocks.push(Block { line: number(at), end_line: number(end), item, quote, what });
    }

    fn paragraph(&mut self, at: usize, text: &str) {
        self.push(at, at, What::Paragraph(vec![Line { no: number(at), text: text.to_owned() }]));
        self.leaf = Leaf::Text;
    }

    /// Whether the line belongs to the open text although it stands outside its quote.
    fn continues(&self, at: usize, indent: usize, text: &str) -> bool {
        self.leaf == Leaf::Text
            && !self.blank
            && line::bullet(text).is_none()
            && line::heading(text, false).is_none()
            && !line::rule(text)
            && !text.starts_with(['<', '|', ':', '!', '{', '`', '~'])
            && indent < 4
            && mark::read(self.line(at), at).is_none()
    }

    fn append(&mut self, at: usize, text: &str) {
        let Some(block) = self.blocks.last_mut() else { return };
        let line = Line { no: number(at), text: text.to_owned() };
        match &mut block.what {
            What::Paragraph(lines) | What::Item { text: lines, .. } => lines.push(line),
            _ => return,
        }
        block.end_line = number(at);
    }

    fn heading<'t>(&self, at: usize, deep: bool, text: &'t str) -> Option<(u8, &'t str)> {
        if deep || !text.starts_with('#') {
            return None;
        }
        let free = self.blank || self.leaf != Leaf::Text;
        let alone = free && self.text(at + 1).is_none();
        let (level, title) = line::heading(text, alone)?;
        let glued = !title.is_empty() && !text.trim_start_matches('#').starts_with([' ', '\t', '\u{a0}']);
        (!glued || free).then_some((level, title))
    }

    /// Whether this line makes a heading of the text above it.
    fn underlines(&self, indent: usize, text: &str) -> Option<u8> {
        let level = line::underline(text)?;
        if self.leaf != Leaf::Text || self.blank || indent >= 4 {
            return None;
        }
        match &self.blocks.last()?.what {
            // A rule below several lines, or below `**Name:** value`, is a rule.
            What::Paragraph(lines) => {
                let [only] = lines.as_slice() else { return None };
                let pair = super::inline::bold_lead(&only.text).is_some_and(|(_, rest)| !rest.is_empty());
                (!pair && self.stack.item().is_none()).then_some(level)
            }
            _ => None,
        }
    }

    fn underline(&mut self, at: usize, level: u8) {
        self.leaf = Leaf::None;
        let Some(block) = self.blocks.last_mut() else { return };
        let What::Paragraph(lines) = &mut block.what else { return };
        let text = lines.pop().unwrap_or_default().text;
        block.what = What::Heading { level, text };
        block.end_line = number(at);
    }

    /// The mark of a list item, where one can stand.
    fn bullet<'t>(&self, deep: bool, text: &'t str) -> Option<Bullet<'t>> {
        let bullet = line::bullet(text)?;
        let open = self.leaf == Leaf::Text && !self.blank;
        let listed = self.stack.listed();
        if (deep && !listed) || (open && bullet.rest.is_empty()) {
            return None;
        }
        if bullet.glued && (open || self.stack.sign().is_some()) && self.stack.sign() != Some(bullet.sign) {
            return None;
        }
        // A number that happens to begin a line of text is none; one that ends a sentence with a colon may be.
        if open
            && !listed
            && let super::Marker::Number(number) = bullet.marker
            && number > 1
            && !self.introduced()
        {
            return None;
        }
        Some(bullet)
    }

    /// Whether the open paragraph ends like the words above a list.
    fn introduced(&self) -> bool {
        match self.blocks.last().map(|block| &block.what) {
            Some(What::Paragraph(lines)) => {
                lines.last().is_some_and(|line| line.text.ends_with([':', '*', '_']))
            }
            _ => false,
        }
    }

    fn item(&mut self, at: usize, indent: usize, first: Bullet<'a>) -> usize {
        self.leaf = Leaf::None;
        let (mut column, mut bullet) = (indent, first);
        for _ in 0..MARKS_ON_A_LINE {
            self.stack.fit_item(column, bullet.sign);
            let (checkbox, text) = match line::checkbox(bullet.rest) {
                Some((ticked, text)) => (Some(ticked), text),
                None => (None, bullet.rest),
            };
            let inner = line::bullet(text)
                .filter(|inner| !inner.glued && !inner.rest.is_empty() && !line::rule(text));
            let fence = self.mark(at).filter(|_| text.starts_with(['`', '~']));
            let heading =
                line::heading(text, false).filter(|(_, title)| !title.is_empty() && text.contains("# "));
            let own = if inner.is_some() || fence.is_some() || heading.is_some() { "" } else { text };
            let lines =
                if own.is_empty() { Vec::new() } else { vec![Line { no: number(at), text: own.to_owned() }] };
            self.push(at, at, What::Item { marker: bullet.marker, checkbox, text: lines });
            self.stack.enter_item(self.blocks.len() - 1, column, bullet.width, bullet.sign);
            if let Some(fence) = fence {
                return self.fence(fence);
            }
            if let Some((level, title)) = heading {
                self.push(at, at, What::Heading { level, text: title.to_owned() });
                return at + 1;
            }
            self.leaf = Leaf::Text;
            let Some(inner) = inner else { return at + 1 };
            column += bullet.width;
            bullet = inner;
        }
        at + 1
    }

    /// Code by indentation alone, with the blank lines between its lines.
    fn indented(&mut self, at: usize, indent: usize) -> usize {
        if self.leaf != Leaf::Indented {
            self.push(at, at, What::Indented(Vec::new()));
            self.leaf = Leaf::Indented;
        }
        let depth = self.stack.content(indent) + 4;
        let rest = line::unquote(self.line(at), usize::MAX).rest;
        let text = line::dedent(rest, depth).into_owned();
        let Some(block) = self.blocks.last_mut() else { return at + 1 };
        if let What::Indented(lines) = &mut block.what {
            let blank = lines.last().map_or(number(at), |last| last.no + 1);
            lines.extend((blank..number(at)).map(|no| Line { no, text: String::new() }));
            lines.push(Line { no: number(at), text });
        }
        block.end_line = number(at);
        at + 1
    }

    fn table_begins(&self, at: usize, text: &str) -> Option<Vec<String>> {
        if self.padding == 0 || !text.contains('|') {
            return None;
        }
        table::begins(text, self.text(at + 1)?)
    }

    fn table(&mut self, at: usize, header: Vec<String>) -> usize {
        let piped = self.text(at).is_some_and(|text| text.starts_with('|'));
        let mut rows = Vec::new();
        let mut now = at + 2;
        while let Some(text) = self.text(now).filter(|text| text.contains('|') && self.padding > 0) {
            let other =
                text.starts_with("```") || text.starts_with("~~~") || line::heading(text, false).is_some();
            if other || (piped && !text.starts_with('|') && line::bullet(text).is_some()) {
                break;
            }
            let cells = table::row(text, header.len());
            self.padding = self.padding.saturating_sub(header.len().saturating_sub(text.len() / 2));
            rows.push(TableRow { line: number(now), cells });
            now += 1;
        }
        self.push(at, now - 1, What::Table(Table { header, rows }));
        now
    }

    fn fence(&mut self, at: usize) -> usize {
        self.leaf = Leaf::None;
        let end = self.ends.of(at);
        let Some(mark) = self.ends.marks.get(at) else { return end.next };
        if let Some(defect) = &end.defect {
            self.defects.note(mark.line, defect.clone());
        }
        let read = info::read(if mark.kind == mark::Kind::Tail { "" } else { mark.info });
        let mut fence =
            Fence { lang: read.lang, attributes: read.attributes, closed: end.closed, ..Fence::default() };
        if mark.kind == mark::Kind::Tail {
            // The first line of code stands on the line of the mark.
            fence.body.push(Line { no: number(mark.line), text: mark.info.to_owned() });
            self.defects.note(mark.line, "text stands behind a fence's opening mark");
        } else {
            mark.info.clone_into(&mut fence.info);
        }
        for now in mark.line + 1..end.body {
            let text = line::unquote(self.line(now), mark.depth).rest;
            fence.body.push(Line { no: number(now), text: line::dedent(text, mark.column).into_owned() });
        }
        let last = if end.closed { end.body } else { end.body.max(mark.line + 1) - 1 };
        if fence.body.is_empty() && !end.closed && fence.info.is_empty() {
            return end.next;
        }
        self.push(mark.line, last, What::Fence(fence));
        let tail = if end.closed { mark::read(self.line(end.body), end.body) } else { None };
        if let Some(tail) = tail.filter(|tail| tail.kind == mark::Kind::Tail) {
            self.paragraph(end.body, tail.info);
        }
        end.next
    }
}
