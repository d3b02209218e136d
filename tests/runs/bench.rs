//! A cockpit without a screen: a document, a journal, and what comes out.
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use firedeck::app::runs::{Options, Runs};
use firedeck::commands::tools::Tables;
use firedeck::domain::action::Findings;
use firedeck::domain::approval::{
    Answer, Approved, Ground, Place, Plan, Press, Question, QuestionId, Tier, Verdict,
};
use firedeck::domain::settings::{Key, KeyCode};
use firedeck::domain::shell::{Kind, Sent, Session, ShellCommand, Where};
use firedeck::domain::time::Timestamp;
use firedeck::incident::What;
use firedeck::incident::event::{Event, Order, StepEnded};
use firedeck::model::msg::Msg;
use firedeck::model::run::{Known, News};
use firedeck::model::shelf::Book;
use firedeck::runbook::catalogue;
use firedeck::store::{Journal, Places, Setup};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

/// Only reached when something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Desk {
    /// The handle that everything is recorded by.
    pub(crate) writes: Journal,
    pub(crate) root: Arc<Root>,
    pub(crate) runs: Runs,
    pub(crate) told: mpsc::Receiver<Msg>,
    /// What came out and was not asked for.
    pub(crate) heard: Vec<Msg>,
    pub(crate) run: Option<Known>,
    pub(crate) question: u64,
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp(i64::try_from(since.as_millis()).expect("a time"))
}

