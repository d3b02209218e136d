//! Where an open fence ends, also when its author forgot to say so.
//!
//! A fence that meets a mark which can close it is closed there, and nothing that looks like a heading inside
//! matters. Only a fence that is *not* closed so (it meets another opener, or the end of the file) is ended by
//! what follows it in the text: a heading, a sentence behind a blank line, the next opener.
use std::ops::Range;

use super::info;
use super::line::{heading, prose, unquote};
use super::mark::{Kind, Mark, Marks};

/// Where a fence ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The index behind its last line of code.
    pub body: usize,
    /// The index of the line with which reading goes on.
    pub next: usize,
    pub closed: bool,
    /// What was wrong with it.
    pub defect: Option<String>,
}

pub struct Ends<'a, 'l> {
    pub lines: &'l [&'a str],
    pub marks: &'l Marks<'a>,
}

impl<'a> Ends<'a, '_> {
    /// Where the fence that opens with this mark ends.
    pub fn of(&self, at: usize) -> End {
        let Some(mark) = self.marks.get(at) else { return self.open(0, 0) };
        let limit = mark.limit;
        let meets = self.marks.meets(at).and_then(|to| Some((to, self.marks.get(to)?)));
        let meets = meets.filter(|(_, met)| met.line < limit);
        if let Some(end) = self.nested(at, mark, limit) {
            return end;
        }
        match meets {
            Some((to, met)) if met.kind != Kind::Open => {
                if self.stray(at, mark, to, met) {
                    let end = (mark.line + 1..met.line).find(|now| self.ends_here(mark, *now, met.line));
                    return self.cut_short(mark, end.unwrap_or(mark.line + 1), "what reads like text");
                }
                closed(met, None)
            }
            _ => self.recover(at, mark, limit),
        }
    }

    fn open(&self, body: usize, next: usize) -> End {
        End { body, next: next.min(self.lines.len()), closed: false, defect: None }
    }

    /// Markdown shown inside a fence of Markdown: its own fences are opened and closed inside.
    fn nested(&self, at: usize, mark: &Mark<'_>, limit: usize) -> Option<End> {
        // Whatever the language is, its name has these letters.
        if mark.kind != Kind::Open || !mark.info.contains(['m', 'M']) {
            return None;
        }
        let lang = info::read(mark.info).lang;
        if !matches!(lang.as_str(), "markdown" | "md" | "mdx") {
            return None;
        }
        let (mut depth, mut now) = (1_usize, at);
        // A page of Markdown shown as an example has a few fences; more is a fence that nobody closed.
        for _ in 0..32 {
            now = self.marks.next(now)?;
            let met = self.marks.get(now).filter(|met| met.line < limit)?;
            depth = if met.kind == Kind::Open { depth + 1 } else { depth - 1 };
            if depth == 0 {
                return (met.run >= mark.run).then(|| closed(met, None));
            }
        }
        None
    }

    /// A bare mark that opens what reads like text, among an odd number of them: one of them is too many, and
    /// taking it for an opener would turn text and code round for the rest of the page.
    fn stray(&self, at: usize, mark: &Mark<'_>, to: usize, met: &Mark<'_>) -> bool {
        if mark.kind != Kind::Bare || self.marks.closers(at).is_multiple_of(2) {
            return false;
        }
        let inside = mark.line + 1..met.line;
        let beyond = met.line + 1..self.marks.next(to).map_or(met.line + 1, |next| self.line_of(next));
        if self.heads(inside.start, inside.end, mark.quoted) {
            return !self.heads(beyond.start, beyond.end, mark.quoted);
        }
        // Without a heading, sentences inside and code outside say it.
        self.sentences(inside, mark.quoted) == Some(true)
            && self.sentences(beyond, mark.quoted) == Some(false)
    }

    fn line_of(&self, mark: usize) -> usize {
        self.marks.get(mark).map_or(self.lines.len(), |mark| mark.line)
    }

    /// Whether most of these lines are sentences, or none; `None` when neither holds.
    fn sentences(&self, lines: Range<usize>, quoted: bool) -> Option<bool> {
        let (mut all, mut sentences) = (0, 0);
        for line in lines.filter(|line| !self.blank(*line, quoted)) {
            all += 1;
            sentences += usize::from(self.prose(line, quoted) || self.heading(line, quoted, 1));
        }
        match sentences {
            0 if all > 0 => Some(false),
            some if some * 2 > all => Some(true),
            _ => None,
        }
    }

    /// Whether a heading that is no comment stands between these lines.
    fn heads(&self, from: usize, to: usize, quoted: bool) -> bool {
        (from..to).any(|line| (line == from || self.blank(line - 1, quoted)) && self.heading(line, quoted, 2))
    }

    fn recover(&self, at: usize, mark: &Mark<'a>, limit: usize) -> End {
        let line = mark.line;
        let next = self.marks.next(at).and_then(|to| Some((to, self.marks.get(to)?)));
        let next = next.filter(|(_, met)| met.line < limit);
        let bound = match next {
            Some((_, met)) if met.kind != Kind::Open => {
                return closed(
                    met,
                    Some("a fence is closed by a shorter run than it was opened with".to_owned()),
                );
            }
            Some((to, met)) => {
                if let Some(end) = self.misspelt_closer(mark, to, met) {
                    return end;
                }
                met.line
            }
            None => {
                if let Some(met) = self.other_sign(at, mark, limit) {
                    return closed(
                        met,
                        Some("a fence is closed with another sign than it was opened with".to_owned()),
                    );
                }
                limit
            }
        };
        let end = (line + 1..bound).find(|now| self.ends_here(mark, *now, bound));
        let why = match (end, next) {
            (Some(end), _) if self.heading(end, mark.quoted, 1) => "a heading",
            (Some(_), _) => "a sentence",
            (None, Some(_)) => "the next fence",
            (None, None) if mark.quoted => return self.trimmed(line, bound, mark.quoted),
            (None, None) => "the file's end",
        };
        self.cut_short(mark, end.unwrap_or(bound), why)
    }

    /// Ends a fence that nobody closed in front of a line.
    fn cut_short(&self, mark: &Mark<'_>, line: usize, why: &str) -> End {
        let end = self.trimmed(mark.line, line, mark.quoted);
        let what = if end.body == mark.line + 1 && mark.kind == Kind::Bare {
            "a fence's mark that belongs to nothing".to_owned()
        } else {
            format!("a fence is never closed; it was ended before line {}, at {why}", end.next + 1)
        };
        End { defect: Some(what), ..end }
    }

    /// Without the blank lines at its end.
    fn trimmed(&self, line: usize, end: usize, quoted: bool) -> End {
        let mut body = end;
        while body > line + 1 && self.blank(body - 1, quoted) {
            body -= 1;
        }
        self.open(body, end)
    }

    /// A fence closed by repeating its opener: the same info string, and a blank line or nothing behind it, and no
    /// mark that would close it as a fence of its own.
    fn misspelt_closer(&self, mark: &Mark<'_>, to: usize, met: &Mark<'_>) -> Option<End> {
        let alone = self
            .marks
            .next(to)
            .and_then(|next| self.marks.get(next))
            .is_none_or(|next| next.kind == Kind::Open);
        let same = !mark.info.is_empty() && met.info == mark.info && met.run == mark.run && !met.item;
        let ends = self.blank(met.line + 1, mark.quoted);
        let clear = !self.heads(mark.line + 1, met.line, mark.quoted);
        (alone && same && ends && clear)
            .then(|| closed(met, Some("a fence is closed by a mark that repeats its opener".to_owned())))
    }

    fn other_sign(&self, at: usize, mark: &Mark<'_>, limit: usize) -> Option<&Mark<'a>> {
        let mut others = self.marks.all.iter().skip(at + 1).take_while(|met| met.line < limit);
        let met = others.find(|met| met.quoted == mark.quoted && !met.same(mark))?;
        let clear = !self.heads(mark.line + 1, met.line, mark.quoted);
        (met.kind == Kind::Bare && clear).then_some(met)
    }

    /// Whether a fence that nobody closed has to end in front of this line.
    fn ends_here(&self, mark: &Mark<'_>, now: usize, bound: usize) -> bool {
        let first = now == mark.line + 1;
        if !first && !self.blank(now - 1, mark.quoted) {
            return false;
        }
        let bare = mark.kind == Kind::Bare;
        if self.heading(now, mark.quoted, 2) {
            return !first || bare || self.blank(now + 1, mark.quoted);
        }
        if self.heading(now, mark.quoted, 1) && !first {
            // `# words` is a comment in most languages; a heading has room behind it, or its fence.
            let mut behind = now + 1;
            while behind < bound && self.blank(behind, mark.quoted) {
                behind += 1;
            }
            let room = behind > now + 1 || behind == bound;
            let lang = info::read(mark.info).lang;
            return room || !info::hashes(&lang) || self.prose(behind, mark.quoted);
        }
        (!first || bare) && self.prose(now, mark.quoted)
    }

    fn text(&self, line: usize, quoted: bool) -> Option<&'a str> {
        let text = *self.lines.get(line)?;
        Some(if quoted { unquote(text, usize::MAX).rest } else { text })
    }

    /// Blank, or behind the file's end.
    fn blank(&self, line: usize, quoted: bool) -> bool {
        self.text(line, quoted).is_none_or(|text| text.trim().is_empty())
    }

    /// A heading of at least this level, with a blank behind its marks.
    fn heading(&self, line: usize, quoted: bool, least: u8) -> bool {
        let Some(text) = self.text(line, quoted).filter(|text| text.starts_with('#')) else { return false };
        let spaced = text.trim_start_matches('#').starts_with(' ');
        spaced
            && heading(text.trim_end(), false).is_some_and(|(level, text)| level >= least && !text.is_empty())
    }

    fn prose(&self, line: usize, quoted: bool) -> bool {
        self.text(line, quoted).is_some_and(prose)
    }
}

fn closed(met: &Mark<'_>, defect: Option<String>) -> End {
    let defect = match met.kind {
        Kind::Tail => Some("text stands behind a fence's closing mark".to_owned()),
        _ => defect,
    };
    End { body: met.line, next: met.line + 1, closed: true, defect }
}
