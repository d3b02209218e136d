//! A script as the walker sees it: only what runs, in the project's own words.
use std::ops::Range;
use std::rc::Rc;

/// A script's commands and its comments.
#[derive(Debug, Default)]
pub struct Tree {
    pub nodes: Vec<Node>,
    /// Where each comment stands, its sign included; in order.
    pub comments: Vec<Range<usize>>,
}

/// One command with what belongs to it.
#[derive(Debug)]
pub struct Node {
    /// Its bytes, without a here-document's body; a `;` or `&` behind it is included.
    pub span: Range<usize>,
    /// Where its last here-document ends, if it has any.
    pub document_end: Option<usize>,
    pub kind: Kind,
    pub redirects: Vec<Redirect>,
    pub background: bool,
    /// A second reading of the same text, without grammar, where the parser may have lost some of it.
    pub again: Vec<Node>,
    /// It did lose some: the second reading counts as much as the first.
    pub lost: bool,
}

impl Node {
    /// A command without redirections.
    pub fn plain(span: Range<usize>, kind: Kind) -> Node {
        Node {
            span,
            document_end: None,
            kind,
            redirects: Vec::new(),
            background: false,
            again: Vec::new(),
            lost: false,
        }
    }
}

#[derive(Debug)]
pub enum Kind {
    Simple(Simple),
    Pipe(Vec<Node>),
    /// `&&`, `||`, a group or a subshell: one after another.
    Sequence(Vec<Node>),
    If(If),
    Loop(Loop),
    Case {
        word: Text,
        arms: Vec<(String, Vec<Node>)>,
    },
    Function {
        names: Vec<String>,
        body: Rc<Node>,
    },
    /// `[[ … ]]`, `(( … ))`: only what its words run matters.
    Test(Vec<Text>),
}

#[derive(Debug)]
pub struct If {
    /// Each condition with its body, `elif` included.
    pub arms: Vec<(Vec<Node>, Vec<Node>)>,
    pub otherwise: Option<Vec<Node>>,
}

#[derive(Debug)]
pub struct Loop {
    pub variable: Option<String>,
    pub words: Vec<Text>,
    pub condition: Vec<Node>,
    pub body: Vec<Node>,
    /// `select` asks on the terminal.
    pub asks: bool,
}

#[derive(Debug, Default)]
pub struct Simple {
    pub assigns: Vec<Assign>,
    pub words: Vec<Text>,
    /// `export`, `local` and the like: the assignments outlive the command.
    pub declares: bool,
}

#[derive(Debug)]
pub struct Assign {
    pub name: String,
    pub append: bool,
    /// Several for an array.
    pub value: Vec<Text>,
    pub array: bool,
}

#[derive(Debug)]
pub struct Redirect {
    pub way: Way,
    pub fd: Option<i32>,
    pub target: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Read,
    /// `>`, `>|`, `&>`, `<>`.
    Write,
    Append,
    Duplicate,
    /// A here-document or here-string.
    Document,
}

/// A word or a document, piece by piece.
#[derive(Debug, Default)]
pub struct Text {
    pub pieces: Vec<Piece>,
}

#[derive(Debug)]
pub enum Piece {
    Fixed {
        text: String,
        quoted: bool,
    },
    Variable(Variable),
    /// `$( … )`.
    Output {
        body: Vec<Node>,
        quoted: bool,
    },
    /// `<( … )` or `>( … )`.
    Process(Vec<Node>),
    /// Unknown until it runs, as arithmetic is; the words inside may run something.
    Unknown {
        inside: Vec<Text>,
        quoted: bool,
    },
    /// The parser left it as it is, though substitutions may hide in it.
    Raw {
        text: String,
        quoted: bool,
    },
}

#[derive(Debug)]
pub struct Variable {
    pub name: String,
    pub quoted: bool,
    pub form: Form,
    /// The words of the expansion's operator: a default, a pattern, a replacement.
    pub inside: Vec<Text>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// `${x:-…}` and `${x:=…}`: the words inside may stand in its place.
    Default,
    /// `${x:+…}`: the words inside, or nothing.
    Replacement,
    /// All elements: `$@`, `${x[@]}`.
    All,
    /// One element of an array.
    Element,
    /// Cut, replaced, in other letters: what is left of it is not computed.
    Changed,
    /// `${!x}`: the variable that is named by it.
    Indirect,
    /// A length, the names of keys: harmless text.
    About,
}
