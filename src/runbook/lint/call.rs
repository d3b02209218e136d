//! The calls of a shell text: each command with its words, redirections and place in its pipe.
use super::word::{self, Kind, Word};

/// How far a text inside a text is followed.
const DEEPEST: usize = 5;

/// More calls than that in one statement tell a lint nothing.
const MOST: usize = 400;

/// Words that only order what runs.
const KEYWORDS: &[&str] =
    &["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "done", "fi", "}", "esac"];

/// `>` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    /// Such as `>`, `>>`, `2>`, `<`, `<<`.
    pub sign: String,
    pub target: Word,
}

/// One command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Call {
    /// `words[0]` is the tool; empty for a bare assignment.
    pub words: Vec<Word>,
    pub assigns: Vec<(String, Word)>,
    pub redirects: Vec<Redirect>,
    /// A here-document or here-string, with whether the shell expands it.
    pub heredoc: Option<(String, bool)>,
    /// Calls of one pipe have one number.
    pub pipe: usize,
    /// Its outcome decides what follows: `if`, `while`, `&&`, `||`, `!`.
    pub decides: bool,
    /// Ends with `&`.
    pub background: bool,
    /// It stands inside `$(…)`.
    pub nested: bool,
    /// It runs in another place: behind `kubectl exec … --`, `ssh host`, `docker run`.
    pub elsewhere: bool,
    pub start: usize,
}

impl Call {
    /// The tool's name without its folder.
    pub fn tool(&self) -> &str {
        let text = self.words.first().map_or("", |word| word.text.as_str());
        text.rsplit('/').next().unwrap_or_default()
    }

    /// Words that are no options, behind the tool.
    pub fn plain(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().skip(1).filter(|word| !word.text.starts_with('-'))
    }

    pub fn has(&self, options: &[&str]) -> bool {
        self.words.iter().skip(1).any(|word| {
            let name = word.text.split('=').next().unwrap_or_default();
            options.contains(&name)
        })
    }

    /// The value of an option, in its own word or behind `=`.
    pub fn option(&self, names: &[&str]) -> Option<Word> {
        self.words.iter().enumerate().skip(1).find_map(|(at, word)| {
            let (name, value) =
                word.text.split_once('=').map_or((word.text.as_str(), None), |(n, v)| (n, Some(v)));
            if !names.contains(&name) {
                return None;
            }
            match value {
                Some(_) => Some(word.from(name.len() + 1)),
                None => self.words.get(at + 1).cloned(),
            }
        })
    }
}

/// All calls of a text, those inside substitutions behind the call that they belong to.
pub(super) fn read(text: &str) -> Vec<Call> {
    let mut reader = Reader { out: Vec::new(), pipes: 0 };
    reader.text(text, 0, false);
    reader.out
}

struct Reader {
    out: Vec<Call>,
    /// How many pipes were numbered.
    pipes: usize,
}

/// What is known while a text is read.
#[derive(Default)]
struct State {
    call: Call,
    pipe: usize,
    /// Between `if` and `then`.
    condition: bool,
    /// Here-documents whose bodies begin on the next line: end, whether it is expanded, and the call's place.
    awaited: Vec<(String, bool, usize)>,
}

