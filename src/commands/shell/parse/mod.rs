//! The only module that knows the parser: a shell's text into a [`Tree`].
use std::borrow::Cow;

use shuck_ast::{
    Command, Comment, CompoundCommand, Redirect, RedirectKind, RedirectTarget, Stmt, StmtSeq, StmtTerminator,
};
use shuck_parser::parser::{ParseResult, Parser};
use shuck_parser::{ShellDialect, ShellProfile};

use super::coarse;
use super::escape::hides;
use super::tree::{self, Kind, Node, Tree, Way};

mod command;
mod plain;
mod word;

/// Deeper nesting than any script has; beyond it the parser gives up, which keeps the stack small.
const DEPTH: usize = 40;
/// Enough work for any honest text, beside twice its length.
const FUEL: usize = 50_000;
/// Substitutions in substitutions whose text is read by itself.
const INNER: usize = 8;
/// Up to here every text is read at once. Beyond, what the parser takes quadratic time for is counted first.
const SMALL: usize = 8_192;
const MOST_EXPANSIONS: usize = 1_500;
const MOST_OPEN_BRACES: usize = 400;
const MOST_CASES: usize = 400;

/// Why a text was not read.
#[derive(Debug)]
pub enum Failure {
    /// What is wrong with it, in a few words.
    Broken(String),
    /// Nested too deeply, or too long a chain.
    Deep(String),
    /// It would take too long.
    Costly,
}

impl Failure {
    pub fn message(self) -> String {
        match self {
            Failure::Broken(message) | Failure::Deep(message) => message,
            Failure::Costly => "too much to read at once".to_owned(),
        }
    }
}

/// Reads a text that stands at `base` in a longer one.
pub fn parse(text: &str, base: usize) -> Result<Tree, Failure> {
    if is_costly(text) {
        return Err(Failure::Costly);
    }
    if let Some(tree) = plain::read(text, base) {
        return Ok(tree);
    }
    parse_whole(text, base)
}

/// Reads any text with the parser.
fn parse_whole(text: &str, base: usize) -> Result<Tree, Failure> {
    let result = parsed(text);
    if !result.is_ok() {
        let said = result.diagnostics.first().map(|one| (one.message.clone(), one.span.line()));
        let (message, line) = said.unwrap_or_else(|| ("not readable".to_owned(), 1));
        let deep = ["too deep", "exhausted", "too long"].iter().any(|word| message.contains(word));
        let message = format!("line {line}: {message}");
        return Err(if deep { Failure::Deep(message) } else { Failure::Broken(message) });
    }
    let mut lower = Lower { text, base, comments: Vec::new(), lost: false, level: 0, operand: 0 };
    let nodes = lower.sequence(&result.file.body);
    let mut comments = lower.comments;
    comments.sort_by_key(|range| range.start);
    comments.dedup();
    Ok(Tree { nodes, comments })
}

/// The parser counts bytes as if every sign were one in places, and falls over wide ones: it is given signs of one
/// byte that mean nothing, and texts are taken from the source by their places.
fn parsed(text: &str) -> ParseResult {
    let narrow: Cow<'_, str> = if text.is_ascii() {
        text.into()
    } else {
        text.bytes()
            .map(|byte| if byte.is_ascii() { char::from(byte) } else { '%' })
            .collect::<String>()
            .into()
    };
    let profile = ShellProfile::native(ShellDialect::Bash);
    let fuel = FUEL.saturating_add(text.len().saturating_mul(2));
    Parser::with_limits_and_profile(&narrow, DEPTH, fuel, profile).parse()
}

/// Whether the parser could need more than a moment: it looks ahead from each open brace, and counts lines anew
/// for each expansion in a long word.
fn is_costly(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut deepest = 0_usize;
    for at in memchr::memchr2_iter(b'{', b'}', bytes) {
        if bytes.get(at) == Some(&b'{') {
            depth += 1;
            deepest = deepest.max(depth);
        } else {
            depth = depth.saturating_sub(1);
        }
    }
    let expansions = || memchr::memchr2_iter(b'$', b'`', bytes).take(MOST_EXPANSIONS + 1).count();
    let cases = || memchr::memmem::find_iter(bytes, b"case").take(MOST_CASES + 1).count();
    text.len() > SMALL
        && (deepest > MOST_OPEN_BRACES || expansions() > MOST_EXPANSIONS || cases() > MOST_CASES)
}
struct Lower<'a> {
    text: &'a str,
    base: usize,
    comments: Vec<std::ops::Range<usize>>,
    /// Something in the command at hand could not be read for sure.
    lost: bool,
    /// Inside how many substitutions we are.
    level: usize,
    /// Inside how many operands of expansions: there the parser may leave substitutions unread.
    operand: usize,
}

