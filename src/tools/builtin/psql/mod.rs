//! `psql`: the options that runbooks use, in the simple form of the protocol, in the original's words.
use std::io::{self, BufRead, BufReader, Read, Write};

use super::Io;
use super::curl::flags::{self, Given, Wrong};
use print::{Form, Shape};
use wire::{Answer, Link, Said};

mod meta;
mod print;
mod script;
mod target;
#[cfg(test)]
mod tests;
mod wire;

use target::Target;

const FLAGS: &str = "-c|--command= -h|--host= -p|--port= -U|--username= -d|--dbname= -v|--set|--variable= \
    -F|--field-separator= -t|--tuples-only -A|--no-align -q|--quiet -X|--no-psqlrc -w|--no-password";

/// How a statement or a script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Good,
    Failed,
    /// The connection is gone.
    Lost,
    /// `\q`.
    Quit,
    /// It is not known here, and without it what follows may mean something else.
    Unknown,
}

struct Session<'a> {
    io: &'a mut Io,
    link: Link,
    target: Target,
    shape: Shape,
    quiet: bool,
    stop: bool,
}

fn refused(wrong: Wrong) -> String {
    let wrong = match wrong {
        Wrong::Unknown(name, _) if name.starts_with("--") => format!("unrecognized option '{name}'"),
        Wrong::Unknown(name, _) => format!("invalid option -- '{}'", name.trim_start_matches('-')),
        Wrong::Missing(name) if name.starts_with("--") => format!("option '{name}' requires an argument"),
        Wrong::Missing(name) => format!("option requires an argument -- '{}'", name.trim_start_matches('-')),
        Wrong::Surplus(name) => format!("option '{name}' doesn't allow an argument"),
    };
    format!("psql: {wrong}\npsql: hint: Try \"psql --help\" for more information.")
}

/// Runs it with the words behind the name.
pub async fn run(args: Vec<String>, io: &mut Io) -> u8 {
    match begun(&args, io).await {
        Ok(code) => code,
        Err((code, says)) => {
            let _ = writeln!(io.stderr, "{says}");
            code
        }
    }
}

async fn begun(args: &[String], io: &mut Io) -> Result<u8, (u8, String)> {
    let given = flags::read(args, FLAGS, true).map_err(|wrong| (1, refused(wrong)))?;
    let mut stop = false;
    for word in given.values("--variable") {
        match word.split_once('=').unwrap_or((word, "")) {
            ("ON_ERROR_STOP", "1" | "on" | "true" | "yes") => stop = true,
            ("ON_ERROR_STOP", "" | "0" | "off" | "false" | "no") => stop = false,
            (name, _) => {
                return Err((
                    1,
                    format!("psql: error: the built-in psql has no variable \"{name}\" of that value"),
                ));
            }
        }
    }
    let form = if given.has("--no-align") { Form::Unaligned } else { Form::Aligned };
    let separator = given.value("--field-separator").unwrap_or("|").to_owned();
    let error = |says: String| (2, format!("psql: error: {says}"));
    let mut target = Target::of(&given).map_err(error)?;
    let asks = |given: &Given| !given.has("--no-password");
    let link = match Link::open(&target).await {
        Err(refusal) if refusal.wants_password && asks(&given) => {
            target.password = meta::secret(&format!("Password for user {}: ", target.user));
            Link::open(&target).await
        }
        other => other,
    };
    let link = link.map_err(|refusal| error(refusal.says))?;
    let mut session = Session {
        io,
        link,
        target,
        shape: Shape { form, tuples: given.has("--tuples-only"), separator, title: None },
        quiet: given.has("--quiet"),
        stop,
    };
    Ok(session.all(&given).await)
}