impl Reader {
    fn text(&mut self, text: &str, depth: usize, nested: bool) {
        let mut state = State { pipe: self.number(), ..State::default() };
        let mut at = 0;
        while let Some(c) = word::next(text, at) {
            if self.out.len() > MOST {
                return;
            }
            let testing = in_test(&state.call);
            let two = text.get(at..at + 2).unwrap_or_default();
            at = match c {
                ' ' | '\t' | '\r' => at + 1,
                '\\' if two == "\\\n" => at + 2,
                '#' if blank_before(text, at) => {
                    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |n| at + n)
                }
                '\n' if !testing => {
                    self.end(&mut state, depth, nested, false);
                    self.heredocs(text, at + 1, &mut state)
                }
                _ if testing && (matches!(c, '(' | ')' | '<' | '>' | '|' | '&' | '\n')) => at + 1,
                '(' if two == "((" && state.call.words.is_empty() => arithmetic(text, at, &mut state.call),
                ';' | '(' | ')' => {
                    self.end(&mut state, depth, nested, false);
                    at + 1
                }
                '&' if two == "&>" => self.redirect(text, at, "", &mut state),
                '&' => {
                    state.call.background = two != "&&";
                    state.call.decides |= two == "&&";
                    self.end(&mut state, depth, nested, false);
                    at + if two == "&&" { 2 } else { 1 }
                }
                '|' => {
                    state.call.decides |= two == "||";
                    let decides = two == "||";
                    self.end(&mut state, depth, nested, !decides);
                    at + if decides || two == "|&" { 2 } else { 1 }
                }
                '<' | '>' => self.less(text, at, &mut state),
                _ => self.word(text, at, &mut state),
            };
        }
        self.end(&mut state, depth, nested, false);
    }

    fn word(&mut self, text: &str, at: usize, state: &mut State) -> usize {
        let word = word::read(text, at);
        if word.end <= at {
            return at + word::next(text, at).map_or(1, char::len_utf8);
        }
        let end = word.end;
        let first = state.call.words.is_empty();
        let digits = !word.text.is_empty() && word.text.bytes().all(|b| b.is_ascii_digit());
        if digits && matches!(word::next(text, end), Some('<' | '>')) {
            return self.redirect(text, end, &word.text, state);
        }
        if first && word.literal() && KEYWORDS.contains(&word.text.as_str()) && state.call.assigns.is_empty()
        {
            match word.text.as_str() {
                "if" | "elif" | "while" | "until" => state.condition = true,
                "then" | "do" => state.condition = false,
                "!" => state.call.decides = true,
                _ => {}
            }
            return end;
        }
        if first && let Some((name, value)) = assignment(&word) {
            if state.call.assigns.is_empty() {
                state.call.start = at;
            }
            state.call.assigns.push((name, value));
            return end;
        }
        if first && state.call.assigns.is_empty() {
            state.call.start = at;
        }
        state.call.words.push(word);
        end
    }

    fn less(&mut self, text: &str, at: usize, state: &mut State) -> usize {
        let word = word::read(text, at);
        if word.end > at {
            state.call.words.push(word);
            return state.call.words.last().map_or(at + 1, |word| word.end);
        }
        self.redirect(text, at, "", state)
    }

    fn redirect(&mut self, text: &str, at: usize, fd: &str, state: &mut State) -> usize {
        let rest = text.get(at..).unwrap_or_default();
        let sign = ["<<<", "<<-", "&>>", "<<", ">>", ">&", "<&", "&>", ">|", "<>", "<", ">"]
            .iter()
            .find(|sign| rest.starts_with(**sign))
            .copied()
            .unwrap_or(">");
        let mut from = at + sign.len();
        while matches!(word::next(text, from), Some(' ' | '\t')) {
            from += 1;
        }
        let target = word::read(text, from);
        let end = target.end.max(from);
        match sign {
            "<<" | "<<-" => {
                let expands = target.pieces.iter().all(|piece| piece.quote == word::Quote::Bare);
                state.awaited.push((target.text.clone(), expands, self.out.len()));
            }
            "<<<" => state.call.heredoc = Some((target.text.clone(), true)),
            _ => {}
        }
        state.call.redirects.push(Redirect { sign: format!("{fd}{sign}"), target });
        end
    }

    /// Takes the here-documents that were announced on the line before; answers where the script goes on.
    fn heredocs(&mut self, text: &str, at: usize, state: &mut State) -> usize {
        let mut at = at;
        for (end, expands, call) in std::mem::take(&mut state.awaited) {
            let mut body = String::new();
            while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
                let length = rest.find('\n').map_or(rest.len(), |n| n + 1);
                let line = rest.get(..length).unwrap_or_default();
                at += length;
                if line.trim() == end {
                    break;
                }
                body.push_str(line);
            }
            if let Some(call) = self.out.get_mut(call) {
                call.heredoc = Some((body, expands));
            }
        }
        at
    }

    /// A call is complete; what stands in its substitutions follows it.
    fn end(&mut self, state: &mut State, depth: usize, nested: bool, goes_on: bool) {
        let mut call = std::mem::take(&mut state.call);
        let empty = call.words.is_empty() && call.assigns.is_empty() && call.redirects.is_empty();
        if !empty {
            call.pipe = state.pipe;
            call.nested = nested;
            call.decides |= state.condition;
            let inner: Vec<String> = call
                .words
                .iter()
                .chain(call.assigns.iter().map(|(_, value)| value))
                .chain(call.redirects.iter().map(|redirect| &redirect.target))
                .flat_map(|word| &word.pieces)
                .filter_map(|piece| match &piece.kind {
                    Kind::Command(text) => Some(text.clone()),
                    _ => None,
                })
                .collect();
            let start = call.start;
            self.out.push(call);
            if depth < DEEPEST {
                let from = self.out.len();
                for text in &inner {
                    self.text(text, depth + 1, true);
                }
                // A place inside a place is only known as that of the outer one.
                self.out.iter_mut().skip(from).for_each(|call| call.start = start);
            }
        }
        if !goes_on {
            state.pipe = self.number();
        }
    }

    fn number(&mut self) -> usize {
        self.pipes += 1;
        self.pipes
    }
}

