//! What is no Markdown among the lines: comments, HTML, directives of site builders.
use super::super::html::{self, Directive, Html};
use super::super::{Fence, Line, What};
use super::{Leaf, Reader, number};

impl<'a> Reader<'a, '_, '_> {
    /// Comments, lines of HTML, and directives of site builders.
    pub(super) fn markup(&mut self, at: usize, indent: usize, text: &'a str) -> Option<usize> {
        if let Some(inside) = text.strip_prefix("<!--").filter(|_| self.comments) {
            if let Some(next) = self.comment(at, indent, inside) {
                return Some(next);
            }
        } else if text.starts_with('<')
            && let Some(html) = html::line(text)
        {
            let pre = html::tag(text).is_some_and(|(_, name)| name == "pre") && self.pres;
            if let Some(next) = pre.then(|| self.pre(at, indent, text)).flatten() {
                return Some(next);
            }
            match html {
                Html::Tags => self.start(indent),
                Html::Heading(level, text) => {
                    self.start(indent);
                    self.push(at, at, What::Heading { level, text });
                }
                Html::Summary(text) => {
                    self.start(indent);
                    self.paragraph(at, &text);
                    self.leaf = Leaf::None;
                }
                Html::Text(_) => return None,
            }
            return Some(at + 1);
        }
        match html::directive(text)? {
            Directive::Open(kind, title) => {
                self.start(indent);
                self.stack.enter_box(kind);
                self.title(at, &title);
            }
            Directive::Indented(kind, title) => {
                self.start(indent);
                self.stack.enter_indented(indent, kind);
                self.title(at, &title);
            }
            Directive::Close => {
                self.leaf = Leaf::None;
                self.stack.leave_box();
            }
            Directive::Nothing => self.start(indent),
        }
        Some(at + 1)
    }

    fn title(&mut self, at: usize, title: &str) {
        if !title.is_empty() {
            self.paragraph(at, title);
            self.leaf = Leaf::None;
        }
    }

    /// A comment up to its end, which may be many lines below.
    fn comment(&mut self, at: usize, indent: usize, first: &str) -> Option<usize> {
        let mut text = String::new();
        let mut inside = first;
        let mut now = at;
        loop {
            if let Some((inner, behind)) = inside.split_once("-->") {
                text.push_str(inner);
                self.start(indent);
                self.push(at, now, What::Comment(text.trim().to_owned()));
                if !behind.trim().is_empty() {
                    self.paragraph(now, behind.trim());
                }
                return Some(now + 1);
            }
            text.push_str(inside);
            text.push('\n');
            now += 1;
            if let Some(line) = self.lines.get(now) {
                inside = line;
            } else {
                self.comments = false;
                self.defects.note(at, "a comment is never closed; what follows was read");
                return None;
            }
        }
    }

    /// Code between `<pre>` and `</pre>`.
    fn pre(&mut self, at: usize, indent: usize, first: &str) -> Option<usize> {
        let Some(length) = self.lines.iter().skip(at).position(|line| line.contains("</pre>")) else {
            self.pres = false;
            return None;
        };
        let mut body = Vec::new();
        for now in at..=at + length {
            let mut rest = if now == at { first } else { self.line(now) };
            let whole = rest.len();
            while let Some((size, _)) =
                html::tag(rest).filter(|(_, name)| matches!(name.as_str(), "pre" | "code"))
            {
                rest = rest.get(size..).unwrap_or_default();
            }
            let rest = rest.split("</pre>").next().unwrap_or_default();
            let rest = rest.strip_suffix("</code>").unwrap_or(rest);
            if !rest.is_empty() || rest.len() == whole {
                body.push(Line { no: number(now), text: rest.to_owned() });
            }
        }
        self.start(indent);
        let fence = Fence { body, closed: true, ..Fence::default() };
        self.push(at, at + length, What::Fence(fence));
        Some(at + length + 1)
    }
}
