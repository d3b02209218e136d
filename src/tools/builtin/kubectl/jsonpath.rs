//! Paths into objects, as `-o jsonpath=…`, `custom-columns`, `--sort-by` and `--for=jsonpath` have them.
use serde_json::Value;

/// A text with paths in it.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>),
    End,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    /// What several paths lead to, one after the other.
    Union(Vec<Vec<Step>>),
    All,
    /// Everything below.
    Deep,
    /// From, to, by; or one place.
    Slice(Option<i64>, Option<i64>, i64),
    Places(Vec<i64>),
    Filter(Side, Option<(String, Side)>),
    /// Back to the whole.
    Root,
}

#[derive(Debug, Clone, PartialEq)]
enum Side {
    Path(Vec<Step>),
    Value(Value),
}

/// A template that is read.
#[derive(Debug)]
pub struct Template(Vec<Part>);

type Read<T> = Result<T, String>;

impl Template {
    pub fn read(text: &str) -> Read<Template> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, behind)) = rest.split_once('{') {
            parts.push(Part::Text(before.to_owned()));
            let mut reader = Reader { rest: behind };
            reader.inside(&mut parts)?;
            rest = reader.rest;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Template(parts))
    }

    /// A path that may stand without its braces and its first dot.
    pub fn relaxed(text: &str) -> Read<Template> {
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        if inner.contains(['{', '}']) {
            let want = "expected a path like .metadata.name or {.metadata.name}";
            return Err(format!("unexpected path string, {want}"));
        }
        let dot = if inner.starts_with(['.', '[', '$', '@']) { "" } else { "." };
        Template::read(&format!("{{{dot}{inner}}}"))
    }

    /// What all paths lead to.
    pub fn values(&self, root: &Value) -> Read<Vec<Value>> {
        let mut found = Vec::new();
        for part in &self.0 {
            if let Part::Path(steps) = part {
                found.extend(follow(steps, &[root], root)?.into_iter().cloned());
            }
        }
        Ok(found)
    }

    pub fn text(&self, root: &Value) -> Read<String> {
        let mut out = String::new();
        let mut parts = self.0.as_slice();
        while !parts.is_empty() {
            parts = run(parts, root, root, &mut out)?;
        }
        Ok(out)
    }
}

/// Writes parts up to the end of a range, and says what stands behind it.
fn run<'p>(mut parts: &'p [Part], here: &Value, root: &Value, out: &mut String) -> Read<&'p [Part]> {
    while let Some((part, behind)) = parts.split_first() {
        parts = behind;
        match part {
            Part::Text(text) => out.push_str(text),
            Part::End => return Ok(parts),
            Part::Path(steps) => {
                let found = follow(steps, &[here], root)?;
                let shown: Vec<String> = found.into_iter().map(shown).collect();
                out.push_str(&shown.join(" "));
            }
            Part::Range(steps) => {
                let found = follow(steps, &[here], root)?;
                let mut after = None;
                for one in found {
                    after = Some(run(behind, one, root, out)?);
                }
                parts = match after {
                    Some(after) => after,
                    None => run(behind, &Value::Null, root, &mut String::new())?,
                };
            }
        }
    }
    Ok(parts)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => super::print::escaped(&other.to_string()),
    }
}

fn follow<'v>(steps: &[Step], from: &[&'v Value], root: &'v Value) -> Read<Vec<&'v Value>> {
    let mut here = from.to_vec();
    for step in steps {
        let mut next = Vec::new();
        if let Step::Union(paths) = step {
            for path in paths {
                next.extend(follow(path, &here, root)?);
            }
        }
        for value in here {
            one(step, value, root, &mut next)?;
        }
        here = next;
    }
    Ok(here)
}

