//! The plain reading says what the parser's reading says, or nothing.
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{parse_whole, plain};

/// Holds the two readings of a text to each other; answers whether the plain one had anything to say.
fn agree(text: &str) -> Result<bool, String> {
    let Some(plain) = plain::read(text, 7) else { return Ok(false) };
    match parse_whole(text, 7) {
        Ok(whole) if format!("{whole:?}") == format!("{plain:?}") => Ok(true),
        Ok(whole) => Err(format!("{text:?}\nparser: {whole:?}\n plain: {plain:?}")),
        Err(failure) => Err(format!("{text:?}\nparser: {failure:?}\n plain: {plain:?}")),
    }
}

#[test]
fn plain_commands_are_read_without_the_parser() {
    for text in [
        "kubectl get pods -n shop",
        "  a 'b c' \"d\" e\"f\"'g'=h # why\n\n# and\n  b --c=d\n",
        "a | b|c && d || e; f & g;\nh",
        "a \\\n  --b \\\n  c",
        "A=1 B='c d' a $B ${C}x\"$D e\"\nE=\nF=$A-$B\nexport G=h I J=\"k $l\"",
        "a > b 2> /dev/null >> c < d 2>&1",
        "for x in a b $c; do\n  d $x | e # f\n  g\ndone | h\n",
        "while a; do b; done\nif a && b; then\n  c\nelif d; then e; else\n # f\n g\nfi && h",
        "cat <<EOF | a -f -\nb: c\n  d \"e\n# f\nEOF\ng\n",
        "cat > a <<'EOF'\n$b \\c\nEOF\n",
        "a \u{1}b\u{3}c\u{2} \u{e9} '\u{4e16}'",
        "a \"b \\\"c\\\" d\\e\" 'f\ng'\nh",
        "a |\n  b &&\n\n  c",
        "",
        "\n# a\n",
    ] {
        assert_eq!(agree(text), Ok(true), "{text:?}");
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_parser() {
    for text in [
        "a $(b)",
        "a `b`",
        "a <(b)",
        "(a)",
        "{ a; }",
        "a() { b; }",
        "case a in b) c;; esac",
        "a 'b",
        "a \"b",
        "! a",
        "a {b,c}",
        "[[ a ]]",
        "a=(b)",
        "a[1]=b",
        "a <<EOF\n$b\nEOF",
        "a <<< b",
        "a |& b",
        "a &> b",
        "for a in b; do c",
        "for a in b &",
        "for a in b < c",
        "for a in b",
        "time a",
        "select a in b; do c; done",
        "declare -A a",
        "a\\b",
        "a '$(b)'",
        "${a:-b}",
        "$1",
    ] {
        assert!(plain::read(text, 0).is_none(), "{text:?}");
    }
}

#[test]
fn a_long_chain_meets_the_parsers_limits_only_where_plain_stops() {
    for sign in ["a|", "a&&", "a;", "a\n"] {
        for length in [100, 1_400, 4_000] {
            let text = sign.repeat(length / sign.len()) + "a";
            assert_eq!(agree(&text), Ok(length < 1_500), "{sign:?} {length}");
        }
    }
}

/// The text between two fences, and each of its lines.
fn fenced(text: &str) -> Vec<&str> {
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    blocks.flat_map(|(_, code)| std::iter::once(code).chain(code.lines())).collect()
}

fn files(folder: &Path, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the fixtures are there").flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), out);
        } else {
            out.extend(std::fs::read_to_string(entry.path()));
        }
    }
}

#[test]
fn the_commands_of_all_fixtures_are_read_as_the_parser_reads_them() {
    let mut texts = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), &mut texts);
    let mut plain = 0;
    for code in texts.iter().flat_map(|text| fenced(text)) {
        plain += usize::from(agree(code).unwrap_or_else(|difference| panic!("{difference}")));
    }
    assert!(plain > 100, "only {plain} of them are plain");
}