/// `((…))`: what runs inside of it runs.
fn arithmetic(text: &str, at: usize, call: &mut Call) -> usize {
    let close = word::closing(text, at + 2, ')');
    let mut inner = word::inside(text.get(at + 2..close).unwrap_or_default());
    inner.start = at;
    inner.end = close;
    let sign = Word { text: "((".to_owned(), start: at, end: at + 2, ..Word::default() };
    call.start = at;
    call.words = vec![sign, inner];
    call.decides = true;
    let after = text.get(close..).unwrap_or_default();
    close + if after.starts_with("))") { 2 } else { 1 }
}

/// Inside `[[ … ]]`, where operators are words.
fn in_test(call: &Call) -> bool {
    call.words.first().is_some_and(|word| word.text == "[[")
        && call.words.last().is_some_and(|word| word.text != "]]")
}

fn blank_before(text: &str, at: usize) -> bool {
    at == 0
        || text
            .get(..at)
            .and_then(|t| t.chars().next_back())
            .is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '(' | '|' | '&'))
}

/// `NAME=value`, `NAME+=value`.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let (name, _) = word.text.split_once('=')?;
    let bare = name.strip_suffix('+').unwrap_or(name);
    let first = word
        .pieces
        .first()
        .is_some_and(|piece| piece.quote == word::Quote::Bare && piece.text.len() > name.len());
    let sane = !bare.is_empty()
        && !bare.starts_with(|c: char| c.is_ascii_digit())
        && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (first && sane).then(|| (bare.to_owned(), word.from(name.len() + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(text: &str) -> String {
        read(text).iter().map(Call::tool).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_call_of_a_compound_text_is_found() {
        assert_eq!(tools("if curl -s x | grep -q ok; then echo a; fi"), "curl grep echo");
        assert_eq!(tools("A=$(curl x | jq .) && B=\"$(date)\" cmd"), " curl jq cmd date");
        assert_eq!(tools("for i in a b; do rm $i; done"), "for rm");
        assert_eq!(tools("if (( $(echo \"$X < 1\" | bc -l) )); then x; fi"), "(( echo bc x");
        assert_eq!(tools("[[ $a == *b* && -n $c ]] || exit 1"), "[[ exit");
        assert_eq!(tools("cat <<EOF | kubectl apply -f -\nrm -rf /\nEOF\nls"), "cat kubectl ls");
    }

    #[test]
    fn calls_know_their_pipe_and_what_their_outcome_decides() {
        let calls = read("curl -s u | jq -r .s | grep -q healthy && echo fine; ls");
        let pipes: Vec<usize> = calls.iter().map(|call| call.pipe).collect();
        assert!(pipes[0] == pipes[1] && pipes[1] == pipes[2] && pipes[2] != pipes[3] && pipes[3] != pipes[4]);
        assert!(calls[2].decides && !calls[4].decides);
        let calls = read("kubectl delete pod <pod-name> -n a > out.txt 2>&1 &");
        assert_eq!(
            calls[0].plain().map(|w| w.text.as_str()).collect::<Vec<_>>(),
            ["delete", "pod", "<pod-name>", "a"]
        );
        assert_eq!(calls[0].redirects.len(), 2);
        assert!(calls[0].background);
    }

    #[test]
    fn hostile_text_ends_soon() {
        for piece in ["$(", "`", "((", "\"", "<<a\n", "{ ", "[[ ", "if ", "a | ", "${x"] {
            let calls = read(&piece.repeat(20_000));
            assert!(calls.len() < 20_000, "{piece}");
        }
    }
}
