//! What a line stands in: list items, quotes and boxes around it.
//!
//! A flat list of open containers; nothing here descends, however deep a document is nested.

/// Why a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A list item: ends with a line that is not indented beyond its mark.
    Item { column: usize, sign: char },
    /// A box of indented lines (`!!! warning`).
    Indented,
    /// A box with a closing mark (`:::`).
    Box,
    /// A quote: ends with the first line that has no `>`.
    Quote,
}

#[derive(Debug, Clone)]
pub struct Container {
    pub kind: Kind,
    /// The least indentation of a line that still belongs to it.
    pub need: usize,
    /// Where its text begins.
    pub content: usize,
    /// The innermost item around what it holds.
    pub item: Option<usize>,
    /// The innermost quote or box around what it holds.
    pub quote: Option<String>,
}

#[derive(Debug, Default)]
pub struct Stack {
    open: Vec<Container>,
    /// Where the present quote begins: columns are counted anew inside it.
    quote: Option<usize>,
    boxes: usize,
}

impl Stack {
    /// The containers in whose columns the present line is measured.
    fn scope(&self) -> &[Container] {
        self.open.get(self.base()..).unwrap_or_default()
    }

    fn base(&self) -> usize {
        self.quote.unwrap_or_default()
    }

    pub fn item(&self) -> Option<usize> {
        self.open.last().and_then(|top| top.item)
    }

    pub fn quote(&self) -> Option<String> {
        self.open.last().and_then(|top| top.quote.clone())
    }

    pub fn quoted(&self) -> bool {
        self.quote.is_some()
    }

    /// Whether the line is measured inside a list.
    pub fn listed(&self) -> bool {
        self.scope().iter().rev().take(64).any(|open| matches!(open.kind, Kind::Item { .. }))
    }

    /// The sign of the innermost list, when an item is the innermost container.
    pub fn sign(&self) -> Option<char> {
        match self.scope().last()?.kind {
            Kind::Item { sign, .. } => Some(sign),
            _ => None,
        }
    }

    /// Where the text of the container begins to which a line of this indentation belongs.
    pub fn content(&self, indent: usize) -> usize {
        let scope = self.scope();
        let holds = scope.partition_point(|open| open.need <= indent);
        holds.checked_sub(1).and_then(|at| scope.get(at)).map_or(0, |open| open.content)
    }

    /// Ends the containers to which a line of this indentation does not belong.
    pub fn fit(&mut self, indent: usize) {
        let holds = self.scope().partition_point(|open| open.need <= indent);
        self.cut(self.base() + holds);
    }

    /// The same for the mark of a list item: one column is enough to tell a list of another kind.
    pub fn fit_item(&mut self, indent: usize, sign: char) {
        while self.open.len() > self.base() {
            let Some(top) = self.open.last() else { return };
            let holds = match top.kind {
                Kind::Item { column, sign: other } => {
                    indent >= column + 2 || (indent > column && other != sign)
                }
                _ => top.need <= indent,
            };
            if holds {
                return;
            }
            self.cut(self.open.len() - 1);
        }
    }

    fn cut(&mut self, length: usize) {
        while self.open.len() > length {
            let ended = self.open.pop();
            self.boxes -= usize::from(ended.is_some_and(|ended| ended.kind == Kind::Box));
        }
    }

    fn push(&mut self, container: Container) {
        self.boxes += usize::from(container.kind == Kind::Box);
        self.open.push(container);
    }

    fn need(&self) -> usize {
        self.scope().last().map_or(0, |top| top.need)
    }

    /// Opens the item that is the block `block`.
    pub fn enter_item(&mut self, block: usize, column: usize, width: usize, sign: char) {
        let kind = Kind::Item { column, sign };
        let need = (column + 2).max(self.need());
        let quote = self.quote();
        self.push(Container { kind, need, content: column + width, item: Some(block), quote });
    }

    /// Opens a box whose lines are indented below the column of its mark.
    pub fn enter_indented(&mut self, column: usize, kind: String) {
        let item = self.item();
        let need = (column + 2).max(self.need());
        self.push(Container { kind: Kind::Indented, need, content: column + 4, item, quote: Some(kind) });
    }

    /// Opens a box that has a closing mark.
    pub fn enter_box(&mut self, kind: String) {
        let (item, need) = (self.item(), self.need());
        let content = self.scope().last().map_or(0, |top| top.content);
        self.push(Container { kind: Kind::Box, need, content, item, quote: Some(kind) });
    }

    /// Ends the innermost box that has a closing mark.
    pub fn leave_box(&mut self) {
        if self.boxes > 0
            && let Some(at) = self.open.iter().rposition(|open| open.kind == Kind::Box)
            && at >= self.base()
        {
            self.cut(at);
        }
    }

    /// Ends all boxes that have a closing mark; whether there were any.
    pub fn leave_boxes(&mut self) -> bool {
        let Some(at) = self.open.iter().position(|open| open.kind == Kind::Box).filter(|_| self.boxes > 0)
        else {
            return false;
        };
        self.cut(at.max(self.base()));
        true
    }

    /// Opens a quote whose mark stands in this column.
    pub fn enter_quote(&mut self, column: usize) {
        self.fit(column);
        let item = self.item();
        self.quote = Some(self.open.len());
        self.push(Container {
            kind: Kind::Quote,
            need: 0,
            content: 0,
            item,
            quote: Some("quote".to_owned()),
        });
    }

    /// Says what kind of quote the present one is.
    pub fn name_quote(&mut self, kind: &str) {
        if let Some(open) = self.quote.and_then(|at| self.open.get_mut(at)) {
            open.quote = Some(kind.to_owned());
        }
    }

    pub fn leave_quote(&mut self) {
        if let Some(at) = self.quote.take() {
            self.cut(at);
        }
    }
}