/// Pieces of shell, plain ones and those at the edge.
const PIECES: &[&str] = &[
    "a",
    "b-c",
    "--d=e",
    "/f/g.h",
    "i:j",
    "k@l",
    "m%n",
    "1",
    "22",
    "+o",
    "A",
    "é",
    "\u{1}p\u{2}",
    "'q r'",
    "\"s t\"",
    "''",
    "\"\"",
    "\"u $v w\"",
    "\"${x}\"",
    "$y",
    "${z}",
    "A=b",
    "C=",
    "D+=$e",
    "F='g h'",
    "export",
    "export A=b",
    "export A",
    "\"a\\\"b\"",
    "'a\nb'",
    "\"a\nb\"",
    "# c",
    "#d",
    "e#f",
    "|",
    "||",
    "&&",
    ";",
    "&",
    "\n",
    "\n\n",
    " ",
    "  ",
    "\t",
    "\\\n",
    " \\\n  ",
    "\\",
    "if",
    "then",
    "else",
    "elif",
    "fi",
    "for",
    "in",
    "while",
    "until",
    "do",
    "done",
    "for x in a b; do",
    "for y in $z 'a'\ndo",
    "; done",
    "\ndone\n",
    "if a; then",
    "; fi",
    "\nelse\n",
    "while a; do",
    "until b\ndo\n",
    ">",
    ">>",
    "<",
    "2>",
    "2>&1",
    "> a",
    ">>'b'",
    "< $c",
    ">&",
    ">&1",
    "> &1",
    "2>& 1",
    "2>&1a",
    "22>&1",
    ">&-",
    "2>&-",
    "1>a",
    "3<b",
    "&>",
    "1>&2",
    "<<EOF\nbody\nEOF\n",
    "<<'EOF'",
    "<<EOF",
    "\na $b\n",
    "\nEOF\n",
    "\nEOF",
    "<<-EOF",
    "<<<",
    "$(",
    ")",
    "(",
    "`",
    "{",
    "}",
    "[",
    "]",
    "[[",
    "]]",
    "!",
    "*",
    "?",
    "~",
    "^",
    "$",
    "$1",
    "$@",
    "${a:-b}",
    "case",
    "esac",
    "time",
    "declare",
    "local",
    "function",
    "select",
    "coproc",
    "break",
    "exit",
    "return 1",
    "\"`a`\"",
    "'$(a)'",
    "\"$\"",
    "\"$a[0]\"",
    "$a[0]",
    "test",
    "true",
    "echo",
    "read",
    "let",
    "eval",
    "A[0]=1",
    "\"a!b\"",
    "=",
    "==",
    "a=b=c",
    "\r",
    "\u{a0}",
    "always",
    "repeat",
    "foreach",
    "cat <<A\nb\nA\n",
    "'a'b\"c\"$d",
    "$a$b",
    "\"$a$b\"",
    "${a}b",
    ",",
    ":",
    ".",
    "-",
];

/// Texts that plain reading is made for.
fn plain_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "b-c",
        "--d=e",
        "/f/g.h",
        "'q r'",
        "\"s t\"",
        "\"u $v w\"",
        "$y",
        "${z}k",
        "\"\"",
        "22",
        "\u{1}p\u{2}",
        "2>&1",
        "> out",
        "2>/dev/null",
        ">> $log",
        "< in",
        "é",
        "\"a\\\"b\"",
        "''x",
        "if",
        "do",
        "done",
        "in",
        "A=b",
        "\\\n  --long",
        "[",
        "]",
    ]);
    let first = prop::sample::select(vec![
        "kubectl",
        "cat",
        "A=b",
        "A=$b c",
        "export D=e",
        "\"x\"",
        "$cmd",
        "echo",
        "exit",
        "F='a b'",
    ]);
    let simple = (first, prop::collection::vec(word, 0..5))
        .prop_map(|(first, words)| std::iter::once(first).chain(words).collect::<Vec<_>>().join(" "));
    let document = prop::sample::select(vec![
        " <<EOF\na: b\n  # c\nEOF\n",
        " <<'END' | b -\n$a\n\nEND\n",
        " <<EOF # why\na\nEOF\n",
        " <<EOF && c\na\nEOF\n",
        " > out <<EOF; c $d\na 'b\nEOF\n",
        " <<EOF > out 2>&1\n\na\nEOF",
    ]);
    let simple = (simple, prop::option::weighted(0.1, document))
        .prop_map(|(text, more)| text + more.unwrap_or_default());
    let end = prop::sample::select(vec![
        "\n",
        ";",
        "; ",
        " && ",
        "|",
        " | ",
        " || ",
        " &\n",
        " # why\n",
        "\n\n  ",
        "\n# label\n",
        " |\n ",
        " && \\\n",
        ";\n",
    ]);
    let list = move |inner: BoxedStrategy<String>| {
        prop::collection::vec((inner, end.clone()), 1..5)
            .prop_map(|all| all.iter().flat_map(|(text, end)| [text, *end]).collect::<String>())
    };
    let leaf = list(simple.boxed());
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let one = prop_oneof![
            (inner.clone(), prop::bool::ANY, prop::bool::ANY).prop_map(|(body, line, more)| {
                let words = if more { "*.b ~/c 'd e' \"$f\"" } else { "a $b" };
                format!("for x in {words}{}do {body} done", if line { "\n" } else { "; " })
            }),
            (inner.clone(), inner.clone()).prop_map(|(test, body)| format!("while {test} do\n{body} done")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(test, body, other)| format!("if {test} then {body} else {other} fi")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(test, body, other)| format!(
                "if {test} then\n{body} elif {other} then\n{body} fi"
            )),
            inner,
        ];
        list(one.boxed())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plain_text_is_read_as_the_parser_reads_it(text in plain_text()) {
        prop_assert!(agree(&text).is_ok(), "{}", agree(&text).unwrap_err());
    }

    #[test]
    fn a_soup_of_pieces_is_read_as_the_parser_reads_it(
        pieces in prop::collection::vec((prop::sample::select(PIECES), prop::bool::weighted(0.7)), 1..14),
    ) {
        let text: String = pieces.iter().flat_map(|(piece, blank)| [*piece, if *blank { " " } else { "" }]).collect();
        prop_assert!(agree(&text).is_ok(), "{}", agree(&text).unwrap_err());
    }
}
