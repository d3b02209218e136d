//! `jq`: programs in its language, run by a library, with the original's options, output and exit codes.
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write as _};

use jaq_core::data::HasLut;
use jaq_core::load::{self, Arena, Loader};
use jaq_core::{Compiler, Ctx, DataT, Lut, Vars, unwrap_valr};
use jaq_json::{Num, Val, read};
use jaq_std::input::{HasInputs, Inputs, RcIter};

use super::Io;

const USAGE: &str = "Use jq --help for help with command-line options,\n\
    or see the jq manpage, or online docs  at https://jqlang.github.io/jq";
/// What the library leaves out.
const MORE: &str = r#"
def row(f; $sort): map(
    if . == null then "" elif isstring then f
    elif isarray or isobject then error("\(type) (\(tojson)) is not valid in a \($sort) row")
    else tostring end);
def put($from; $to): split($from) | join($to);
def @tsv: row(put("\\"; "\\\\") | put("\t"; "\\t") | put("\n"; "\\n") | put("\r"; "\\r"); "tsv") | join("\t");
def @csv: row("\"" + (split("\"") | join("\"\"")) + "\""; "csv") | join(",");
"#;
/// Where an object is nested deeper, it is not written.
const DEEP: usize = 1000;
/// Where input is nested deeper, it is not read.
const DEEPEST: usize = 256;

#[derive(Default)]
struct Options {
    raw: bool,
    joined: bool,
    /// The last value decides the exit code.
    telling: bool,
    compact: bool,
    null: bool,
    slurp: bool,
    lines: bool,
    sorted: bool,
    program: Option<String>,
    files: Vec<String>,
    /// Variables of the program, their names with `$`.
    named: Vec<(String, Val)>,
}

/// The exit code and what is said of it.
type Fault = (u8, String);

pub fn run(args: Vec<String>, io: &mut Io) -> u8 {
    let code = options(args).and_then(|options| filter(&options, io));
    code.unwrap_or_else(|(code, says)| {
        if !says.is_empty() {
            let _ = writeln!(io.stderr, "{says}");
        }
        code
    })
}

fn options(args: Vec<String>) -> Result<Options, Fault> {
    let mut options = Options::default();
    let mut args = args.into_iter();
    let mut plain = false;
    while let Some(arg) = args.next() {
        let unknown = || (2, format!("jq: Unknown option {arg}\n{USAGE}"));
        if plain || !arg.starts_with('-') || arg == "-" {
            match &options.program {
                None => options.program = Some(arg),
                Some(_) => options.files.push(arg),
            }
        } else if arg == "--" {
            plain = true;
        } else if arg == "--arg" || arg == "--argjson" {
            let (Some(name), Some(value)) = (args.next(), args.next()) else {
                let example = if arg == "--arg" { "varname value" } else { "varname text" };
                return Err((2, format!("jq: {arg} takes two parameters (e.g. {arg} {example})\n{USAGE}")));
            };
            let value = if arg == "--arg" {
                Val::utf8_str(value)
            } else {
                let wrong = |_| (2, format!("jq: Invalid JSON text passed to --argjson\n{USAGE}"));
                read::parse_single(value.as_bytes()).map_err(wrong)?
            };
            options.named.push((format!("${name}"), value));
        } else {
            let long = |name: &str| match name {
                "raw-output" => Some('r'),
                "join-output" => Some('j'),
                "exit-status" => Some('e'),
                "compact-output" => Some('c'),
                "null-input" => Some('n'),
                "slurp" => Some('s'),
                "raw-input" => Some('R'),
                "sort-keys" => Some('S'),
                "monochrome-output" => Some('M'),
                _ => None,
            };
            let signs: Vec<char> = match arg.strip_prefix("--") {
                Some(name) => vec![long(name).ok_or_else(unknown)?],
                None => arg.chars().skip(1).collect(),
            };
            for sign in signs {
                match sign {
                    'r' => options.raw = true,
                    'j' => (options.raw, options.joined) = (true, true),
                    'e' => options.telling = true,
                    'c' => options.compact = true,
                    'n' => options.null = true,
                    's' => options.slurp = true,
                    'R' => options.lines = true,
                    'S' => options.sorted = true,
                    // There are no colours to begin with.
                    'M' => {}
                    _ => return Err(unknown()),
                }
            }
        }
    }
    if options.program.as_deref().is_some_and(|program| program.contains("$ENV")) {
        options.named.push(("$ENV".to_owned(), environment()));
    }
    Ok(options)
}