pub(crate) fn places(root: &Root) -> Places {
    Places { first: root.path().join("state"), second: root.path().join("run") }
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk::at(Root::new(), std::process::id())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Options, &Path)) -> Desk {
        Desk::of(Root::new(), std::process::id(), change)
    }

    /// Another cockpit, as if this process had another number.
    pub(crate) fn at(root: Arc<Root>, pid: u32) -> Desk {
        Desk::of(root, pid, |_, _| ())
    }

    pub(crate) fn of(root: Arc<Root>, pid: u32, change: impl FnOnce(&mut Options, &Path)) -> Desk {
        let (host, user, started) = ("box", "ann", now());
        let places = places(&root);
        let journal = Journal::open(Setup {
            places: places.clone(),
            incident: firedeck::incident::day(started),
            host: host.into(),
            user: user.into(),
            pid,
            started,
        });
        let (out, told) = mpsc::channel(64);
        let mut options = Options {
            journal,
            places,
            host: host.into(),
            user: user.into(),
            pid,
            started,
            tables: Arc::new(Tables::default()),
            program: Some(env!("CARGO_BIN_EXE_firedeck").into()),
            kubeconfig: Vec::new(),
            size: || (80, 24),
        };
        change(&mut options, root.path());
        let writes = options.journal.clone();
        let runs = Runs::start(options, out);
        Desk { root, runs, writes, told, heard: Vec::new(), run: None, question: 0 }
    }

    pub(crate) fn document(&self) -> PathBuf {
        self.root.path().join("yard.md")
    }

    /// Opens a run of a document with one step, whose one fence has these lines.
    pub(crate) async fn open(&mut self, lines: &str) {
        let text = format!("# Yard\n\n## Crane stuck\n\n1. Look at the crane:\n\n```bash\n{lines}\n```\n");
        std::fs::write(self.document(), &text).expect("written");
        let book = self.book(&text);
        self.runs.open(book, None);
        let msg = self.until(|msg| matches!(msg, Msg::RunKnown(_) | Msg::Ran(News::NotOpened { .. }))).await;
        match msg {
            Msg::RunKnown(known) => self.run = Some(*known),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn book(&self, text: &str) -> Book {
        let document = catalogue::read(&self.document().display().to_string(), text, &Tables::default());
        let runbook = document.runbooks.first().expect("a runbook").clone();
        Book { document: Arc::new(document), runbook }
    }

    /// A command of the first step, as the screen would order it.
    pub(crate) fn command(&self, command: u32, risk: Tier, session: Session) -> ShellCommand {
        let known = self.run.as_ref().expect("a run");
        let one = &known.run.runbook().steps[0].commands[command as usize].statement;
        ShellCommand {
            run: known.run.name().into(),
            step: 0,
            command: Some(command),
            n: "1".into(),
            document: "Yard".into(),
            line: one.line,
            end_line: one.end_line,
            shown: one.text.clone(),
            text: Sent::new(one.text.clone()),
            probe: None,
            looks: Vec::new(),
            kind: Kind::Plain,
            session,
            place: Where { host: "box".into(), workdir: Some(self.root.path().into()), ..Where::default() },
            risk,
            tier: risk,
            why: Vec::new(),
            heed: Vec::new(),
            reaches: Vec::new(),
            phrase: "crane".into(),
            needs_reason: false,
            edited: false,
        }
    }

    /// The answered question, or what runs on Enter.
    pub(crate) fn approve(&mut self, command: ShellCommand) -> Approved {
        let command = match Approved::reading(Box::new(command), &Ground::default()) {
            Ok(approved) => return approved,
            Err(command) => command,
        };
        self.question += 1;
        answer(self.question, *command)
    }

    /// Starts a command and waits until it has ended.
    pub(crate) async fn run(&mut self, command: ShellCommand) -> StepEnded {
        self.begin(command).await;
        self.ended().await
    }

    /// Starts a command: where it runs. A desk that came back may not have heard yet that what ran before has ended.
    pub(crate) async fn begin(&mut self, command: ShellCommand) -> Order {
        loop {
            let approved = self.approve(command.clone());
            self.runs.begin(approved, Vec::new());
            match self.until(|msg| told(msg, "step-started") || not_started(msg)).await {
                Msg::Ran(News::NotStarted { why, .. }) if why.contains("still running") => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Msg::Told(event) => match event.what {
                    What::StepStarted(body) => return body.order,
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn started(&mut self) -> Order {
        let msg = self.until(|msg| told(msg, "step-started") || not_started(msg)).await;
        match msg {
            Msg::Told(event) => match event.what {
                What::StepStarted(body) => body.order,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn ended(&mut self) -> StepEnded {
        let msg = self.until(|msg| told(msg, "step-ended")).await;
        match msg {
            Msg::Told(event) => match event.what {
                What::StepEnded(body) => *body,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn not_started(&mut self) -> String {
        match self.until(not_started).await {
            Msg::Ran(News::NotStarted { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    }

    /// The next message that is this; what came before it is kept.
    pub(crate) async fn until(&mut self, is: impl Fn(&Msg) -> bool) -> Msg {
        loop {
            let Ok(Some(msg)) = tokio::time::timeout(PATIENCE, self.told.recv()).await else {
                panic!("it does not come; before it came {:#?}", self.heard)
            };
            if let (Msg::Told(event), Some(known)) = (&msg, &mut self.run) {
                known.run.take(event);
            }
            if is(&msg) {
                return msg;
            }
            self.heard.push(msg);
        }
    }

    /// What the journal on disk holds.
    pub(crate) fn journal(&self) -> Vec<Event> {
        let book = firedeck::store::read::journal(&places(&self.root), &firedeck::incident::day(now()));
        assert_eq!(book.troubles, []);
        book.merged.entries.into_iter().map(|entry| entry.event).collect()
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.journal().iter().filter(|event| event.what.kind() == kind).count()
    }

    /// What a statement wrote to its standard output.
    pub(crate) fn output(&self, order: &Order) -> String {
        let dir = self.root.path().join("state/sessions").join(&order.session);
        let stream = firedeck::tools::runner::Stream::Out;
        let output = firedeck::tools::runner::Output::open(&dir, order.statement, stream);
        let bytes = output.and_then(|mut output| output.read(0, 1 << 20)).expect("readable").bytes;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Processes of any session of this desk.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let run = self.run.as_ref().expect("a run").run.name();
        of_sessions(|name| name.starts_with(run))
    }
}

pub(crate) fn kill(pid: i32) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        // It may be gone already.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// A directory with whatever goes on in its sessions, which is killed with it.
pub(crate) struct Root(TempDir);

impl Root {
    pub(crate) fn new() -> Arc<Root> {
        Arc::new(Root(tempfile::Builder::new().prefix("runs-").tempdir().expect("a directory")))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let sessions = std::fs::read_dir(self.path().join("state/sessions")).into_iter().flatten().flatten();
        let names: Vec<String> = sessions.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        for pid in of_sessions(|name| names.iter().any(|known| known == name)) {
            kill(pid);
        }
    }
}

/// Processes that bear the name of such a session.
fn of_sessions(is: impl Fn(&str) -> bool) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        let environ = String::from_utf8_lossy(&environ).into_owned();
        if environ.split('\0').filter_map(|one| one.strip_prefix("FIREDECK_SESSION=")).any(&is) {
            found.push(pid);
        }
    }
    found
}

/// The question about a command, answered.
pub(crate) fn answer(id: u64, command: ShellCommand) -> Approved {
    let plan = Plan::Shell(Box::new(command));
    let at = Timestamp(1_000);
    let asked = Question::ask(QuestionId(id), plan, Place::default(), Ground::default(), None, at);
    let mut question = asked.expect("asked");
    question.looked(Findings::default());
    question.shown(question.revision(), at);
    let press = Press { key: Key::plain(KeyCode::Char('y')), at: Timestamp(5_000), alone: true };
    match Box::new(question).answer(Answer::Yes, press) {
        Verdict::Approved(approved) => approved,
        other @ Verdict::Open(..) => panic!("{other:?}"),
    }
}

pub(crate) fn told(msg: &Msg, kind: &str) -> bool {
    matches!(msg, Msg::Told(event) if event.what.kind() == kind)
}

pub(crate) fn not_started(msg: &Msg) -> bool {
    matches!(msg, Msg::Ran(News::NotStarted { .. }))
}

/// Waits until it is so.
pub(crate) async fn wait(is: impl Fn() -> bool) {
    let waiting = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes to be so");
}

/// Waits until it asks so, answers, and gives all that was printed to its end.
pub(crate) async fn talk(
    printed: &mut (impl AsyncRead + Unpin),
    typing: &mut (impl AsyncWrite + Unpin),
    (asks, answer): (&str, &str),
) -> String {
    let mut all = Vec::new();
    let talking = async {
        loop {
            let length = printed.read_buf(&mut all).await.expect("printed");
            let said = String::from_utf8_lossy(&all);
            assert!(length > 0, "it ended without asking {asks:?}: {said}");
            if said.contains(asks) {
                break;
            }
        }
        typing.write_all(answer.as_bytes()).await.expect("typed");
        printed.read_to_end(&mut all).await.expect("to its end");
    };
    let talked = tokio::time::timeout(PATIENCE, talking).await;
    let all = String::from_utf8_lossy(&all).into_owned();
    assert!(talked.is_ok(), "it asks {asks:?} and ends: {all}");
    all
}
