//! Keeps a line short whatever is in it: what is too long goes to a file beside the journal.
use serde_json::Value;

use super::event::What;

/// No line is longer, so that a write stays one write and a reader needs no trust.
pub const LINE: usize = 64 << 10;

/// Bytes a text and items a list may keep; the next ones are tried while the body is still too long.
const LIMITS: [(usize, usize); 4] = [(4096, 256), (1024, 64), (256, 16), (64, 8)];

/// An event's content that fits a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounded {
    pub what: What,
    /// What was cut: where it stood, and the whole of it.
    pub whole: Vec<Whole>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// A JSON pointer into the body.
    pub of: String,
    /// A text as it was, a list as JSON.
    pub text: String,
}

/// Cuts texts and lists of any size to what a line can hold. Nothing is lost: the whole comes back beside it.
pub fn bound(what: What) -> Result<Bounded, serde_json::Error> {
    let whole = serde_json::to_value(&what)?;
    if !too_long(&whole, LIMITS[0]) {
        return Ok(Bounded { what, whole: Vec::new() });
    }
    let mut found = Bounded { what, whole: Vec::new() };
    for limits in LIMITS {
        let mut value = whole.clone();
        let mut cut = Vec::new();
        if let Some(body) = value.get_mut("body") {
            trim(body, limits, &mut String::new(), &mut cut);
        }
        let size = value.to_string().len();
        found = Bounded { what: serde_json::from_value(value)?, whole: cut };
        if size + found.whole.len() * 256 <= LINE - 1024 {
            break;
        }
    }
    Ok(found)
}

fn too_long(value: &Value, limits: (usize, usize)) -> bool {
    let (text, items) = limits;
    let over = match value {
        Value::String(s) => s.len() > text,
        Value::Array(list) => list.len() > items || list.iter().any(|item| too_long(item, limits)),
        Value::Object(map) => map.values().any(|item| too_long(item, limits)),
        _ => false,
    };
    over || matches!(value, Value::Object(_)) && value.to_string().len() > LINE / 2
}

fn trim(value: &mut Value, limits: (usize, usize), at: &mut String, cut: &mut Vec<Whole>) {
    let deeper = |at: &mut String, name: &str, item: &mut Value, cut: &mut Vec<Whole>| {
        let here = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        trim(item, limits, at, cut);
        at.truncate(here);
    };
    match value {
        Value::String(text) if text.len() > limits.0 => {
            let end = text.floor_char_boundary(limits.0);
            let head = text[..end].to_owned();
            cut.push(Whole { of: at.clone(), text: std::mem::replace(text, head) });
        }
        Value::Array(list) => {
            // A list that goes to a file whole needs no files for its items.
            if list.len() > limits.1 {
                cut.push(Whole { of: at.clone(), text: Value::Array(list.clone()).to_string() });
                list.truncate(limits.1);
                let mut covered = Vec::new();
                for (i, item) in list.iter_mut().enumerate() {
                    deeper(at, &i.to_string(), item, &mut covered);
                }
            } else {
                for (i, item) in list.iter_mut().enumerate() {
                    deeper(at, &i.to_string(), item, cut);
                }
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                deeper(at, name, item, cut);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::event::{EvidenceKept, Note, Output, QuestionAsked, Target, Tier};

    fn length(what: &What) -> usize {
        serde_json::to_string(what).expect("json").len()
    }

    #[test]
    fn a_short_event_is_left_alone() {
        let what = What::Note(Note { text: "x".repeat(4096) });
        assert_eq!(bound(what.clone()).expect("bounded"), Bounded { what, whole: Vec::new() });
    }

    #[test]
    fn a_text_of_ten_megabytes_keeps_its_beginning_and_loses_nothing() {
        let text = "ü".repeat(5 << 20);
        let bounded = bound(What::Note(Note { text: text.clone() })).expect("bounded");
        let What::Note(note) = &bounded.what else { panic!("another kind") };
        assert!(text.starts_with(&note.text) && note.text.len() > 4000);
        assert_eq!(bounded.whole, [Whole { of: "/text".into(), text }]);
    }

    #[test]
    fn a_question_over_thirty_thousand_pods_fits_a_line() {
        let target = |n: usize| Target {
            context: "prod".into(),
            kind: "pod".into(),
            namespace: "shop".into(),
            name: format!("api-{n}-{}", "x".repeat(200)),
            uid: n.to_string(),
        };
        let what = What::QuestionAsked(Box::new(QuestionAsked {
            question: 1,
            revision: 0,
            plan: (0..30_000).map(|n| format!("delete pod {n} {}", "y".repeat(300))).collect(),
            tier: Tier::Danger,
            targets: (0..30_000).map(target).collect(),
            findings: None,
        }));
        let bounded = bound(what).expect("bounded");
        assert!(length(&bounded.what) < LINE, "{}", length(&bounded.what));
        let places: Vec<_> = bounded.whole.iter().map(|w| w.of.as_str()).collect();
        assert_eq!(places, ["/plan", "/targets"]);
        let all: Vec<Target> = serde_json::from_str(&bounded.whole[1].text).expect("a list");
        assert_eq!(all.len(), 30_000);
    }

    #[test]
    fn many_middling_texts_fit_a_line_too() {
        let output =
            |n: usize| Output { file: format!("{n}{}", "f".repeat(2000)), size: 1, sha256: "s".into() };
        let target = Target {
            context: String::new(),
            kind: "pod".into(),
            namespace: String::new(),
            name: "n".into(),
            uid: String::new(),
        };
        let what = What::EvidenceKept(EvidenceKept {
            target,
            files: (0..200).map(output).collect(),
            missing: vec![],
        });
        assert!(length(&bound(what).expect("bounded").what) < LINE);
    }
}