impl Session<'_> {
    /// The commands of the options in their order; or what comes in.
    async fn all(&mut self, given: &Given) -> u8 {
        let mut code = None;
        for text in given.values("--command") {
            let end = if text.trim_start().starts_with('\\') {
                self.meta(text.trim()).await
            } else {
                self.ask(text).await
            };
            code = Some(match end {
                End::Good | End::Quit => 0,
                End::Failed => 1,
                End::Unknown => return 1,
                End::Lost => return 2,
            });
            if code > Some(0) && self.stop {
                break;
            }
        }
        if let Some(code) = code {
            return code;
        }
        let input = std::mem::replace(&mut self.io.stdin, Box::new(io::empty()));
        match self.script(input).await {
            End::Failed | End::Unknown => 3,
            End::Lost => 2,
            End::Good | End::Quit => 0,
        }
    }

    /// A script line by line; it goes on behind an error unless it is to stop there, but not behind what is unknown.
    async fn script(&mut self, input: Box<dyn Read + Send>) -> End {
        let typed = self.io.terminal;
        let (mut lines, mut kept) = (BufReader::new(input).split(b'\n'), String::new());
        loop {
            if typed {
                let sign = if kept.trim().is_empty() { '=' } else { '-' };
                let _ = write!(self.io.stdout, "{}{sign}> ", self.target.database);
                let _ = self.io.stdout.flush();
            }
            let line = lines.next().and_then(Result::ok);
            let last = line.is_none();
            let line = String::from_utf8_lossy(&line.unwrap_or_default()).into_owned();
            let mut ends = Vec::new();
            if kept.trim().is_empty() && line.trim_start().starts_with('\\') {
                ends.push(self.meta(line.trim()).await);
            } else {
                kept.push_str(&line);
                kept.push('\n');
            }
            while let Some(at) =
                script::end(&kept).or((last && !kept.trim().is_empty()).then_some(kept.len()))
            {
                let rest = kept.split_off(at);
                let statement = std::mem::replace(&mut kept, rest);
                let statement = statement.trim();
                if !statement.trim_end_matches(';').trim().is_empty() {
                    ends.push(self.ask(statement).await);
                }
                if ends.last().is_some_and(|end| *end != End::Good && (self.stop || *end != End::Failed)) {
                    break;
                }
            }
            for end in ends {
                match end {
                    End::Good => {}
                    End::Failed if !self.stop || typed => {}
                    End::Unknown if typed => {}
                    other => return other,
                }
            }
            if last {
                return End::Good;
            }
        }
    }

    /// Asks, and prints what comes, until the server is ready for more.
    async fn ask(&mut self, text: &str) -> End {
        if self.link.ask(text).await.is_err() {
            return self.lost();
        }
        let (mut end, mut columns, mut rows, mut copied) = (End::Good, None, Vec::new(), false);
        let mut unknown = false;
        loop {
            let answer = tokio::select! {
                answer = self.link.next() => answer,
                Ok(()) = tokio::signal::ctrl_c() => {
                    let sent = self.link.cancel().await;
                    let says = if sent.is_ok() { "Cancel request sent" } else { "Could not send cancel request" };
                    let _ = writeln!(self.io.stderr, "{says}");
                    continue;
                }
            };
            match answer {
                Ok(Answer::Columns(new)) => columns = Some(new),
                Ok(Answer::Row(row)) => rows.push(row),
                Ok(Answer::Done(tag)) => {
                    if self.shape.title.is_some_and(|_| rows.is_empty()) {
                        columns = None;
                        let _ = writeln!(self.io.stderr, "Did not find any relations.");
                    } else if let Some(columns) = columns.take() {
                        let _ = write!(self.io.stdout, "{}", print::printed(&columns, &rows, &self.shape));
                        rows.clear();
                    } else if !self.quiet && !tag.is_empty() && !copied {
                        let _ = writeln!(self.io.stdout, "{tag}");
                    }
                    copied = false;
                    let _ = self.io.stdout.flush();
                }
                Ok(Answer::Notice(said)) => self.say(&said, text),
                Ok(Answer::Error(said)) => {
                    (end, columns) = (End::Failed, None);
                    rows.clear();
                    self.say(&said, text);
                }
                // The lines that follow are data: they must not be asked.
                Ok(Answer::CopyIn) => {
                    unknown = true;
                    drop(self.link.refuse_copy().await);
                }
                Ok(Answer::Copied(bytes)) => copied |= self.io.stdout.write_all(&bytes).is_ok(),
                Ok(Answer::Ready) => break,
                Ok(Answer::Other) => {}
                Err(_) => return self.lost(),
            }
        }
        if unknown || end == End::Failed && script::copies(text) { End::Unknown } else { end }
    }

    fn lost(&mut self) -> End {
        let _ = writeln!(self.io.stderr, "{}\nconnection to server was lost", wire::CLOSED);
        End::Lost
    }

    fn say(&mut self, said: &Said, text: &str) {
        let get = |letter| said.get(letter).unwrap_or_default();
        let mut out = format!("{}:  {}\n", get(b'S'), get(b'M'));
        let place = |letter| said.get(letter).and_then(|place| place.parse().ok());
        if let Some(place) = place(b'P') {
            out += &(script::pointed(text, place) + "\n");
        } else if let (Some(place), Some(inner)) = (place(b'p'), said.get(b'q')) {
            out += &(script::pointed(inner, place) + "\n");
        }
        let error = matches!(get(b'V'), "ERROR" | "FATAL" | "PANIC");
        for (letter, name) in [(b'D', "DETAIL"), (b'H', "HINT"), (b'q', "QUERY"), (b'W', "CONTEXT")] {
            if let Some(more) = said.get(letter).filter(|_| letter != b'W' || error) {
                out.extend([name, ":  ", more, "\n"]);
            }
        }
        let _ = self.io.stdout.flush();
        let _ = write!(self.io.stderr, "{out}");
    }
}