fn one<'v>(step: &Step, value: &'v Value, root: &'v Value, next: &mut Vec<&'v Value>) -> Read<()> {
    match (step, value) {
        (Step::Root, _) => next.push(root),
        (Step::Field(name), Value::Object(map)) => next.extend(map.get(name)),
        (Step::All, Value::Array(list)) => next.extend(list),
        (Step::All, Value::Object(map)) => next.extend(map.values()),
        (Step::Deep, _) => deep(value, next, 0),
        (Step::Filter(left, rest), Value::Array(list)) => {
            for each in list {
                if holds(left, rest.as_ref(), each, root)? {
                    next.push(each);
                }
            }
        }
        (Step::Slice(from, to, by), Value::Array(list)) => {
            let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
            let wrap = |at: i64| if at < 0 { at + length } else { at };
            let (mut at, to) = (wrap(from.unwrap_or(0)), wrap(to.unwrap_or(length)));
            if *by < 1 {
                return Err("step must be > 0".to_owned());
            }
            if at != to {
                within(at, length)?;
                within(to.saturating_sub(1), length)?;
            }
            while at < to {
                next.extend(usize::try_from(at).ok().and_then(|at| list.get(at)));
                at = at.saturating_add(*by);
            }
        }
        (Step::Places(places), Value::Array(list)) => {
            let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
            for place in places {
                let at = if *place < 0 { place + length } else { *place };
                within(at, length)?;
                next.extend(usize::try_from(at).ok().and_then(|at| list.get(at)));
            }
        }
        (Step::Slice(..) | Step::Places(_) | Step::Filter(..), Value::Null) => {}
        (Step::Slice(..) | Step::Places(_) | Step::Filter(..), other) => {
            return Err(format!("{} is not array or slice and cannot be filtered", super::print::go(other)));
        }
        _ => {}
    }
    Ok(())
}

fn within(at: i64, length: i64) -> Read<()> {
    if (0..length).contains(&at) {
        return Ok(());
    }
    Err(format!("array index out of bounds: index {at}, length {length}"))
}

fn deep<'v>(value: &'v Value, next: &mut Vec<&'v Value>, depth: usize) {
    if depth > 200 || !(value.is_object() || value.is_array()) {
        return;
    }
    next.push(value);
    match value {
        Value::Array(list) => list.iter().for_each(|value| deep(value, next, depth + 1)),
        Value::Object(map) => map.values().for_each(|value| deep(value, next, depth + 1)),
        _ => {}
    }
}

