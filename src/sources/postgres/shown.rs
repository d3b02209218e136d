//! Answers to statements as small tables: harmless, aligned, and never more than a page or two.
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::domain::database::without_passwords;
use crate::domain::secret::{HIDDEN, looks_secret};
use crate::domain::text::{clean_to, grouped, one_line};

/// Rows of one answer.
const ROWS: usize = 200;
/// Bytes of all answers.
const BYTES: usize = 64 << 10;
/// Bytes of a cell: more hides the columns beside it.
const CELL: usize = 160;
/// Bytes of a cell that are looked at.
const LOOKED: usize = 4 << 10;
/// Answers of one question, and those that the first line names.
const ANSWERS: usize = 32;
const NAMED: usize = 6;

/// What the server said to one statement.
#[derive(Debug, Default)]
pub struct Answer {
    header: Vec<String>,
    /// By column.
    hidden: Vec<bool>,
    rows: Vec<Vec<String>>,
    /// All that it had.
    all: u64,
    /// The column that says of each row whether something was ended, and how many of them say so.
    ends: Option<usize>,
    ended: u64,
}

/// What a function has ended where it says so.
const ENDS: [(&str, &str, &str); 2] =
    [("pg_terminate_backend", "session", "ended"), ("pg_cancel_backend", "query", "cancelled")];

impl Answer {
    pub fn with<'n>(names: impl Iterator<Item = &'n str>) -> Answer {
        let names: Vec<&str> = names.collect();
        Answer {
            hidden: names.iter().map(|name| looks_secret(name)).collect(),
            header: names.iter().map(|name| cell(name)).collect(),
            ends: names.iter().position(|name| ENDS.iter().any(|(ends, ..)| ends == name)),
            ..Answer::default()
        }
    }

    /// `5 rows`, `count = 31`, `done, 2 rows`, `24 sessions ended`.
    fn summary(&self) -> String {
        let rows = |n: u64| if n == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(n)) };
        if let Some(ended) = self.ended_in_words() {
            return ended;
        }
        if let ([name], [row], 1) = (&*self.header, &*self.rows, self.all)
            && let [value] = &**row
        {
            return format!("{name} = {value} (1 row)");
        }
        let shown = u64::try_from(self.rows.len()).unwrap_or(u64::MAX);
        match (self.header.is_empty(), shown < self.all) {
            (true, _) => format!("done, {}", rows(self.all)),
            (false, false) => rows(self.all),
            (false, true) => format!("{}, the first {} are shown", rows(self.all), grouped(shown)),
        }
    }

    /// `24 sessions ended`, `23 of 24 sessions ended`: what was done, where rows alone would not say it.
    fn ended_in_words(&self) -> Option<String> {
        let name = self.header.get(self.ends?)?;
        let (_, noun, how) = ENDS.iter().find(|(ends, ..)| ends == name)?;
        let of = if self.ended == self.all { String::new() } else { format!("{} of ", grouped(self.ended)) };
        let noun = match (self.all, *noun) {
            (1, noun) => noun.to_owned(),
            (_, "query") => "queries".to_owned(),
            (_, noun) => format!("{noun}s"),
        };
        Some(format!("{of}{} {noun} {how}", grouped(self.all)))
    }

    fn lines(&self, out: &mut String) {
        if self.header.is_empty() {
            return;
        }
        let mut widths: Vec<usize> = self.header.iter().map(|name| name.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let mut line = |cells: &[String]| {
            let start = out.len();
            for (cell, width) in cells.iter().zip(&widths) {
                out.push_str(cell);
                out.extend(std::iter::repeat_n(' ', width + 2 - cell.width().min(*width)));
            }
            let end = out.trim_end_matches(' ').len().max(start);
            out.truncate(end);
            out.push('\n');
        };
        line(&self.header);
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        line(&rule);
        for row in &self.rows {
            line(row);
        }
    }
}

/// All answers to a question.
#[derive(Debug, Default)]
pub struct Shown {
    answers: Vec<Answer>,
    /// Those beyond what is kept.
    more: usize,
    bytes: usize,
}

