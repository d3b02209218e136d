//! Commands that stand in a sentence without any marks, and lists that stand in one: `1) look at it 2) restart it`.
use super::super::super::document::{Line, Marker, What, inline};
use super::super::instruct::is_bare;
use super::super::verbs::is_imperative;
use super::Piece;

/// What joins two commands in a sentence.
const JOINS: [&str; 4] = ["; then ", ", then ", " && then ", " and then "];
/// What stands between words and the command that they tell.
const TELLS: [&str; 4] = [": ", " → ", " -> ", " => "];
/// What stands between a command and a remark on it.
const REMARKS: [&str; 5] = ["  #", " # ", " ← ", " <- ", " — "];

/// A sentence with the commands in it marked as code; none when it has none, or marks of its own.
pub fn coded(text: &str) -> Option<String> {
    const LONGEST: usize = 600;
    let text = text.trim();
    if text.len() > LONGEST || text.contains('`') || !text.contains(' ') {
        return None;
    }
    for join in JOINS {
        if let Some((before, after)) = text.split_once(join)
            && let Some(first) = single(before)
        {
            let next = coded(after).unwrap_or_else(|| after.to_owned());
            return Some(format!("{first}{join}{next}"));
        }
    }
    single(text)
}

/// A command and nothing else; `kubectl is a tool` is none.
fn is_call(text: &str) -> bool {
    const GLUE: &[&str] =
        &["is", "are", "was", "were", "the", "a", "an", "will", "can", "should", "may", "must", "has"];
    is_bare(text) && !text.split_whitespace().take(3).any(|word| GLUE.contains(&word))
}

/// The same for a sentence with one command.
fn single(text: &str) -> Option<String> {
    for remark in REMARKS {
        if let Some((before, after)) = text.split_once(remark)
            && is_call(before)
        {
            return Some(format!("`{}` - {}", before.trim(), after.trim()));
        }
    }
    if is_call(text) {
        return Some(format!("`{text}`"));
    }
    for tell in TELLS {
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(tell)).map(|at| from + at) {
            from = at + tell.len();
            let after = text.get(from..).unwrap_or_default();
            if is_call(after) {
                return Some(format!("{}`{}`", text.get(..from).unwrap_or_default(), after.trim()));
            }
        }
    }
    let (before, inside) = text.strip_suffix(')')?.rsplit_once(" (")?;
    is_call(inside).then(|| format!("{before}: `{inside}`"))
}

/// A paragraph that numbers what to do.
pub(super) fn paragraph(lines: &[Line]) -> Option<Vec<Piece>> {
    let list = listed(lines, 1)?;
    let mut pieces = Vec::with_capacity(list.parts.len() + 1);
    let intro = lines_of(&list.intro);
    if !intro.is_empty() {
        pieces.push(piece(None, What::Paragraph(intro)));
    }
    pieces.extend(list.items(1, None));
    Some(pieces)
}

/// An item that numbers what to do: those that it begins with stand beside it, others below it.
pub(super) fn item(marker: Marker, checkbox: Option<bool>, lines: &[Line]) -> Option<Vec<Piece>> {
    if let Marker::Number(number) = marker
        && let Some(list) = listed(lines, number + 1).filter(|list| is_told(&list.intro))
    {
        let own = What::Item { marker, checkbox, text: lines_of(&list.intro) };
        let mut pieces = vec![piece(None, own)];
        pieces.extend(list.items(number + 1, None));
        return Some(pieces);
    }
    let Some(list) = listed(lines, 1) else {
        let [only] = lines else { return None };
        let text = vec![Line { no: only.no, text: coded(&only.text)? }];
        return Some(vec![piece(None, What::Item { marker, checkbox, text })]);
    };
    let intro = lines_of(&list.intro);
    if intro.is_empty() {
        return Some(list.items(1, None).collect());
    }
    let mut pieces = vec![piece(None, What::Item { marker, checkbox, text: intro })];
    pieces.extend(list.items(1, Some(0)));
    Some(pieces)
}

fn piece(below: Option<usize>, what: What) -> Piece {
    let lines = match &what {
        What::Paragraph(lines) | What::Item { text: lines, .. } => lines.as_slice(),
        _ => &[],
    };
    let line = lines.first().map_or(1, |line| line.no);
    let end_line = lines.last().map_or(line, |line| line.no);
    Piece { line, end_line, below, what }
}

