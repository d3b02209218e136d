//! What goes into `update`, and what comes out of it.
use crate::commands::effect::Answer;
use crate::domain::Text;
use crate::domain::approval::{Approved, Question, QuestionId};
use crate::domain::change::Change;
use crate::domain::exercise::{Backend, Fault};
use crate::domain::log::Follow;
use crate::domain::news::{ActionId, News};
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::settings::Key;
use crate::domain::settings::values::LogLevel;
use crate::domain::shell::Sent;
use crate::domain::time::Timestamp;
use crate::incident::What;
use crate::incident::event::{Event, IncidentOpened, Order, RunJoined};

/// Everything that can happen.
#[derive(Debug)]
pub enum Msg {
    /// The keys of one read from the terminal. More than one is a burst, which answers no question.
    Keys {
        keys: Vec<Key>,
        at: Timestamp,
    },
    /// A bracketed paste; it is text, never keys.
    Paste(String),
    /// Only while the mouse is on.
    Mouse {
        column: u16,
        row: u16,
        what: MouseDid,
    },
    Tick(Timestamp),
    Resized {
        columns: u16,
        rows: u16,
    },
    /// This revision of a question is on the screen: the terminal has taken its bytes.
    Shown {
        question: QuestionId,
        revision: u32,
        at: Timestamp,
    },
    /// Land on this thing once it is seen.
    Open {
        kind: Kind,
        namespace: Option<String>,
        name: String,
    },
    /// Open this runbook once the documents are read: by its address, or by words of its title.
    OpenRunbook(String),
    /// A batch from the sources.
    News(Vec<News>),
    /// The settings on disk changed and were good.
    Settings(Box<super::Settings>),
    /// They were bad: the old ones stand, and this is why.
    SettingsRefused(String),
    /// Whether what happens can be recorded.
    Journal(super::Journal),
    /// A search over the log buffer found these lines.
    Scanned(super::logs::Scan),
    /// Recorded: these alerts were seen by somebody, or no longer.
    Acknowledged {
        alerts: Vec<ObjectRef>,
        by: String,
        no_longer: bool,
    },
    /// The journal of the last days says who cared for which alerts, and when.
    AcknowledgedBefore(Vec<(ObjectRef, String, Timestamp)>),
    /// What the journal has for a suspect from before this start, each with its name on the time line.
    Suspected(Vec<(String, Change)>),
    /// The runbooks as they are on disk now.
    Shelved(Box<super::shelf::Shelved>),
    /// A run that was opened, or found again, as far as the journal tells.
    RunKnown(Box<super::run::Known>),
    /// An event is in the journal.
    Told(Box<Event>),
    /// One could not be written down.
    Untold {
        what: Box<What>,
        why: String,
    },
    /// What the journals of this shift, and of all incidents that nobody has closed, have from before this start.
    RecordedBefore(Vec<Event>),
    /// These are in a journal now, as this session wrote them.
    Recorded(Vec<Event>),
    /// The same of other cockpits on this box.
    Heard(Vec<Event>),
    /// From now on the journal of this incident gets everything.
    TakenUp(String),
    /// An incident could not be opened, and why.
    NotTakenUp(String),
    /// What the looks of a command answered, in their order; none for one that did not come in time.
    Answered(QuestionId, Vec<Option<Answer>>),
    /// What happens while commands run.
    Ran(super::run::News),
    /// Something small worth one line: copied, saved, could not be saved.
    Said {
        text: String,
        bad: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseDid {
    Click,
    WheelUp,
    WheelDown,
}

/// Everything `update` asks the outside for.
#[derive(Debug)]
pub enum Effect {
    Quit,
    /// Give the terminal back to the shell until `fg`.
    Suspend,
    /// Paint every cell anew.
    Redraw,
    SetMouse(bool),
    /// So much is written to the log from now on.
    SetLogLevel(LogLevel),
    /// These kinds are watched besides pods and nodes, and no others.
    Watch(Vec<Kind>),
    /// Read everything about one object, and again while it stays open; `None` stops.
    Inspect(Option<ObjectRef>),
    Follow(Option<Follow>),
    /// The same again, from an earlier time on.
    FollowSince(Timestamp),
    /// Try every feed that is down now.
    Retry,
    /// Break a backend of the demo on purpose, or mend it.
    Break(Backend, Fault),
    /// Take the reserved role's way into this full database server.
    Rescue(Text),
    /// Find out, read-only and within two seconds, what a question would hit.
    Look(QuestionId, crate::domain::approval::Plan),
    /// Record that it begins, then do it.
    Perform(ActionId, Approved),
    /// Read the document as it is, keep it beside the journal, and open a run of this runbook.
    OpenRun {
        book: super::shelf::Book,
        alert: Option<ObjectRef>,
    },
    /// Take up the runs that others on this box have begun.
    FindRuns,
    /// Write this down; it comes back as [`Msg::Told`], or as [`Msg::Untold`].
    Tell(Box<What>),
    /// Open an incident with a journal of its own; these runs of the day belong to it.
    OpenIncident {
        opened: Box<IncidentOpened>,
        joins: Vec<RunJoined>,
    },
    /// Go on with the incident of this name.
    TakeUp(String),
    /// Back to the day's journal.
    LeaveIncident,
    /// A text to a new file.
    Write {
        name: String,
        text: String,
    },
    /// Record that a command begins, keep what these answer, then give it to its shell.
    Start {
        approved: Approved,
        evidence: Vec<Sent>,
    },
    /// Stop a statement, and with it its session.
    Stop(Order),
    /// Give the terminal to a session.
    EnterSession(String),
    /// A page of what a statement wrote, from this byte of its stream; the first one from there with this in it.
    ReadOutput {
        order: Order,
        stream: super::run::Stream,
        from: u64,
        find: Option<String>,
    },
    /// Back into a shell that was approved and still runs.
    Enter(ActionId),
    /// Ends such a shell.
    EndShell(ActionId),
    /// A question was left unanswered; only told so that it can be recorded.
    Declined(Box<Question>),
    /// Record that these alerts are cared for, or no longer; it is shown once it is recorded.
    Acknowledge {
        alerts: Vec<ObjectRef>,
        no_longer: bool,
    },
    /// Record that a change is held for the cause, or no longer.
    Suspect {
        name: String,
        change: Box<Change>,
    },
    /// Search lines of the log buffer.
    Scan(super::logs::ScanOrder),
    /// The settings name other places of runbooks: read those from now on.
    ReadRunbooks,
    /// To the clipboard, by OSC 52 and by the local one.
    Copy(String),
    Save {
        name: String,
        text: super::logs::SaveOrder,
    },
}