/// What the program reaches beside its input.
struct Kind;

#[derive(Clone)]
struct Reach<'a> {
    table: &'a Lut<Kind>,
    inputs: Inputs<'a, Val>,
}

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = Reach<'a>;
}

impl<'a> HasLut<'a, Kind> for Reach<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.table
    }
}

impl<'a> HasInputs<'a, Val> for Reach<'a> {
    fn inputs(&self) -> Inputs<'a, Val> {
        self.inputs
    }
}

fn compiled(options: &Options) -> Result<jaq_core::compile::Filter<jaq_core::Native<Kind>>, Fault> {
    let code = options.program.as_deref().unwrap_or(".");
    let arena = Arena::default();
    let more = load::parse(MORE, |parser| parser.defs()).unwrap_or_default();
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(more);
    let failed =
        |why: String| (3, format!("jq: error: {why} at <top-level>, line 1:\n{code}\njq: 1 compile error"));
    let modules = Loader::new(definitions).load(&arena, load::File { code, path: () }).map_err(|errors| {
        let near = errors.into_iter().find_map(|(_, error)| match error {
            load::Error::Lex(list) => list.first().map(|(_, near)| *near),
            load::Error::Parse(list) => list.first().map(|(_, near)| *near),
            load::Error::Io(_) => None,
        });
        let near: String = near.filter(|near| !near.is_empty()).unwrap_or("$end").chars().take(20).collect();
        failed(format!("syntax error, unexpected {near} (Unix shell quoting issues?)"))
    })?;
    let functions = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .chain(jaq_std::input::funs::<Kind>().into_vec().into_iter().map(jaq_core::native::run::<Kind>));
    let names = options.named.iter().map(|(name, _)| name.as_str());
    Compiler::default().with_funs(functions).with_global_vars(names).compile(modules).map_err(|errors| {
        let first = errors.into_iter().flat_map(|(_, list)| list).next();
        let why = first.map(|(name, kind)| match kind {
            jaq_core::compile::Undefined::Filter(count) => format!("{name}/{count} is not defined"),
            other => format!("{} {name} is not defined", other.as_str()),
        });
        failed(why.unwrap_or_default())
    })
}

/// Input that ends with an error where it is nested so deep that nobody can follow it.
struct Shallow<R> {
    inner: R,
    most: usize,
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl<R> Shallow<R> {
    fn new(inner: R, options: &Options) -> Shallow<R> {
        // Lines are only text.
        let most = if options.lines { usize::MAX } else { DEEPEST };
        Shallow { inner, most, depth: 0, quoted: false, escaped: false }
    }
}

impl<R: Read> Read for Shallow<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        for byte in into.iter().take(count) {
            let escaped = std::mem::take(&mut self.escaped);
            match (self.quoted, byte) {
                (true, b'\\') => self.escaped = !escaped,
                (_, b'"') if !escaped => self.quoted = !self.quoted,
                (false, b'[' | b'{') => self.depth += 1,
                (false, b']' | b'}') => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if self.depth > self.most {
                return Err(io::Error::other("Exceeds depth limit for parsing"));
            }
        }
        Ok(count)
    }
}

/// The inputs, one after the other, as they are asked for.
fn inputs<'r>(
    options: &Options,
    from: Vec<Box<dyn BufRead + 'r>>,
) -> Box<dyn Iterator<Item = Result<Val, String>> + 'r> {
    let text = |line: io::Result<Vec<u8>>| line.map(Val::utf8_str).map_err(|error| error.to_string());
    match (options.lines, options.slurp) {
        (true, true) => {
            let whole = from
                .into_iter()
                .try_fold(Vec::new(), |mut all, mut one| one.read_to_end(&mut all).map(|_| all));
            Box::new(std::iter::once(text(whole)))
        }
        (true, false) => Box::new(from.into_iter().flat_map(|one| one.split(b'\n')).map(text)),
        (false, slurp) => {
            let all =
                from.into_iter().flat_map(read::read_many).map(|one| one.map_err(|error| error.to_string()));
            if !slurp {
                return Box::new(all);
            }
            let whole = all.collect::<Result<Vec<Val>, String>>();
            Box::new(std::iter::once(whole.map(|all| all.into_iter().collect())))
        }
    }
}