fn holds(left: &Side, rest: Option<&(String, Side)>, here: &Value, root: &Value) -> Read<bool> {
    let side = |side: &Side| match side {
        Side::Value(value) => Ok(vec![value.clone()]),
        Side::Path(steps) => follow(steps, &[here], root).map(|found| found.into_iter().cloned().collect()),
    };
    let left = side(left)?;
    let Some((sign, right)) = rest else { return Ok(!left.is_empty()) };
    let right = side(right)?;
    let (left, right) = match (left.as_slice(), right.as_slice()) {
        ([], _) | (_, []) => return Ok(false),
        ([left], [right]) => (left, right),
        _ => return Err("can only compare one element at a time".to_owned()),
    };
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => left.partial_cmp(right),
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
        (Value::Bool(left), Value::Bool(right)) => left.partial_cmp(right),
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    let Some(order) = order else { return Ok(false) };
    Ok(match sign.as_str() {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        ">" => order.is_gt(),
        "<=" => order.is_le(),
        _ => order.is_ge(),
    })
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, text: &str) -> bool {
        let behind = self.rest.strip_prefix(text);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// What stands up to one of these signs.
    fn until(&mut self, stop: impl Fn(char) -> bool) -> &'t str {
        let (text, rest) = self.rest.split_at(self.rest.find(stop).unwrap_or(self.rest.len()));
        self.rest = rest;
        text
    }

    /// Everything up to the closing brace.
    fn inside(&mut self, parts: &mut Vec<Part>) -> Read<()> {
        loop {
            self.blank();
            if self.eat("}") {
                return Ok(());
            } else if self.rest.starts_with(['"', '\'']) {
                parts.push(Part::Text(self.quoted()?));
            } else if self.rest.starts_with(['.', '[', '$', '@']) {
                parts.push(Part::Path(self.path()?));
            } else if let word = self.until(|c| !c.is_alphanumeric())
                && !word.is_empty()
            {
                self.blank();
                match word {
                    "range" => parts.push(Part::Range(self.path()?)),
                    "end" => parts.push(Part::End),
                    other => return Err(format!("unrecognized identifier {other}")),
                }
            } else {
                let sign = self.rest.chars().next();
                return Err(sign.map_or("unclosed action".to_owned(), |c| {
                    format!("unrecognized character in action: '{c}'")
                }));
            }
        }
    }

    fn quoted(&mut self) -> Read<String> {
        let mut signs = self.rest.char_indices();
        let (mut out, quote) = (String::new(), signs.next().map(|(_, quote)| quote));
        while let Some((at, sign)) = signs.next() {
            if Some(sign) == quote {
                self.rest = self.rest.get(at + 1..).unwrap_or_default();
                return Ok(out);
            }
            out.push(match sign {
                '\\' => match signs.next().map(|(_, sign)| sign) {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some(other) => other,
                    None => '\\',
                },
                other => other,
            });
        }
        Err("unterminated quoted string".to_owned())
    }

    fn path(&mut self) -> Read<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            if self.eat("..") {
                steps.push(Step::Deep);
                if !self.rest.starts_with(['[', '*']) {
                    steps.extend(self.field());
                }
            } else if self.eat("$") {
                steps.push(Step::Root);
            } else if self.eat("@") {
            } else if self.eat(".") {
                if self.eat("*") { steps.push(Step::All) } else { steps.extend(self.field()) }
            } else if self.eat("*") {
                steps.push(Step::All);
            } else if self.eat("[") {
                steps.push(self.bracket()?);
            } else {
                return Ok(steps);
            }
        }
    }

    /// A name, in which a backslash makes the next sign a part of it.
    fn field(&mut self) -> Option<Step> {
        let (mut name, mut signs) = (String::new(), self.rest.char_indices());
        let mut end = self.rest.len();
        while let Some((at, sign)) = signs.next() {
            match sign {
                '\\' => name.extend(signs.next().map(|(_, sign)| sign)),
                '.' | '[' | ']' | '{' | '}' | ' ' | '\t' | '\n' | ',' | ')' | '=' | '!' | '<' | '>' | '*' => {
                    end = at;
                    break;
                }
                sign => name.push(sign),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        (!name.is_empty()).then_some(Step::Field(name))
    }

    fn bracket(&mut self) -> Read<Step> {
        self.blank();
        let whole = self.rest;
        if self.eat("?(") {
            let left = self.side()?;
            self.blank();
            let sign = self.until(|c| !matches!(c, '=' | '!' | '<' | '>')).to_owned();
            let rest = match sign.as_str() {
                "" => None,
                "==" | "!=" | "<" | ">" | "<=" | ">=" => Some((sign, self.side()?)),
                other => return Err(format!("unrecognized operator {other}")),
            };
            self.blank();
            return if self.eat(")]") {
                Ok(Step::Filter(left, rest))
            } else {
                Err("unterminated filter".to_owned())
            };
        }
        if self.rest.starts_with(['\'', '"']) {
            let mut paths = Vec::new();
            while paths.is_empty() || self.eat(",") {
                self.blank();
                // What stands in quotes is a path too.
                let quote = self.rest.chars().next().unwrap_or_default();
                let text = self.until(|c| c == ']');
                let end =
                    text.get(1..).and_then(|text| text.find(quote)).ok_or("unterminated quoted string")?;
                let (inner, behind) = (text.get(1..=end), text.get(end + 2..));
                let path = format!(".{}", inner.unwrap_or_default());
                paths.push(Reader { rest: &path }.path()?);
                let left = self.rest.len() + behind.map_or(0, str::len);
                self.rest = whole.get(whole.len() - left..).unwrap_or_default();
                self.blank();
            }
            return if self.eat("]") { Ok(Step::Union(paths)) } else { Err("unterminated array".to_owned()) };
        }
        let inner = self.until(|c| c == ']').trim();
        if !self.eat("]") {
            return Err("unterminated array".to_owned());
        }
        let wrong = || format!("invalid array index {inner}");
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| wrong());
        if inner == "*" {
            return Ok(Step::All);
        }
        if inner.contains(':') {
            let mut ends = inner
                .split(':')
                .map(|text| if text.trim().is_empty() { Ok(None) } else { number(text).map(Some) });
            let mut end = || ends.next().unwrap_or(Ok(None));
            return Ok(Step::Slice(end()?, end()?, end()?.unwrap_or(1)));
        }
        inner.split(',').map(number).collect::<Read<_>>().map(Step::Places)
    }

    fn side(&mut self) -> Read<Side> {
        self.blank();
        if self.rest.starts_with(['"', '\'']) {
            return Ok(Side::Value(Value::String(self.quoted()?)));
        }
        if self.rest.starts_with(['@', '.', '$']) {
            return Ok(Side::Path(self.path()?));
        }
        let word = self.until(|c| matches!(c, ')' | ' ' | '=' | '!' | '<' | '>'));
        serde_json::from_str(word).map(Side::Value).map_err(|_| format!("unrecognized value {word}"))
    }
}
