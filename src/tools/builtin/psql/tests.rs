//! What is printed of an answer, beside what the original prints.
use super::super::curl::tests::{said, server};
use super::print::{Form, Shape, printed};
use super::wire::Column;

fn shape(form: Form) -> Shape {
    Shape { form, tuples: false, separator: "|".to_owned(), title: None }
}

#[test]
fn an_answer_is_printed_as_the_original_prints_it() {
    let column = |name: &str, right| Column { name: name.to_owned(), right };
    let columns = [column("a", true), column("name", false)];
    let rows = vec![
        vec![Some("1".to_owned()), Some("x".to_owned())],
        vec![Some("22".to_owned()), Some("two\nlines".to_owned())],
        vec![None, None],
    ];
    let aligned = printed(&columns, &rows, &shape(Form::Aligned));
    let expected = " a  | name  \n----+-------\n  1 | x\n 22 | two  +\n    | lines\n    | \n(3 rows)\n\n";
    assert_eq!(aligned, expected);
    let tuples = Shape { tuples: true, ..shape(Form::Unaligned) };
    assert_eq!(printed(&columns, &rows, &tuples), "1|x\n22|two\nlines\n|\n");
}

/// A message of the server.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("short").to_be_bytes();
    [&[tag], &length[..], body].concat()
}

/// Without TLS and passwords; it knows one statement.
fn answer(asked: &[u8]) -> Vec<u8> {
    let ready = message(b'Z', b"I");
    match asked.first() {
        Some(0) if asked.len() == 8 => b"N".to_vec(),
        Some(0) if asked.windows(6).any(|six| six == b"nobody") => {
            message(b'E', b"SFATAL\0VFATAL\0Mrole \"nobody\" does not exist\0\0")
        }
        Some(0) => [message(b'R', &[0; 4]), ready].concat(),
        Some(b'Q') if asked.ends_with(b"select 1\0") => {
            let number = [&b"\0\x01n\0"[..], &[0; 6], &23_u32.to_be_bytes(), &[0; 8]].concat();
            let row = message(b'D', b"\0\x01\0\0\0\x0242");
            [
                message(b'N', b"SNOTICE\0VNOTICE\0Mhi\0\0"),
                message(b'T', &number),
                row,
                message(b'C', b"SELECT 1\0"),
                ready,
            ]
            .concat()
        }
        Some(b'Q') if asked.ends_with(b"leave\0") => Vec::new(),
        Some(b'Q') if asked.ends_with(b"copy a from stdin;\0") => message(b'G', b"\0\0\0"),
        Some(b'f') => [message(b'E', b"SERROR\0VERROR\0Mno data\0\0"), ready].concat(),
        _ => [message(b'E', b"SERROR\0VERROR\0Mno\0P1\0Htry\0\0"), ready].concat(),
    }
}

async fn psql(line: &str) -> (u8, String, String) {
    let port = server(answer).await;
    let line = format!("-X -w -h 127.0.0.1 -p {port} -d d {line}");
    said(&line, async |args, mut io| super::run(args, &mut io).await).await
}

#[tokio::test]
async fn statements_are_asked_one_after_the_other_and_their_end_is_the_exit_code() {
    let good = psql("-U me -c select+1").await;
    assert_eq!(good, (0, " n  \n----\n 42\n(1 row)\n\n".to_owned(), "NOTICE:  hi\n".to_owned()));
    let error = "ERROR:  no\nLINE 1: bad\n        ^\nHINT:  try\n";
    assert_eq!(
        psql("-U me -At -c bad -c select+1").await,
        (0, "42\n".to_owned(), format!("{error}NOTICE:  hi\n"))
    );
    assert_eq!(
        psql("-U me -At -v ON_ERROR_STOP=1 -c bad -c select+1").await,
        (1, String::new(), error.to_owned())
    );
    assert_eq!(psql("-U me -c leave").await.0, 2);
    let refused = psql("-U nobody -c select+1").await;
    assert!(
        refused.0 == 2 && refused.2.ends_with("failed: FATAL:  role \"nobody\" does not exist\n"),
        "{refused:?}"
    );
    assert!(psql("-U me --nosuch").await.2.starts_with("psql: unrecognized option '--nosuch'\n"));
}

/// Runs a script that comes in.
async fn fed(script: &'static str) -> (u8, String, String) {
    let port = server(answer).await;
    let line = format!("-X -w -h 127.0.0.1 -p {port} -d d -U me -At");
    said(&line, async |args, mut io| {
        io.stdin = Box::new(script.as_bytes());
        super::run(args, &mut io).await
    })
    .await
}

#[tokio::test]
async fn a_script_ends_where_the_rest_of_it_may_mean_something_else() {
    for unknown in
        ["\\connect elsewhere", "\\if false", "\\i more.sql", "\\x", "\\q now", "copy a from stdin;"]
    {
        let script = format!("select 1\n;{unknown}\nselect 1;\n").replace("\n;", ";\n");
        let ran = fed(script.leak()).await;
        assert!(ran.0 == 3 && ran.1.is_empty() && !ran.2.is_empty(), "{unknown}: {ran:?}");
    }
    // An error by itself ends nothing.
    assert_eq!(fed("bad;\nselect 1\n").await.0, 0);
    for line in [
        "-c \\dt+x",
        "-v ON_ERROR_STOP=perhaps -c select+1",
        "-v name=1 -c select+1",
        "-f x.sql",
        "-1 -c select+1",
        "u x",
    ] {
        let ran = psql(line).await;
        assert!(ran.0 > 0 && ran.1.is_empty() && !ran.2.is_empty(), "{line}: {ran:?}");
    }
}
