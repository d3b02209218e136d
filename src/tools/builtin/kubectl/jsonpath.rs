//! Paths into objects, as `-o jsonpath=…`, `custom-columns` and `--sort-by` have them.
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
    All,
    /// One of a list; below zero from its end.
    Place(i64),
    Filter(Side, Option<(String, Side)>),
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
        let dot = if inner.starts_with(['.', '[', '@']) { "" } else { "." };
        Template::read(&format!("{{{dot}{inner}}}"))
    }

    /// What all paths lead to.
    pub fn values(&self, root: &Value) -> Read<Vec<Value>> {
        let mut found = Vec::new();
        for part in &self.0 {
            if let Part::Path(steps) = part {
                found.extend(follow(steps, root)?.into_iter().cloned());
            }
        }
        Ok(found)
    }

    pub fn text(&self, root: &Value) -> Read<String> {
        let mut out = String::new();
        let mut parts = self.0.as_slice();
        while !parts.is_empty() {
            parts = run(parts, root, &mut out)?;
        }
        Ok(out)
    }
}

/// Writes parts up to the end of a range, and says what stands behind it.
fn run<'p>(mut parts: &'p [Part], here: &Value, out: &mut String) -> Read<&'p [Part]> {
    while let Some((part, behind)) = parts.split_first() {
        parts = behind;
        match part {
            Part::Text(text) => out.push_str(text),
            Part::End => return Ok(parts),
            Part::Path(steps) => {
                let found = follow(steps, here)?;
                let shown: Vec<String> = found.into_iter().map(shown).collect();
                out.push_str(&shown.join(" "));
            }
            Part::Range(steps) => {
                let found = follow(steps, here)?;
                let mut after = None;
                for one in found {
                    after = Some(run(behind, one, out)?);
                }
                parts = match after {
                    Some(after) => after,
                    None => run(behind, &Value::Null, &mut String::new())?,
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

fn follow<'v>(steps: &[Step], from: &'v Value) -> Read<Vec<&'v Value>> {
    let mut here = vec![from];
    for step in steps {
        let mut next = Vec::new();
        for value in here {
            one(step, value, &mut next)?;
        }
        here = next;
    }
    Ok(here)
}

fn one<'v>(step: &Step, value: &'v Value, next: &mut Vec<&'v Value>) -> Read<()> {
    match (step, value) {
        (Step::Field(name), Value::Object(map)) => next.extend(map.get(name)),
        (Step::All, Value::Array(list)) => next.extend(list),
        (Step::All, Value::Object(map)) => next.extend(map.values()),
        (Step::Filter(left, rest), Value::Array(list)) => {
            for each in list {
                if holds(left, rest.as_ref(), each)? {
                    next.push(each);
                }
            }
        }
        (Step::Place(place), Value::Array(list)) => {
            let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
            let at = if *place < 0 { place.saturating_add(length) } else { *place };
            let found = usize::try_from(at).ok().and_then(|at| list.get(at));
            let beyond = || format!("array index out of bounds: index {at}, length {length}");
            next.push(found.ok_or_else(beyond)?);
        }
        (Step::Place(_) | Step::Filter(..), Value::Null) => {}
        (Step::Place(_) | Step::Filter(..), other) => {
            return Err(format!("{} is not array or slice and cannot be filtered", super::print::go(other)));
        }
        _ => {}
    }
    Ok(())
}

fn holds(left: &Side, rest: Option<&(String, Side)>, here: &Value) -> Read<bool> {
    let side = |side: &Side| match side {
        Side::Value(value) => Ok(vec![value.clone()]),
        Side::Path(steps) => follow(steps, here).map(|found| found.into_iter().cloned().collect()),
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
            } else if self.rest.starts_with(['.', '[', '@']) {
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
            if self.rest.starts_with("..") {
                return Err("the built-in kubectl has no `..`".to_owned());
            } else if self.eat("@") {
            } else if self.eat(".") {
                if self.eat("*") { steps.push(Step::All) } else { steps.extend(self.field()) }
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
        let inner = self.until(|c| c == ']').trim();
        if !self.eat("]") {
            return Err("unterminated array".to_owned());
        }
        let quoted = ['\'', '"'].iter().find_map(|quote| inner.strip_prefix(*quote)?.strip_suffix(*quote));
        match (inner, quoted) {
            ("*", _) => Ok(Step::All),
            (_, Some(name)) => {
                let name = Reader { rest: name }.field();
                name.ok_or_else(|| format!("invalid array index {inner}"))
            }
            _ => inner.parse().map(Step::Place).map_err(|_| format!("invalid array index {inner}")),
        }
    }

    fn side(&mut self) -> Read<Side> {
        self.blank();
        if self.rest.starts_with(['"', '\'']) {
            return Ok(Side::Value(Value::String(self.quoted()?)));
        }
        if self.rest.starts_with(['@', '.']) {
            return Ok(Side::Path(self.path()?));
        }
        let word = self.until(|c| matches!(c, ')' | ' ' | '=' | '!' | '<' | '>'));
        serde_json::from_str(word).map(Side::Value).map_err(|_| format!("unrecognized value {word}"))
    }
}