/// The environment, for a program that asks for it.
fn environment() -> Val {
    let text = |text: OsString| Val::utf8_str(text.to_string_lossy().into_owned());
    Val::obj(std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect())
}

fn filter(options: &Options, io: &mut Io) -> Result<u8, Fault> {
    let filter = compiled(options)?;
    let (mut from, mut missing): (Vec<Box<dyn BufRead + '_>>, _) = (Vec::new(), None);
    for name in &options.files {
        match File::open(name) {
            Ok(file) => from.push(Box::new(BufReader::new(Shallow::new(file, options)))),
            Err(error) => {
                let why = if error.kind() == io::ErrorKind::NotFound {
                    "No such file or directory".to_owned()
                } else {
                    error.to_string()
                };
                missing = Some((2, format!("jq: error: Could not open {name}: {why}")));
            }
        }
    }
    if options.files.is_empty() {
        from.push(Box::new(BufReader::new(Shallow::new(&mut io.stdin, options))));
    }
    let inputs = RcIter::new(inputs(options, from));
    let values = Vars::new(options.named.iter().map(|(_, value)| value.clone()));
    let (mut last, mut failed) = (None, false);
    let firsts: Box<dyn Iterator<Item = Result<Val, String>>> =
        if options.null { Box::new(std::iter::once(Ok(Val::Null))) } else { Box::new(&inputs) };
    for input in firsts {
        let input = input.map_err(|why| (2, format!("jq: parse error: {why}")))?;
        let reach = Reach { table: &filter.lut, inputs: &inputs };
        let context = Ctx::<Kind>::new(reach, values.clone());
        for result in filter.id.run((context, input)).map(unwrap_valr) {
            let value = match result {
                Ok(value) => value,
                Err(error) => {
                    failed = true;
                    let error = match error.into_val() {
                        Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
                        other => {
                            let mut text = String::new();
                            write(&Options { compact: true, ..Options::default() }, &other, 0, &mut text);
                            format!("(not a string): {text}")
                        }
                    };
                    let _ = writeln!(io.stderr, "jq: error (at <unknown>): {error}");
                    break;
                }
            };
            let mut out = Vec::new();
            match &value {
                Val::TStr(text) | Val::BStr(text) if options.raw => out.extend_from_slice(text),
                value => {
                    let mut text = String::new();
                    write(options, value, 0, &mut text);
                    out.extend_from_slice(text.as_bytes());
                }
            }
            if !options.joined {
                out.push(b'\n');
            }
            // As a program that dies of SIGPIPE.
            io.stdout.write_all(&out).map_err(|_| (141, String::new()))?;
            last = Some(value);
        }
    }
    if let Some(missing) = missing {
        return Err(missing);
    }
    Ok(match (failed, options.telling, last) {
        (true, ..) => 5,
        (false, true, None) => 4,
        (false, true, Some(Val::Null | Val::Bool(false))) => 1,
        _ => 0,
    })
}

/// A value as the original writes it.
fn write(options: &Options, value: &Val, level: usize, out: &mut String) {
    let line = |level: usize, out: &mut String| {
        if !options.compact {
            out.push('\n');
            out.push_str(&"  ".repeat(level));
        }
    };
    match value {
        _ if level > DEEP => out.push_str("\"<skipped: too deep>\""),
        Val::Null => out.push_str("null"),
        Val::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Val::Num(number) => self::number(number, out),
        Val::TStr(text) | Val::BStr(text) => string(&String::from_utf8_lossy(text), out),
        Val::Arr(items) if items.is_empty() => out.push_str("[]"),
        Val::Arr(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(level + 1, out);
                write(options, item, level + 1, out);
            }
            line(level, out);
            out.push(']');
        }
        Val::Obj(fields) if fields.is_empty() => out.push_str("{}"),
        Val::Obj(fields) => {
            let mut fields: Vec<(&Val, &Val)> = fields.iter().collect();
            if options.sorted {
                fields.sort_by_key(|(name, _)| *name);
            }
            out.push('{');
            for (at, (name, item)) in fields.into_iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(level + 1, out);
                match name {
                    Val::TStr(_) => write(options, name, level + 1, out),
                    // The library knows names that are no text.
                    other => string(&other.to_string(), out),
                }
                out.push_str(if options.compact { ":" } else { ": " });
                write(options, item, level + 1, out);
            }
            line(level, out);
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            sign if sign.is_ascii_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(sign));
            }
            sign => out.push(sign),
        }
    }
    out.push('"');
}