/// What a sentence numbers.
struct Listed {
    intro: Vec<Line>,
    parts: Vec<Vec<Line>>,
}

impl Listed {
    fn items(self, from: u32, below: Option<usize>) -> impl Iterator<Item = Piece> {
        let numbers = (from..).map(Marker::Number);
        let items = self.parts.into_iter().zip(numbers);
        items.map(move |(part, marker)| {
            piece(below, What::Item { marker, checkbox: None, text: lines_of(&part) })
        })
    }
}

/// Lines without those that say nothing, and without what joins a part with the next.
fn lines_of(lines: &[Line]) -> Vec<Line> {
    let mut kept: Vec<Line> = lines.iter().filter(|line| !line.text.trim().is_empty()).cloned().collect();
    if let Some(last) = kept.last_mut() {
        let text = last.text.trim().trim_end_matches([',', ';']);
        let text = text.strip_suffix(" and").or_else(|| text.strip_suffix(" then")).unwrap_or(text);
        last.text = text.trim_end_matches([',', ';', ' ']).to_owned();
    }
    if let Some(first) = kept.first_mut() {
        first.text = first.text.trim_start().to_owned();
    }
    kept
}

/// The parts of lines that are numbered in one go from a number on, in one style.
fn listed(lines: &[Line], from: u32) -> Option<Listed> {
    // Most lines have no such sign.
    if !lines.iter().any(|line| line.text.contains(')')) {
        return None;
    }
    let mut list = Listed { intro: Vec::new(), parts: Vec::new() };
    let mut next = from;
    for line in lines {
        let codes = inline::code_spans(&line.text);
        let mut start = 0;
        let mut search = 0;
        while let Some((at, end)) = enumerator(&line.text, search, next) {
            search = end;
            if codes.iter().any(|(code, _)| code.contains(&at)) {
                continue;
            }
            list.take(line, start, at);
            // More than this is a text, and no list in a sentence.
            if list.parts.len() >= 40 {
                return None;
            }
            list.parts.push(Vec::new());
            next += 1;
            start = end;
        }
        list.take(line, start, line.text.len());
    }
    let told = list.parts.iter().filter(|part| is_told(part)).count();
    let enough = list.parts.len() >= 2 || from > 1 && !list.parts.is_empty();
    (enough && told * 10 >= list.parts.len() * 6 && list.parts.first().is_some_and(|part| is_told(part)))
        .then_some(list)
}

impl Listed {
    fn take(&mut self, line: &Line, from: usize, to: usize) {
        let text = line.text.get(from..to).unwrap_or_default().to_owned();
        self.parts.last_mut().unwrap_or(&mut self.intro).push(Line { no: line.no, text });
    }
}

/// Where `2) ` or `(2) ` stands for the next time, and where it ends.
fn enumerator(text: &str, from: usize, number: u32) -> Option<(usize, usize)> {
    let sign = format!("{number}) ");
    let mut search = from;
    while let Some(at) = text.get(search..)?.find(&sign).map(|at| search + at) {
        let end = at + sign.len();
        let before = text.get(..at)?;
        let opened = before.strip_suffix('(');
        let begins = opened.unwrap_or(before);
        if begins.is_empty() || begins.ends_with(char::is_whitespace) {
            return Some((begins.len(), end));
        }
        search = end;
    }
    None
}

/// A part that tells to do something, or begins with a command.
fn is_told(part: &[Line]) -> bool {
    let text: Vec<&str> = part.iter().map(|line| line.text.trim()).filter(|text| !text.is_empty()).collect();
    let text = text.join(" ");
    text.starts_with('`') || is_imperative(&text) || coded(&text).is_some()
}

/// The parts of a table's cell, by its line breaks and its numbers.
pub fn cell(text: &str, no: u32) -> Vec<String> {
    let broken = text.replace("<br/>", "<br>").replace("<br />", "<br>").replace("<BR>", "<br>");
    let mut parts = Vec::new();
    for line in broken.split("<br>").map(str::trim).filter(|line| !line.is_empty()) {
        match listed(&[Line { no, text: line.to_owned() }], 1) {
            Some(list) => {
                let all = std::iter::once(list.intro).chain(list.parts);
                parts.extend(all.filter_map(|part| lines_of(&part).pop()).map(|line| line.text));
            }
            None => parts.push(line.to_owned()),
        }
    }
    parts
}
