//! Commands of every kind, and the words of tests and arithmetic.
use std::rc::Rc;

use shuck_ast::{
    ArithmeticExpr, ArithmeticExprNode, ArithmeticLvalue, ArrayElem, Assignment, AssignmentValue, BinaryOp,
    BuiltinCommand, Command, CompoundCommand, ConditionalExpr, DeclOperand, Pattern, PatternPart, StmtSeq,
    VarRef, Word,
};

use super::Lower;
use super::word::{fixed, raw, variable_text};
use crate::commands::shell::escape::hides;
use crate::commands::shell::tree::{Assign, Form, If, Kind, Loop, Piece, Simple, Text};

impl Lower<'_> {
    pub(super) fn command(&mut self, command: &Command) -> Kind {
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

    pub(super) fn builtin(&mut self, builtin: &BuiltinCommand) -> Kind {
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
    pub(super) fn binary(&mut self, command: &Command) -> Kind {
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

    pub(super) fn compound(&mut self, compound: &CompoundCommand) -> Kind {
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
                    words.push(raw(span.slice(self.text), true));
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

    pub(super) fn each(
        &mut self,
        variable: Option<&str>,
        words: Option<&[Word]>,
        body: &StmtSeq,
        asks: bool,
    ) -> Kind {
        let words = match words {
            Some(words) => words.iter().map(|word| self.word(word)).collect(),
            // `for x` without a list goes through the arguments.
            None => vec![variable_text("@", true, Form::All)],
        };
        let body = self.sequence(body);
        Kind::Loop(Loop { variable: variable.map(str::to_owned), words, condition: Vec::new(), body, asks })
    }

    pub(super) fn repeat(&mut self, condition: &StmtSeq, body: &StmtSeq) -> Kind {
        let condition = self.sequence(condition);
        let body = self.sequence(body);
        Kind::Loop(Loop { variable: None, words: Vec::new(), condition, body, asks: false })
    }

    pub(super) fn conditional(&mut self, expression: &ConditionalExpr, out: &mut Vec<Text>) {
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

    pub(super) fn arithmetic(&mut self, node: &ArithmeticExprNode, out: &mut Vec<Text>) {
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

    pub(super) fn pattern(&mut self, pattern: &Pattern, out: &mut Vec<Text>) {
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Word(word) => out.push(self.word(word)),
                PatternPart::Group { patterns, .. } => {
                    for inner in patterns {
                        self.pattern(inner, out);
                    }
                }
                PatternPart::Literal(text) => {
                    let text = text.as_str(self.text, part.span).to_owned();
                    out.extend(hides(&text).then(|| raw(&text, true)));
                }
                PatternPart::AnyString | PatternPart::AnyChar | PatternPart::CharClass(_) => {}
            }
        }
    }

    pub(super) fn assign(&mut self, assignment: &Assignment) -> Assign {
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

    pub(super) fn subscript(&mut self, reference: &VarRef, out: &mut Vec<Text>) {
        if let Some(subscript) = &reference.subscript {
            match (subscript.word_ast(), &subscript.arithmetic_ast) {
                (Some(word), _) => out.push(self.word(word)),
                (None, Some(expression)) => self.arithmetic(expression, out),
                (None, None) => {
                    let text = subscript.syntax_text(self.text).to_owned();
                    out.extend(hides(&text).then(|| raw(&text, true)));
                }
            }
        }
    }
}

fn is_pipe(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Pipe | BinaryOp::PipeAll)
}
