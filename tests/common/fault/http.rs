//! Reading requests as they pass, and answering some of them in the backend's place.
use std::sync::{Arc, Mutex};

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    code: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// A Kubernetes `Status` with this code.
    pub(crate) fn status(code: u16, reason: &str) -> Answer {
        let body = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": format!("the fault proxy says {code}"), "reason": reason, "code": code,
        });
        Answer::body(code, body.to_string())
    }

    /// Any bytes, said to be JSON.
    pub(crate) fn body(code: u16, body: impl Into<Vec<u8>>) -> Answer {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Answer { code, headers, body: body.into() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let headers: String =
            self.headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
        let (code, length) = (self.code, self.body.len());
        let head = format!(
            "HTTP/1.1 {code} by the fault proxy\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        [head.as_bytes(), &self.body].concat()
    }
}

struct Rule {
    holding: String,
    left: Option<u32>,
    answer: Answer,
}

/// Which requests are answered here. The latest rule that fits a request wins.
#[derive(Clone, Default)]
pub(super) struct Rules(Arc<Mutex<Vec<Rule>>>);

impl Rules {
    pub(super) fn add(&self, holding: &str, left: Option<u32>, answer: Answer) {
        let mut rules = self.0.lock().expect("no test panics inside");
        rules.push(Rule { holding: holding.to_owned(), left, answer });
    }

    pub(super) fn clear(&self) {
        self.0.lock().expect("no test panics inside").clear();
    }

    fn answer(&self, request: &str) -> Option<Vec<u8>> {
        let mut rules = self.0.lock().expect("no test panics inside");
        let fits = |rule: &&mut Rule| rule.left != Some(0) && request.contains(&rule.holding);
        let rule = rules.iter_mut().rev().find(fits)?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.answer.bytes())
    }
}

/// What becomes of some bytes from a client.
#[derive(Default)]
pub(super) struct Passed {
    pub(super) on: Vec<u8>,
    pub(super) answer: Option<Vec<u8>>,
}

/// Where in its requests a client is. Clients here send one request, wait for its answer, then the next.
#[derive(Default)]
pub(super) struct Requests {
    /// The head of a request, as far as it came.
    head: Vec<u8>,
    reading: Reading,
}

#[derive(Default, Clone, Copy)]
enum Reading {
    #[default]
    Head,
    Body {
        left: u64,
    },
    /// Something other than plain HTTP/1 requests: everything passes.
    Raw,
}

const LONGEST_HEAD: usize = 64 * 1024;

impl Requests {
    pub(super) fn take(&mut self, mut bytes: &[u8], rules: &Rules) -> Passed {
        let mut passed = Passed::default();
        while !bytes.is_empty() {
            match self.reading {
                Reading::Raw => {
                    passed.on.extend_from_slice(bytes);
                    return passed;
                }
                Reading::Body { left } => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    passed.on.extend_from_slice(&bytes[..length]);
                    bytes = &bytes[length..];
                    let left = left - length as u64;
                    self.reading = if left == 0 { Reading::Head } else { Reading::Body { left } };
                }
                Reading::Head => {
                    self.head.push(bytes[0]);
                    bytes = &bytes[1..];
                    if self.head.ends_with(b"\r\n\r\n") {
                        self.finish_head(rules, &mut passed);
                        if passed.answer.is_some() {
                            return passed;
                        }
                    } else if self.head.len() > LONGEST_HEAD || not_http(&self.head) {
                        passed.on.append(&mut self.head);
                        self.reading = Reading::Raw;
                    }
                }
            }
        }
        passed
    }

    fn finish_head(&mut self, rules: &Rules, passed: &mut Passed) {
        let text = String::from_utf8_lossy(&self.head).into_owned();
        let (request, headers) = text.split_once("\r\n").unwrap_or((&text, ""));
        passed.answer = rules.answer(request);
        if passed.answer.is_some() {
            return;
        }
        passed.on.append(&mut self.head);
        self.reading = Reading::Head;
        for (name, value) in headers.lines().filter_map(|line| line.split_once(':')) {
            match name.trim().to_ascii_lowercase().as_str() {
                "upgrade" | "transfer-encoding" => {
                    self.reading = Reading::Raw;
                    return;
                }
                "content-length" => match value.trim().parse() {
                    Ok(0) | Err(_) => {}
                    Ok(left) => self.reading = Reading::Body { left },
                },
                _ => {}
            }
        }
    }
}

/// A request begins with a method in capitals; TLS, RESP and the like do not.
fn not_http(head: &[u8]) -> bool {
    let method = head.split(|byte| *byte == b' ').next().unwrap_or_default();
    method.len() > 16 || !method.iter().all(u8::is_ascii_uppercase)
}