fn number(number: &Num, out: &mut String) {
    let number = match number {
        Num::Float(number) => *number,
        Num::Dec(digits) => digits.parse().unwrap_or(f64::NAN),
        whole => {
            let _ = write!(out, "{whole}");
            return;
        }
    };
    let number = number.clamp(f64::MIN, f64::MAX);
    let scientific = format!("{number:e}");
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let long = usize::try_from(power).is_ok_and(|power| power >= count + 15);
    let _ = match power {
        _ if number.is_nan() => write!(out, "null"),
        power if power > -5 && !long => write!(out, "{number}"),
        power if power < 0 => write!(out, "{digits}e-{:02}", -power),
        power => write!(out, "{digits}e+{power:02}"),
    };
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn jq(args: &[&str], stdin: &str) -> (u8, String) {
        let out = Sink::default();
        let mut io = Io {
            stdin: Box::new(io::Cursor::new(stdin.to_owned())),
            stdout: Box::new(out.clone()),
            stderr: Box::new(io::sink()),
            terminal: false,
        };
        let code = run(args.iter().map(|arg| (*arg).to_owned()).collect(), &mut io);
        let text = String::from_utf8_lossy(&out.0.lock().expect("whole")).into_owned();
        (code, text)
    }

    #[test]
    fn values_are_written_as_the_original_writes_them() {
        for (args, stdin, out) in [
            (
                vec!["."],
                r#"{"b":[1,{}],"a":"\u00e9\n"}"#,
                "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": \"é\\n\"\n}\n",
            ),
            (vec!["-c", "."], "{\"a\":1} [2]", "{\"a\":1}\n[2]\n"),
            (vec!["-Sc", "."], r#"{"b":1,"a":2}"#, "{\"a\":2,\"b\":1}\n"),
            (vec!["-r", ".a"], r#"{"a":"x\ty"}"#, "x\ty\n"),
            (vec!["-n", "100*0.5, 1/4, nan, 1e17"], "", "50\n0.25\nnull\n1e+17\n"),
            (vec!["-s", "length"], "1 2 3", "3\n"),
            (vec!["-R", "."], "a\nb\n", "\"a\"\n\"b\"\n"),
            (vec!["-nR", "[inputs] | length"], "a\nb", "2\n"),
            (vec!["-r", "@tsv, @csv"], r#"["a\tb",1,null,true]"#, "a\\tb\t1\t\ttrue\n\"a\tb\",1,,true\n"),
            (vec!["-n", "--arg", "a", "3", "--argjson", "b", "[4]", "($a | tonumber) + $b[0]"], "", "7\n"),
        ] {
            assert_eq!(jq(&args, stdin), (0, out.to_owned()), "{args:?}");
        }
    }

    #[test]
    fn the_exit_code_tells_what_came_of_it() {
        let deep = "[".repeat(100_000);
        for (args, stdin, code) in [
            (vec!["-e", ".a"], r#"{"a":true}"#, 0),
            (vec!["-e", ".a"], r#"{"a":false}"#, 1),
            (vec!["-e", ".[]"], "[]", 4),
            (vec![".a"], "3", 5),
            (vec![".a"], "{", 2),
            (vec!["."], deep.as_str(), 2),
            (vec!["{"], "", 3),
            (vec!["walrus"], "", 3),
            (vec!["--walrus", "."], "", 2),
            (vec![".", "/no/such/file"], "", 2),
        ] {
            assert_eq!(jq(&args, stdin).0, code, "{args:?}");
        }
    }
}
