//! Words and here-documents, piece by piece.
use shuck_ast::{
    ArithmeticExprNode, BourneParameterExpansion, CommandSubstitutionSyntax, HeredocBody, HeredocBodyPart,
    LiteralText, ParameterExpansion, ParameterExpansionSyntax, ParameterOp, SourceText, Span, StmtSeq,
    VarRef, Word, WordPart, WordPartNode,
};

use super::{INNER, Lower, parsed};
use crate::commands::shell::escape::{hides, is_balanced, unescaped, without_backticks};
use crate::commands::shell::tree::{Form, Node, Piece, Text, Variable};

impl Lower<'_> {
    pub(super) fn word(&mut self, word: &Word) -> Text {
        let mut pieces = Vec::with_capacity(word.parts.len());
        self.parts(&word.parts, false, &mut pieces);
        if pieces.is_empty() && word.has_quoted_parts() {
            pieces.push(Piece::Fixed { text: String::new(), quoted: true });
        }
        Text { pieces }
    }

    pub(super) fn parts(&mut self, parts: &[WordPartNode], quoted: bool, out: &mut Vec<Piece>) {
        for part in parts {
            self.part(&part.kind, part.span, quoted, out);
        }
    }

    pub(super) fn part(&mut self, part: &WordPart, span: Span, quoted: bool, out: &mut Vec<Piece>) {
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
                out.push(Piece::Process(self.inner(body, span, false)));
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
    pub(super) fn double_quoted(&mut self, parts: &[WordPartNode], span: Span, out: &mut Vec<Piece>) {
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
    pub(super) fn between(&self, from: usize, to: usize, out: &mut Vec<Piece>) {
        let raw = self.text.get(from..to).unwrap_or_default();
        if !raw.is_empty() {
            out.push(self.plain(raw, true));
        }
    }

    /// Text without any expansion, unless it stands where the parser stops looking for one.
    pub(super) fn literal(&self, literal: &LiteralText, span: Span, quoted: bool) -> Piece {
        let raw = match literal {
            LiteralText::Source | LiteralText::CookedSource(_) => span.slice(self.text),
            LiteralText::Owned(text) => text,
        };
        self.plain(raw, quoted)
    }

    pub(super) fn plain(&self, raw: &str, quoted: bool) -> Piece {
        if (self.operand > 0 || self.level > INNER) && hides(raw) {
            return Piece::Raw { text: raw.to_owned(), quoted };
        }
        Piece::Fixed { text: unescaped(raw, quoted), quoted }
    }

    pub(super) fn substitution(
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
    pub(super) fn inner(&mut self, body: &StmtSeq, span: Span, backtick: bool) -> Vec<Node> {
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
    pub(super) fn read_apart(&self, text: &str) -> Option<Vec<Node>> {
        if self.level >= INNER {
            return None;
        }
        let result = parsed(text);
        let level = self.level + 1;
        let mut lower = Lower { text, base: 0, comments: Vec::new(), lost: false, level, operand: 0 };
        result.is_ok().then(|| lower.sequence(&result.file.body))
    }

    pub(super) fn number(
        &mut self,
        ast: Option<&ArithmeticExprNode>,
        word: &Word,
        span: Span,
        quoted: bool,
    ) -> Piece {
        // `$((a) )` is a group in a substitution, whatever it looks like.
        let source = span.slice(self.text);
        let number = source.strip_prefix("$((").and_then(|rest| rest.strip_suffix("))"));
        if ast.is_none() && source.starts_with("$((") && !number.is_some_and(is_balanced) {
            let text = source.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(source);
            if let Some(body) = self.read_apart(text) {
                return Piece::Output { body, quoted };
            }
            self.lost = true;
            return Piece::Raw { text: source.to_owned(), quoted };
        }
        let mut inside = Vec::new();
        match ast {
            Some(ast) => self.arithmetic(ast, &mut inside),
            None => inside.push(self.operand(word)),
        }
        Piece::Unknown { inside, quoted }
    }

    pub(super) fn operand(&mut self, word: &Word) -> Text {
        self.operand += 1;
        let text = self.word(word);
        self.operand -= 1;
        text
    }

    pub(super) fn reference(
        &mut self,
        reference: &VarRef,
        form: Form,
        (source, word): (Option<&SourceText>, Option<&Word>),
        quoted: bool,
    ) -> Piece {
        let mut inside = Vec::new();
        match (word, source) {
            (Some(word), _) => inside.push(self.operand(word)),
            (None, Some(source)) => inside.push(raw(source.slice(self.text), quoted)),
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

    pub(super) fn operation(
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

    pub(super) fn expansion(&mut self, expansion: &ParameterExpansion, quoted: bool) -> Piece {
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

    pub(super) fn document(&mut self, body: &HeredocBody) -> Text {
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

pub(super) fn raw(text: &str, quoted: bool) -> Text {
    Text { pieces: vec![Piece::Raw { text: text.to_owned(), quoted }] }
}

pub(super) fn fixed(text: &str, quoted: bool) -> Text {
    Text { pieces: vec![Piece::Fixed { text: text.to_owned(), quoted }] }
}

pub(super) fn variable(name: &str, quoted: bool, form: Form) -> Piece {
    let form = if form == Form::Plain && matches!(name, "@" | "*") { Form::All } else { form };
    Piece::Variable(Variable { name: name.to_owned(), quoted, form, inside: Vec::new() })
}

pub(super) fn variable_text(name: &str, quoted: bool, form: Form) -> Text {
    Text { pieces: vec![variable(name, quoted, form)] }
}
