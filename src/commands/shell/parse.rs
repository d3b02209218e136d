//! The only file that knows the parser: a shell's text into a [`Tree`].
use std::borrow::Cow;
use std::rc::Rc;

use shuck_ast::{
    ArithmeticExpr, ArithmeticExprNode, ArithmeticLvalue, ArrayElem, Assignment, AssignmentValue, BinaryOp,
    BourneParameterExpansion, BuiltinCommand, Command, CommandSubstitutionSyntax, Comment, CompoundCommand,
    ConditionalExpr, DeclOperand, HeredocBody, HeredocBodyPart, LiteralText, ParameterExpansion,
    ParameterExpansionSyntax, ParameterOp, Pattern, PatternPart, Redirect, RedirectKind, RedirectTarget,
    SourceText, Span, Stmt, StmtSeq, StmtTerminator, VarRef, Word, WordPart, WordPartNode,
};
use shuck_parser::parser::{ParseResult, Parser};
use shuck_parser::{ShellDialect, ShellProfile};

use super::coarse;
use super::tree::{self, Assign, Form, If, Kind, Loop, Node, Piece, Simple, Text, Tree, Variable, Way};

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
            RedirectKind::ReadWrite => Way::Append,
            RedirectKind::Append => Way::Append,
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

    fn command(&mut self, command: &Command) -> Kind {
        match command {
            Command::Simple(simple) => {
                let mut words = Vec::with_capacity(simple.args.len() + 1);
                let name = self.word(&simple.name);
                // Assignments alone have a name of nothing.
                let nothing =
                    |piece: &Piece| matches!(piece, Piece::Fixed { text, quoted: false } if text.is_empty());
                if !name.pieces.iter().all(nothing) {
                    words.push(name);
                }
                words.extend(simple.args.iter().map(|word| self.word(word)));
                let assigns = simple.assignments.iter().map(|one| self.assign(one)).collect();
                Kind::Simple(Simple { assigns, words, declares: false })
            }
            Command::Builtin(builtin) => self.builtin(builtin),
            Command::Decl(decl) => {
                let mut words = vec![fixed(decl.variant.as_str(), false)];
                let mut assigns: Vec<Assign> = decl.assignments.iter().map(|one| self.assign(one)).collect();
                for operand in &decl.operands {
                    match operand {
                        DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => words.push(self.word(word)),
                        DeclOperand::Name(name) => words.push(fixed(name.name.as_str(), false)),
                        DeclOperand::Assignment(one) => assigns.push(self.assign(one)),
                    }
                }
                Kind::Simple(Simple { assigns, words, declares: true })
            }
            Command::Binary(_) => self.binary(command),
            Command::Compound(compound) => self.compound(compound),
            Command::Function(function) => {
                let names = function.static_names().map(|name| name.as_str().to_owned()).collect();
                Kind::Function { names, body: Rc::new(self.stmt(&function.body)) }
            }
            Command::AnonymousFunction(function) => Kind::Sequence(vec![self.stmt(&function.body)]),
        }
    }

    fn builtin(&mut self, builtin: &BuiltinCommand) -> Kind {
        let (name, first, rest, assigns) = match builtin {
            BuiltinCommand::Break(one) => ("break", &one.depth, &one.extra_args, &one.assignments),
            BuiltinCommand::Continue(one) => ("continue", &one.depth, &one.extra_args, &one.assignments),
            BuiltinCommand::Return(one) => ("return", &one.code, &one.extra_args, &one.assignments),
            BuiltinCommand::Exit(one) => ("exit", &one.code, &one.extra_args, &one.assignments),
        };
        let mut words = vec![fixed(name, false)];
        words.extend(first.iter().chain(rest).map(|word| self.word(word)));
        let assigns = assigns.iter().map(|one| self.assign(one)).collect();
        Kind::Simple(Simple { assigns, words, declares: false })
    }

    /// Chains lean to the left and may be a thousand links long: they are taken apart without recursion.
    fn binary(&mut self, command: &Command) -> Kind {
        let pipe = matches!(command, Command::Binary(one) if is_pipe(one.op));
        let mut nodes = Vec::new();
        let mut at = command;
        let first = loop {
            let Command::Binary(binary) = at else { break None };
            nodes.push(self.stmt(&binary.right));
            let left = &binary.left;
            let goes_on = matches!(&left.command, Command::Binary(one) if is_pipe(one.op) == pipe);
            if !goes_on || !left.redirects.is_empty() || left.negated {
                break Some(left);
            }
            for comment in left.leading_comments.iter().chain(&left.inline_comment) {
                self.comment(*comment);
            }
            at = &left.command;
        };
        if let Some(first) = first {
            nodes.push(self.stmt(first));
        }
        nodes.reverse();
        if pipe { Kind::Pipe(nodes) } else { Kind::Sequence(nodes) }
    }

    fn compound(&mut self, compound: &CompoundCommand) -> Kind {
        match compound {
            CompoundCommand::If(one) => {
                let mut arms = vec![(self.sequence(&one.condition), self.sequence(&one.then_branch))];
                for (condition, body) in &one.elif_branches {
                    arms.push((self.sequence(condition), self.sequence(body)));
                }
                Kind::If(If { arms, otherwise: one.else_branch.as_ref().map(|body| self.sequence(body)) })
            }
            CompoundCommand::For(one) => {
                let variable = one.targets.first().and_then(|target| target.name.as_ref());
                self.each(variable.map(shuck_ast::Name::as_str), one.words.as_deref(), &one.body, false)
            }
            CompoundCommand::Select(one) => {
                self.each(Some(one.variable.as_str()), Some(&one.words), &one.body, true)
            }
            CompoundCommand::Foreach(one) => {
                self.each(Some(one.variable.as_str()), Some(&one.words), &one.body, false)
            }
            CompoundCommand::Repeat(one) => {
                self.each(None, Some(std::slice::from_ref(&one.count)), &one.body, false)
            }
            CompoundCommand::ArithmeticFor(one) => {
                let mut words = Vec::new();
                for part in [&one.init_ast, &one.condition_ast, &one.step_ast].into_iter().flatten() {
                    self.arithmetic(part, &mut words);
                }
                let body = self.sequence(&one.body);
                Kind::Loop(Loop { variable: None, words, condition: Vec::new(), body, asks: false })
            }
            CompoundCommand::While(one) => self.repeat(&one.condition, &one.body),
            CompoundCommand::Until(one) => self.repeat(&one.condition, &one.body),
            CompoundCommand::Case(one) => {
                let word = self.word(&one.word);
                let arms = one.cases.iter().map(|case| {
                    let name: Vec<String> = case.patterns.iter().map(|p| p.render(self.text)).collect();
                    (name.join("|"), self.sequence(&case.body))
                });
                Kind::Case { word, arms: arms.collect() }
            }
            CompoundCommand::Subshell(body) | CompoundCommand::BraceGroup(body) => {
                Kind::Sequence(self.sequence(body))
            }
            CompoundCommand::Arithmetic(one) => {
                let mut words = Vec::new();
                if let Some(expression) = &one.expr_ast {
                    self.arithmetic(expression, &mut words);
                } else if let Some(span) = one.expr_span {
                    words.push(self.raw(span.slice(self.text), true));
                }
                Kind::Test(words)
            }
            CompoundCommand::Time(one) => {
                Kind::Sequence(one.command.iter().map(|stmt| self.stmt(stmt)).collect())
            }
            CompoundCommand::Conditional(one) => {
                let mut words = Vec::new();
                self.conditional(&one.expression, &mut words);
                Kind::Test(words)
            }
            CompoundCommand::Coproc(one) => Kind::Sequence(vec![self.stmt(&one.body)]),
            CompoundCommand::Always(one) => {
                let mut nodes = self.sequence(&one.body);
                nodes.extend(self.sequence(&one.always_body));
                Kind::Sequence(nodes)
            }
        }
    }

    fn each(&mut self, variable: Option<&str>, words: Option<&[Word]>, body: &StmtSeq, asks: bool) -> Kind {
        let words = match words {
            Some(words) => words.iter().map(|word| self.word(word)).collect(),
            // `for x` without a list goes through the arguments.
            None => vec![variable_text("@", true, Form::All)],
        };
        let body = self.sequence(body);
        Kind::Loop(Loop { variable: variable.map(str::to_owned), words, condition: Vec::new(), body, asks })
    }

    fn repeat(&mut self, condition: &StmtSeq, body: &StmtSeq) -> Kind {
        let condition = self.sequence(condition);
        let body = self.sequence(body);
        Kind::Loop(Loop { variable: None, words: Vec::new(), condition, body, asks: false })
    }

    fn conditional(&mut self, expression: &ConditionalExpr, out: &mut Vec<Text>) {
        let mut at = expression;
        loop {
            match at {
                ConditionalExpr::Binary(one) => {
                    self.conditional(&one.right, out);
                    at = &one.left;
                }
                ConditionalExpr::Unary(one) => at = &one.expr,
                ConditionalExpr::Parenthesized(one) => at = &one.expr,
                ConditionalExpr::Word(word) | ConditionalExpr::Regex(word) => {
                    return out.push(self.word(word));
                }
                ConditionalExpr::Pattern(pattern) => return self.pattern(pattern, out),
                ConditionalExpr::VarRef(reference) => return self.subscript(reference, out),
            }
        }
    }

    fn arithmetic(&mut self, node: &ArithmeticExprNode, out: &mut Vec<Text>) {
        let mut at = node;
        loop {
            match &at.kind {
                ArithmeticExpr::Number(_) => return,
                ArithmeticExpr::Variable(name) => {
                    return out.push(variable_text(name.as_str(), true, Form::About));
                }
                ArithmeticExpr::Indexed { name, index } => {
                    out.push(variable_text(name.as_str(), true, Form::About));
                    at = index;
                }
                ArithmeticExpr::ShellWord(word) => return out.push(self.word(word)),
                ArithmeticExpr::Parenthesized { expression } => at = expression,
                ArithmeticExpr::Unary { expr, .. } | ArithmeticExpr::Postfix { expr, .. } => at = expr,
                ArithmeticExpr::Binary { left, right, .. } => {
                    self.arithmetic(right, out);
                    at = left;
                }
                ArithmeticExpr::Conditional { condition, then_expr, else_expr } => {
                    self.arithmetic(condition, out);
                    self.arithmetic(then_expr, out);
                    at = else_expr;
                }
                ArithmeticExpr::Assignment { target, value, .. } => {
                    if let ArithmeticLvalue::Indexed { index, .. } = target {
                        self.arithmetic(index, out);
                    }
                    at = value;
                }
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern, out: &mut Vec<Text>) {
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Word(word) => out.push(self.word(word)),
                PatternPart::Group { patterns, .. } => {
                    patterns.iter().for_each(|inner| self.pattern(inner, out));
                }
                PatternPart::Literal(text) => {
                    let text = text.as_str(self.text, part.span).to_owned();
                    out.extend(hides(&text).then(|| self.raw(&text, true)));
                }
                PatternPart::AnyString | PatternPart::AnyChar | PatternPart::CharClass(_) => {}
            }
        }
    }

    fn assign(&mut self, assignment: &Assignment) -> Assign {
        let mut inside = Vec::new();
        self.subscript(&assignment.target, &mut inside);
        let (mut value, array) = match &assignment.value {
            AssignmentValue::Scalar(word) => (vec![self.word(word)], false),
            AssignmentValue::Compound(array) => {
                let mut words = Vec::new();
                for element in &array.elements {
                    if let ArrayElem::Keyed { key, .. } | ArrayElem::KeyedAppend { key, .. } = element {
                        inside.extend(key.word_ast().map(|word| self.word(word)));
                    }
                    words.push(self.word(&element.value().word));
                }
                (words, true)
            }
        };
        // What a subscript runs is kept as a piece of nothing.
        if inside.iter().any(|text| !text.pieces.is_empty()) {
            value.push(Text { pieces: vec![Piece::Unknown { inside, quoted: true }] });
        }
        let array = array || assignment.target.subscript.is_some() || value.len() > 1;
        let name = assignment.target.name.as_str().to_owned();
        Assign { name, append: assignment.append || assignment.target.subscript.is_some(), value, array }
    }

    fn subscript(&mut self, reference: &VarRef, out: &mut Vec<Text>) {
        if let Some(subscript) = &reference.subscript {
            match (subscript.word_ast(), &subscript.arithmetic_ast) {
                (Some(word), _) => out.push(self.word(word)),
                (None, Some(expression)) => self.arithmetic(expression, out),
                (None, None) => {
                    let text = subscript.syntax_text(self.text).to_owned();
                    out.extend(hides(&text).then(|| self.raw(&text, true)));
                }
            }
        }
    }

    fn word(&mut self, word: &Word) -> Text {
        let mut pieces = Vec::with_capacity(word.parts.len());
        self.parts(&word.parts, false, &mut pieces);
        if pieces.is_empty() && word.has_quoted_parts() {
            pieces.push(Piece::Fixed { text: String::new(), quoted: true });
        }
        Text { pieces }
    }

    fn parts(&mut self, parts: &[WordPartNode], quoted: bool, out: &mut Vec<Piece>) {
        for part in parts {
            self.part(&part.kind, part.span, quoted, out);
        }
    }

    fn part(&mut self, part: &WordPart, span: Span, quoted: bool, out: &mut Vec<Piece>) {
        match part {
            WordPart::Literal(literal) => out.push(self.literal(literal, span, quoted)),
            WordPart::SingleQuoted { value, .. } => {
                out.push(Piece::Fixed { text: value.slice(self.text).to_owned(), quoted: true });
            }
            WordPart::DoubleQuoted { parts, .. } => self.double_quoted(parts, span, out),
            WordPart::Variable(name) => out.push(variable(name.as_str(), quoted, Form::Plain)),
            WordPart::CommandSubstitution { body, syntax } => {
                out.push(self.substitution(body, *syntax, span, quoted));
            }
            WordPart::ProcessSubstitution { body, .. } => {
                out.push(Piece::Process(self.inner(body, span, false)))
            }
            WordPart::ArithmeticExpansion { expression_ast, expression_word_ast, .. } => {
                out.push(self.number(expression_ast.as_deref(), expression_word_ast, span, quoted));
            }
            WordPart::Parameter(expansion) => out.push(self.expansion(expansion, quoted)),
            WordPart::ParameterExpansion { reference, operator, operand_word_ast, operand, .. } => {
                let words = (operand.as_deref(), operand_word_ast.as_deref());
                out.push(self.operation(reference, operator, words, quoted));
            }
            WordPart::IndirectExpansion { reference, operand_word_ast, operand, .. } => {
                let words = (operand.as_deref(), operand_word_ast.as_deref());
                out.push(self.reference(reference, Form::Indirect, words, quoted));
            }
            WordPart::Length(reference)
            | WordPart::ArrayLength(reference)
            | WordPart::ArrayIndices(reference) => {
                out.push(self.reference(reference, Form::About, (None, None), quoted));
            }
            WordPart::ArrayAccess(reference) => {
                let form = if reference.has_array_selector() { Form::All } else { Form::Element };
                out.push(self.reference(reference, form, (None, None), quoted));
            }
            WordPart::Substring { reference, offset_word_ast, length_word_ast, .. }
            | WordPart::ArraySlice { reference, offset_word_ast, length_word_ast, .. } => {
                let mut piece =
                    self.reference(reference, Form::Changed, (None, Some(&**offset_word_ast)), quoted);
                if let (Piece::Variable(one), Some(word)) = (&mut piece, length_word_ast) {
                    one.inside.push(self.operand(word));
                }
                out.push(piece);
            }
            WordPart::Transformation { reference, .. } => {
                out.push(self.reference(reference, Form::Changed, (None, None), quoted));
            }
            WordPart::PrefixMatch { prefix, .. } => {
                out.push(variable(prefix.as_str(), quoted, Form::About));
            }
            WordPart::ZshQualifiedGlob(_) => {
                let text = span.slice(self.text).to_owned();
                out.push(Piece::Raw { text, quoted });
            }
        }
    }

    /// The parser's places of texts in quotes are not exact, but those of the expansions between them are.
    fn double_quoted(&mut self, parts: &[WordPartNode], span: Span, out: &mut Vec<Piece>) {
        let is_literal = |part: &&WordPartNode| matches!(part.kind, WordPart::Literal(_));
        let (start, end) = (span.start.offset(), span.end.offset());
        let source = span.slice(self.text);
        let open = 1 + usize::from(source.starts_with('$'));
        let mut at = start + open;
        let exact =
            source.trim_start_matches('$').starts_with('"') && source.len() > open && source.ends_with('"');
        let places = parts
            .iter()
            .filter(|part| !is_literal(part))
            .map(|part| (part.span.start.offset(), part.span.end.offset()));
        let mut last = at;
        let ordered = places.clone().all(|(from, to)| {
            let fits = from >= last && to > from && to < end;
            last = to;
            fits
        });
        if !exact || !ordered {
            if parts.is_empty() {
                out.push(Piece::Fixed { text: String::new(), quoted: true });
            }
            return self.parts(parts, true, out);
        }
        let before = out.len();
        for part in parts.iter().filter(|part| !is_literal(part)) {
            self.between(at, part.span.start.offset(), out);
            self.part(&part.kind, part.span, true, out);
            at = part.span.end.offset();
        }
        self.between(at, end - 1, out);
        if out.len() == before {
            out.push(Piece::Fixed { text: String::new(), quoted: true });
        }
    }

    /// The text in double quotes from one byte to another.
    fn between(&self, from: usize, to: usize, out: &mut Vec<Piece>) {
        let raw = self.text.get(from..to).unwrap_or_default();
        if !raw.is_empty() {
            out.push(self.plain(raw, true));
        }
    }

    /// Text without any expansion, unless it stands where the parser stops looking for one.
    fn literal(&self, literal: &LiteralText, span: Span, quoted: bool) -> Piece {
        let raw = match literal {
            LiteralText::Source | LiteralText::CookedSource(_) => span.slice(self.text),
            LiteralText::Owned(text) => text,
        };
        self.plain(raw, quoted)
    }

    fn plain(&self, raw: &str, quoted: bool) -> Piece {
        if (self.operand > 0 || self.level > INNER) && hides(raw) {
            return Piece::Raw { text: raw.to_owned(), quoted };
        }
        Piece::Fixed { text: unescaped(raw, quoted), quoted }
    }

    fn substitution(
        &mut self,
        body: &StmtSeq,
        syntax: CommandSubstitutionSyntax,
        span: Span,
        quoted: bool,
    ) -> Piece {
        let backtick = syntax == CommandSubstitutionSyntax::Backtick;
        Piece::Output { body: self.inner(body, span, backtick), quoted }
    }

    /// The commands of a substitution. The parser keeps no places for them when they stand in quotes, so their
    /// text is read by itself. Comments in it are none of the script's.
    fn inner(&mut self, body: &StmtSeq, span: Span, backtick: bool) -> Vec<Node> {
        let source = span.slice(self.text);
        let text = if backtick {
            source.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).map(without_backticks)
        } else {
            let open = ["$(", "<(", ">("].iter().find_map(|open| source.strip_prefix(open));
            open.and_then(|rest| rest.strip_suffix(')')).map(str::to_owned)
        };
        let blank = text.as_ref().is_some_and(|text| text.trim().is_empty());
        if let Some(nodes) = text.and_then(|text| self.read_apart(&text)) {
            return nodes;
        }
        self.lost |= self.level < INNER || (body.is_empty() && !blank);
        let kept = self.comments.len();
        let level = std::mem::replace(&mut self.level, INNER + 1);
        let nodes = self.sequence(body);
        self.level = level;
        self.comments.truncate(kept);
        nodes
    }

    /// The commands of a text in this one.
    fn read_apart(&self, text: &str) -> Option<Vec<Node>> {
        if self.level >= INNER {
            return None;
        }
        let result = parsed(text);
        let level = self.level + 1;
        let mut lower = Lower { text, base: 0, comments: Vec::new(), lost: false, level, operand: 0 };
        result.is_ok().then(|| lower.sequence(&result.file.body))
    }

    fn number(&mut self, ast: Option<&ArithmeticExprNode>, word: &Word, span: Span, quoted: bool) -> Piece {
        // `$((a) )` is a group in a substitution, whatever it looks like.
        let source = span.slice(self.text);
        let number = source.strip_prefix("$((").and_then(|rest| rest.strip_suffix("))"));
        if ast.is_none() && source.starts_with("$((") && !number.is_some_and(is_balanced) {
            let text = source.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(source);
            return match self.read_apart(text) {
                Some(body) => Piece::Output { body, quoted },
                None => {
                    self.lost = true;
                    Piece::Raw { text: source.to_owned(), quoted }
                }
            };
        }
        let mut inside = Vec::new();
        match ast {
            Some(ast) => self.arithmetic(ast, &mut inside),
            None => inside.push(self.operand(word)),
        }
        Piece::Unknown { inside, quoted }
    }

    fn operand(&mut self, word: &Word) -> Text {
        self.operand += 1;
        let text = self.word(word);
        self.operand -= 1;
        text
    }

    fn raw(&self, text: &str, quoted: bool) -> Text {
        Text { pieces: vec![Piece::Raw { text: text.to_owned(), quoted }] }
    }

    fn reference(
        &mut self,
        reference: &VarRef,
        form: Form,
        (source, word): (Option<&SourceText>, Option<&Word>),
        quoted: bool,
    ) -> Piece {
        let mut inside = Vec::new();
        match (word, source) {
            (Some(word), _) => inside.push(self.operand(word)),
            (None, Some(source)) => inside.push(self.raw(source.slice(self.text), quoted)),
            (None, None) => {}
        }
        if !reference.has_array_selector() {
            let mut extra = Vec::new();
            self.subscript(reference, &mut extra);
            if !extra.is_empty() {
                inside.push(Text { pieces: vec![Piece::Unknown { inside: extra, quoted: true }] });
            }
        }
        Piece::Variable(Variable { name: reference.name.as_str().to_owned(), quoted, form, inside })
    }

    fn operation(
        &mut self,
        reference: &VarRef,
        operator: &ParameterOp,
        words: (Option<&SourceText>, Option<&Word>),
        quoted: bool,
    ) -> Piece {
        let form = match operator {
            ParameterOp::UseDefault | ParameterOp::AssignDefault => Form::Default,
            ParameterOp::UseReplacement => Form::Replacement,
            ParameterOp::Error => Form::Plain,
            _ => Form::Changed,
        };
        let mut extra = Vec::new();
        match operator {
            ParameterOp::RemovePrefixShort { pattern }
            | ParameterOp::RemovePrefixLong { pattern }
            | ParameterOp::RemoveSuffixShort { pattern }
            | ParameterOp::RemoveSuffixLong { pattern } => self.pattern(pattern, &mut extra),
            ParameterOp::ReplaceFirst { pattern, replacement_word_ast, .. }
            | ParameterOp::ReplaceAll { pattern, replacement_word_ast, .. } => {
                self.pattern(pattern, &mut extra);
                extra.push(self.operand(replacement_word_ast));
            }
            _ => {}
        }
        let mut piece = self.reference(reference, form, words, quoted);
        if let Piece::Variable(one) = &mut piece {
            one.inside.append(&mut extra);
        }
        piece
    }

    fn expansion(&mut self, expansion: &ParameterExpansion, quoted: bool) -> Piece {
        let ParameterExpansionSyntax::Bourne(form) = &expansion.syntax else {
            return Piece::Raw { text: expansion.raw_body.slice(self.text).to_owned(), quoted };
        };
        match form {
            BourneParameterExpansion::Access { reference } => {
                let form = match (reference.has_array_selector(), &reference.subscript) {
                    (true, _) => Form::All,
                    (false, Some(_)) => Form::Element,
                    (false, None) => Form::Plain,
                };
                self.reference(reference, form, (None, None), quoted)
            }
            BourneParameterExpansion::Length { reference }
            | BourneParameterExpansion::Indices { reference } => {
                self.reference(reference, Form::About, (None, None), quoted)
            }
            BourneParameterExpansion::Indirect { reference, operand, operand_word_ast, .. } => {
                let words = (operand.as_ref(), operand_word_ast.as_deref());
                self.reference(reference, Form::Indirect, words, quoted)
            }
            BourneParameterExpansion::PrefixMatch { prefix, .. } => {
                variable(prefix.as_str(), quoted, Form::About)
            }
            BourneParameterExpansion::Slice { reference, offset_word_ast, length_word_ast, .. } => {
                let mut piece =
                    self.reference(reference, Form::Changed, (None, Some(&**offset_word_ast)), quoted);
                if let (Piece::Variable(one), Some(word)) = (&mut piece, length_word_ast) {
                    one.inside.push(self.operand(word));
                }
                piece
            }
            BourneParameterExpansion::Operation {
                reference, operator, operand, operand_word_ast, ..
            } => {
                let words = (operand.as_ref(), operand_word_ast.as_deref());
                self.operation(reference, operator, words, quoted)
            }
            BourneParameterExpansion::Transformation { reference, .. } => {
                self.reference(reference, Form::Changed, (None, None), quoted)
            }
        }
    }

    fn document(&mut self, body: &HeredocBody) -> Text {
        let mut pieces = Vec::with_capacity(body.parts.len());
        for part in &body.parts {
            match &part.kind {
                HeredocBodyPart::Literal(literal) => {
                    let raw = literal.syntax_str(self.text, part.span);
                    let text = if body.mode.expands() { unescaped(raw, true) } else { raw.to_owned() };
                    pieces.push(Piece::Fixed { text, quoted: true });
                }
                HeredocBodyPart::Variable(name) => pieces.push(variable(name.as_str(), true, Form::Plain)),
                HeredocBodyPart::CommandSubstitution { body, syntax } => {
                    pieces.push(self.substitution(body, *syntax, part.span, true));
                }
                HeredocBodyPart::ArithmeticExpansion { expression_ast, expression_word_ast, .. } => {
                    pieces.push(self.number(expression_ast.as_deref(), expression_word_ast, part.span, true));
                }
                HeredocBodyPart::Parameter(expansion) => pieces.push(self.expansion(expansion, true)),
            }
        }
        Text { pieces }
    }
}