impl Shown {
    /// A row, where there is still room for one.
    pub fn row<'c>(&mut self, answer: &mut Answer, cells: impl Iterator<Item = &'c str>) {
        answer.all += 1;
        let cells: Vec<&str> = cells.collect();
        let ends = answer.ends.and_then(|at| cells.get(at));
        answer.ended += u64::from(ends.is_some_and(|said| *said == "t"));
        if answer.rows.len() >= ROWS || self.bytes >= BYTES || self.answers.len() >= ANSWERS {
            return;
        }
        let hidden = |at: usize| answer.hidden.get(at).is_some_and(|hidden| *hidden);
        let row = |(at, text): (usize, &str)| match text {
            "null" => "null".to_owned(),
            _ if hidden(at) => HIDDEN.to_owned(),
            text => cell(text),
        };
        let row: Vec<String> = cells.into_iter().enumerate().map(row).collect();
        self.bytes += row.iter().map(|cell| cell.len() + 2).sum::<usize>();
        answer.rows.push(row);
    }

    /// A statement is done.
    pub fn end(&mut self, mut answer: Answer, rows: u64) {
        if answer.header.is_empty() {
            answer.all = rows;
        }
        if self.answers.len() < ANSWERS { self.answers.push(answer) } else { self.more += 1 }
    }

    pub fn count(&self) -> usize {
        self.answers.len() + self.more
    }

    /// What the first of them came to, in a line.
    pub fn summary(&self, of: usize) -> String {
        let named = self.answers.iter().take(of.min(NAMED));
        let mut words: Vec<String> = named.map(Answer::summary).collect();
        if of > words.len() {
            words.push(format!("and {} more", of - words.len()));
        }
        words.join("; ")
    }

    /// The summary, then the tables; `after` ends the first line.
    pub fn says(&self, after: &str) -> String {
        let mut out = format!("{}{after}\n", self.summary(self.count()));
        let several = self.count() > 1;
        for (n, answer) in self.answers.iter().enumerate() {
            if several {
                let _ = writeln!(out, "{}. {}", n + 1, answer.summary());
            }
            answer.lines(&mut out);
        }
        out.trim_end().to_owned()
    }
}

/// One line, without what is secret.
fn cell(text: &str) -> String {
    let head = text.get(..text.floor_char_boundary(LOOKED)).unwrap_or_default();
    clean_to(&one_line(&without_passwords(head)), CELL).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(shown: &mut Shown, names: &[&str], rows: &[&[&str]]) {
        let mut answer = Answer::with(names.iter().copied());
        for row in rows {
            shown.row(&mut answer, row.iter().copied());
        }
        shown.end(answer, 0);
    }

    #[test]
    fn a_table_is_aligned_counted_and_harmless() {
        let mut shown = Shown::default();
        answer(&mut shown, &["id", "name"], &[&["1", "a\nb\u{1b}[2Jc"], &["100", "null"], &["2", "値"]]);
        assert_eq!(shown.says(""), "3 rows\nid   name\n───  ────\n1    a bc\n100  null\n2    値");
        let mut shown = Shown::default();
        answer(&mut shown, &["count"], &[&["31"]]);
        shown.end(Answer::default(), 2);
        let says = shown.says("; undone");
        assert!(says.starts_with("count = 31 (1 row); done, 2 rows; undone\n1. count = 31"), "{says}");
        assert!(says.ends_with("\n2. done, 2 rows"), "{says}");
    }

    #[test]
    fn what_was_ended_is_counted_and_said() {
        let name = "pg_terminate_backend";
        for (rows, says) in [
            (&["t", "t"][..], "2 sessions ended"),
            (&["t"][..], "1 session ended"),
            (&["t", "f", "t"][..], "2 of 3 sessions ended"),
            (&[][..], "0 sessions ended"),
        ] {
            let mut shown = Shown::default();
            let rows: Vec<[&str; 2]> = rows.iter().map(|row| ["7", *row]).collect();
            let rows: Vec<&[&str]> = rows.iter().map(<[&str; 2]>::as_slice).collect();
            answer(&mut shown, &["pid", name], &rows);
            assert_eq!(shown.summary(1), says);
        }
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        let mut shown = Shown::default();
        let query = "ALTER ROLE web PASSWORD 'hunter2'";
        answer(&mut shown, &["query", "api_token"], &[&[query, "abc"]]);
        let says = shown.says("");
        assert!(!says.contains("hunter2") && !says.contains("abc"), "{says}");
    }

    #[test]
    fn of_many_rows_and_answers_little_is_kept_and_all_are_counted() {
        let mut shown = Shown::default();
        let mut many = Answer::with(["n"].into_iter());
        for n in 0..5_000 {
            shown.row(&mut many, [n.to_string().as_str()].into_iter());
        }
        shown.end(many, 0);
        assert!(shown.says("").starts_with("5,000 rows, the first 200 are shown\nn\n"));
        for _ in 0..1_000 {
            answer(&mut shown, &["x"], &[&["y".repeat(100_000).as_str()]]);
        }
        let says = shown.says("");
        assert!(says.len() < 100 << 10, "{}", says.len());
        assert!(says.lines().next().is_some_and(|first| first.ends_with("and 995 more")), "{says}");
    }
}