impl Lower<'_> {
    fn comment(&mut self, comment: Comment) {
        let range = comment.range.start().to_u32() as usize..comment.range.end().to_u32() as usize;
        if self.text.get(range.clone()).is_some_and(|text| text.starts_with('#')) {
            self.comments.push(range.start + self.base..range.end + self.base);
        }
    }

    fn sequence(&mut self, sequence: &StmtSeq) -> Vec<Node> {
        for comment in sequence.leading_comments.iter().chain(&sequence.trailing_comments) {
            self.comment(*comment);
        }
        sequence.iter().map(|stmt| self.stmt(stmt)).collect()
    }

    fn stmt(&mut self, stmt: &Stmt) -> Node {
        for comment in stmt.leading_comments.iter().chain(&stmt.inline_comment) {
            self.comment(*comment);
        }
        let mut end = stmt.span.end.offset();
        let background = matches!(stmt.terminator, Some(StmtTerminator::Background(_)));
        if let Some(span) = stmt.terminator_span {
            end = end.max(span.end.offset());
        }
        // A compound command's own place ends before its redirections.
        for word in stmt.redirects.iter().filter_map(Redirect::word_target) {
            end = end.max(word.span.end.offset());
        }
        let start = stmt.span.start.offset();
        if let Some(slice) = self.text.get(start..end) {
            end = start + slice.trim_end().len();
        }
        let mut redirects = Vec::new();
        let mut document_end = None;
        for redirect in &stmt.redirects {
            if let Some(heredoc) = redirect.heredoc() {
                document_end = document_end.max(Some(heredoc.body.span.end.offset() + self.base));
            }
            redirects.push(self.redirect(redirect));
        }
        let outer = std::mem::replace(&mut self.lost, false);
        let kind = self.command(&stmt.command);
        document_end = document_end.max(inner_end(&kind));
        let mut span = start + self.base..end + self.base;
        match (&stmt.command, &kind) {
            (Command::Compound(CompoundCommand::Subshell(_)), _) => self.enclose(&mut span, '(', ')'),
            (Command::Compound(CompoundCommand::BraceGroup(_)), _) => self.enclose(&mut span, '{', '}'),
            (Command::Binary(_), Kind::Pipe(nodes) | Kind::Sequence(nodes)) => {
                span.start = nodes.first().map_or(span.start, |first| first.span.start.min(span.start));
                span.end = nodes.last().map_or(span.end, |last| last.span.end.max(span.end));
            }
            _ => {}
        }
        let own = self.text.get(span.start - self.base..span.end - self.base).unwrap_or_default();
        // The parser may lose what stands in a substitution: it takes the bracket of a `case` arm for the end, or
        // lets a list of words stay open.
        let lost = std::mem::replace(&mut self.lost, outer);
        let doubtful = matches!(kind, Kind::Simple(_) | Kind::Test(_)) && hides(own);
        let mut again = if lost || doubtful { coarse::nodes(own, lost) } else { Vec::new() };
        for heredoc in stmt.redirects.iter().filter_map(Redirect::heredoc) {
            let body = heredoc.body.span.slice(self.text);
            if heredoc.delimiter.expands_body && body.contains("esac") && hides(body) {
                again.extend(coarse::nodes(body, true));
            }
        }
        Node { span, document_end, kind, redirects, background, again, lost }
    }

    /// A group's own place leaves out its brackets: widens it to them.
    fn enclose(&self, span: &mut std::ops::Range<usize>, open: char, close: char) {
        let (start, end) = (span.start - self.base, span.end - self.base);
        let only_comments =
            |text: &str| text.lines().all(|line| line.is_empty() || line.trim_start().starts_with('#'));
        let before = self.text.get(..start).unwrap_or_default();
        let is_open = self.text.get(start..).is_some_and(|text| text.starts_with(open));
        // An opener in a comment between is passed over, but not many of them.
        let found = before
            .rmatch_indices(open)
            .take(4)
            .find(|(at, _)| before.get(at + 1..).is_some_and(|between| only_comments(between.trim())));
        if let Some((at, _)) = found.filter(|_| !is_open) {
            span.start = at + self.base;
        }
        let inside = self.text.get(span.start - self.base..end).unwrap_or_default();
        if inside.matches(open).count() <= inside.matches(close).count() && inside.ends_with(close) {
            return;
        }
        let mut rest = self.text.get(end..).unwrap_or_default();
        loop {
            rest = rest.trim_start();
            if !rest.starts_with('#') {
                break;
            }
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        }
        if rest.starts_with(close) {
            span.end = self.text.len() - rest.len() + 1 + self.base;
        }
    }

    fn redirect(&mut self, redirect: &Redirect) -> tree::Redirect {
        let way = match redirect.kind {
            RedirectKind::Output | RedirectKind::Clobber | RedirectKind::OutputBoth => Way::Write,
            RedirectKind::ReadWrite | RedirectKind::Append => Way::Append,
            RedirectKind::Input => Way::Read,
            RedirectKind::DupOutput | RedirectKind::DupInput => Way::Duplicate,
            RedirectKind::HereDoc | RedirectKind::HereDocStrip | RedirectKind::HereString => Way::Document,
        };
        let target = match &redirect.target {
            RedirectTarget::Word(word) => self.word(word),
            RedirectTarget::Heredoc(heredoc) => self.document(&heredoc.body),
        };
        tree::Redirect { way, fd: redirect.fd, target }
    }
}

/// Where the last here-document inside a command ends.
fn inner_end(kind: &Kind) -> Option<usize> {
    let last = |nodes: &[Node]| nodes.iter().filter_map(|node| node.document_end).max();
    match kind {
        Kind::Simple(_) | Kind::Test(_) => None,
        Kind::Pipe(nodes) | Kind::Sequence(nodes) => last(nodes),
        Kind::If(one) => {
            let arms = one.arms.iter().map(|(condition, body)| last(condition).max(last(body))).max();
            arms.flatten().max(one.otherwise.as_deref().and_then(last))
        }
        Kind::Loop(one) => last(&one.condition).max(last(&one.body)),
        Kind::Case { arms, .. } => arms.iter().filter_map(|(_, body)| last(body)).max(),
        Kind::Function { body, .. } => body.document_end,
    }
}

#[cfg(test)]
mod tests;