fn is_pipe(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Pipe | BinaryOp::PipeAll)
}

/// Whether each parenthesis has its other half.
fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for byte in text.bytes() {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Whether a text could hide a substitution.
pub fn hides(text: &str) -> bool {
    text.contains('`') || text.contains("$(") || text.contains("<(") || text.contains(">(")
}

/// What a shell makes of backslashes, outside of quotes or inside double ones.
pub fn unescaped(text: &str, quoted: bool) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        match signs.next() {
            Some('\n') => {}
            Some(next) if !quoted || matches!(next, '$' | '`' | '"' | '\\') => out.push(next),
            next => {
                out.push('\\');
                out.extend(next);
            }
        }
    }
    out
}

/// The text between backticks, as the shell that reads it sees it.
fn without_backticks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign != '\\' || !signs.peek().is_some_and(|next| matches!(next, '$' | '`' | '\\')) {
            out.push(sign);
        } else {
            out.extend(signs.next());
        }
    }
    out
}

fn fixed(text: &str, quoted: bool) -> Text {
    Text { pieces: vec![Piece::Fixed { text: text.to_owned(), quoted }] }
}

fn variable(name: &str, quoted: bool, form: Form) -> Piece {
    let form = if form == Form::Plain && matches!(name, "@" | "*") { Form::All } else { form };
    Piece::Variable(Variable { name: name.to_owned(), quoted, form, inside: Vec::new() })
}

fn variable_text(name: &str, quoted: bool, form: Form) -> Text {
    Text { pieces: vec![variable(name, quoted, form)] }
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
