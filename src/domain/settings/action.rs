//! Everything the operator can ask for: name, place, default keys and help in one table.
//! Keys, footer, help, palette and the keymap file all read it.

/// Where a key is pressed. A place inside the board falls back to `Board`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Any pane.
    Board,
    /// A table of things in a cluster.
    Table,
    Logs,
    /// The worst of every source.
    Overview,
    /// The tables of one realm, where a key means something of their own.
    Containers,
    Alerts,
    Database,
    Redis,
    Changes,
    /// The list of the team's runbooks.
    Runbooks,
    /// A runbook that is open.
    Checklist,
    /// The incident, its time line, the handover.
    Incident,
    /// The big screen.
    Wall,
    /// Read-only text: description, YAML, owner tree.
    Text,
    /// A question waits for its answer.
    Question,
    /// A line is being typed: filter, palette, a value.
    Input,
    /// A list to choose from.
    Help,
}

impl Scope {
    pub const ALL: &'static [Scope] = &[
        Scope::Board,
        Scope::Overview,
        Scope::Table,
        Scope::Containers,
        Scope::Alerts,
        Scope::Database,
        Scope::Redis,
        Scope::Changes,
        Scope::Runbooks,
        Scope::Checklist,
        Scope::Incident,
        Scope::Wall,
        Scope::Logs,
        Scope::Text,
        Scope::Question,
        Scope::Input,
        Scope::Help,
    ];

    /// As the keymap file names it.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Board => "board",
            Scope::Table => "table",
            Scope::Overview => "overview",
            Scope::Containers => "containers",
            Scope::Alerts => "alerts",
            Scope::Database => "database",
            Scope::Redis => "redis",
            Scope::Changes => "changes",
            Scope::Runbooks => "runbooks",
            Scope::Checklist => "checklist",
            Scope::Incident => "incident",
            Scope::Wall => "wall",
            Scope::Logs => "logs",
            Scope::Text => "text",
            Scope::Question => "question",
            Scope::Input => "input",
            Scope::Help => "help",
        }
    }

    /// Where a key is looked up when this place does not know it.
    pub fn parent(self) -> Option<Scope> {
        match self {
            // What is done to a row is done to the thing it opened, by the same keys.
            Scope::Text
            | Scope::Containers
            | Scope::Alerts
            | Scope::Database
            | Scope::Redis
            | Scope::Changes => Some(Scope::Table),
            Scope::Overview
            | Scope::Table
            | Scope::Logs
            | Scope::Runbooks
            | Scope::Checklist
            | Scope::Incident
            | Scope::Wall => Some(Scope::Board),
            _ => None,
        }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal $scope:ident [$($key:literal),*] $help:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($variant,)* }

        impl Action {
            pub const ALL: &'static [Action] = &[$(Action::$variant,)*];
            /// As the keymap file and the palette name it.
            pub fn name(self) -> &'static str { match self { $(Action::$variant => $name,)* } }
            pub fn scope(self) -> Scope { match self { $(Action::$variant => Scope::$scope,)* } }
            /// As people write them; parsed by `Key::parse`.
            pub fn default_keys(self) -> &'static [&'static str] { match self { $(Action::$variant => &[$($key),*],)* } }
            pub fn help(self) -> &'static str { match self { $(Action::$variant => $help,)* } }
        }
    };
}

actions! {
    Back         "back"          Board    ["Esc", "q"]                "go back; at the top, q leaves firedeck",
    Quit         "quit"          Board    ["Ctrl-C"]                  "leave firedeck",
    Help         "help"          Board    ["?"]                       "all keys of this place",
    Palette      "palette"       Board    [":"]                       "any action or kind by name",
    Filter       "filter"        Board    ["/"]                       "rows that match: ! not, =word, ~pattern, name=~\"value\"",
    NextPane     "next-pane"     Board    ["Tab"]                     "go to the next pane",
    PrevPane     "prev-pane"     Board    ["Shift-Tab"]               "go to the pane before",
    Pane1        "pane-1"        Board    ["1"]                       "go to the pods pane",
    Pane2        "pane-2"        Board    ["2"]                       "go to the logs pane",
    Overview     "overview"      Board    ["0"]                       "everything at a glance",
    Containers   "containers"    Board    ["3"]                       "containers of Docker engines",
    Alerts       "alerts"        Board    ["4"]                       "alerts, silences and targets",
    Database     "database"      Board    ["5"]                       "database sessions, who waits for whom, what is slow",
    Redis        "redis"         Board    ["6"]                       "Redis nodes, their memory and clients",
    Vitals       "vitals"        Board    ["7"]                       "the facts of the documents, with their limits",
    Changes      "changes"       Board    ["8"]                       "what changed lately",
    Runbooks     "runbooks"      Board    ["r"]                       "the team's runbooks, those that fit this first",
    Incident     "incident"      Board    ["i"]                       "open an incident, or show the one that is open",
    TimeLine     "time-line"     Board    ["T"]                       "what happened, line by line",
    Handover     "handover"      Board    ["H"]                       "what the next shift has to know",
    Note         "note"          Board    ["n"]                       "write something down, in the journal",
    Enter        "enter"         Overview ["Enter"]                   "go where this line leads",
    Zoom         "zoom"          Board    ["f"]                       "give this pane the whole screen, or take it back",
    Refresh      "refresh"       Board    ["Ctrl-R"]                  "try again now",
    Redraw       "redraw"        Board    ["Ctrl-L"]                  "paint the whole screen anew",
    Suspend      "suspend"       Board    ["Ctrl-Z"]                  "back to the shell; fg returns",
    Up           "up"            Board    ["k", "Up"]                 "one up",
    Down         "down"          Board    ["j", "Down"]               "one down",
    HalfUp       "half-up"       Board    ["Ctrl-U"]                  "half a page up",
    HalfDown     "half-down"     Board    ["Ctrl-D"]                  "half a page down",
    PageUp       "page-up"       Board    ["PageUp", "Ctrl-B"]        "a page up",
    PageDown     "page-down"     Board    ["PageDown", "Ctrl-F"]      "a page down",
    Top          "top"           Board    ["g", "Home"]               "to the first",
    Bottom       "bottom"        Board    ["G", "End"]                "to the last",
    Left         "left"          Board    ["Left"]                    "scroll to the left",
    Right        "right"         Board    ["Right"]                   "scroll to the right",
    Copy         "copy"          Board    ["c"]                       "copy the name or line here",
    Outcomes     "outcomes"      Board    ["a"]                       "what was done, and what became of it",
    Exercise     "exercise"      Board    ["Ctrl-E"]                  "in a demo or a drill: what it is about, hints, and faults",
    Mouse        "mouse"         Board    []                          "switch the mouse on or off",

    Open         "open"          Table    ["Enter"]                   "look inside",
    Mark         "mark"          Table    ["Space"]                   "mark this row for an action on many",
    MarkAll      "mark-all"      Table    ["*"]                       "mark all shown rows; again to take those marks away",
    Unmark       "unmark"        Table    ["Backspace"]               "take all marks away",
    Faults       "faults"        Table    ["z"]                       "only what is in trouble",
    Sort         "sort"          Table    ["o"]                       "sort by the next column",
    SortReverse  "sort-reverse"  Table    ["O"]                       "turn the order round",
    Columns      "columns"       Table    ["W"]                       "choose columns",
    NextKind     "next-kind"     Table    ["]"]                       "the next kind: deployments, nodes, events",
    PrevKind     "prev-kind"     Table    ["["]                       "the kind before",
    Pods         "pods"          Table    ["F1"]                      "pods",
    Deployments  "deployments"   Table    ["F2"]                      "deployments and their rollouts",
    Hpas         "hpas"          Table    ["F3"]                      "autoscalers",
    Nodes        "nodes"         Table    ["F4"]                      "nodes",
    Events       "events"        Table    ["F5"]                      "events",
    Certificates "certificates"  Table    ["F6"]                      "certificates",
    Describe     "describe"      Table    ["d"]                       "describe",
    Yaml         "yaml"          Table    ["y"]                       "as YAML, secrets masked",
    Owners       "owners"        Table    ["t"]                       "the tree of owners",
    ShowEvents   "show-events"   Table    ["e"]                       "its events",
    Logs         "logs"          Table    ["l"]                       "follow its logs",
    PreviousLogs "previous-logs" Table    ["p"]                       "logs of the container before",
    Shell        "shell"         Table    ["s"]                       "a shell in the container",
    EndShell     "end-shell"     Table    []                          "end the shell that still runs in the container",
    Restart      "restart"       Table    ["R"]                       "restart the rollout",
    Scale        "scale"         Table    ["+"]                       "change the number of replicas",
    Undo         "undo"          Table    ["u"]                       "back to the revision before",
    SetImage     "set-image"     Table    ["I"]                       "another image",
    Delete       "delete"        Table    ["D"]                       "delete the pod",
    ForceDelete  "force-delete"  Table    []                          "delete the pod without waiting for its node",
    Cordon       "cordon"        Table    ["C"]                       "no new pods on this node; again to allow them",
    Drain        "drain"         Table    ["X"]                       "evict the node's pods",
    Passage      "passage"       Table    ["b"]                       "what the document says that names the limit",

    Stop         "stop"          Containers ["X"]                     "stop the container",
    Start        "start"         Containers ["u"]                     "start the container",
    ServiceLogs  "service-logs"  Containers ["S"]                     "logs of its whole Compose service, merged",
    ProjectLogs  "project-logs"  Containers ["L"]                     "logs of its whole Compose project, merged",
    MarkService  "mark-service"  Containers ["v"]                     "mark its whole Compose service, to act on it as one",
    MarkProject  "mark-project"  Containers ["V"]                     "mark its whole Compose project, to act on it as one",
    Silence      "silence"       Alerts   ["S"]                       "silence what is selected or marked; shows what it hits",
    Acknowledge  "acknowledge"   Alerts   ["A"]                       "mark as seen by you; silences nothing",
    Extend       "extend"        Alerts   ["+"]                       "let a silence hold longer",
    Expire       "expire"        Alerts   ["-"]                       "end a silence now",
    Matchers     "matchers"      Alerts   ["M"]                       "silence by typed matchers, or a silence anew with others",
    Held         "held"          Alerts   ["h"]                       "to the silences that hold it back, or to what one holds",
    Source       "source"        Alerts   ["b"]                       "copy the address of the alert's source",
    CopyRunbook  "copy-runbook"  Alerts   ["B"]                       "copy the address of the alert's runbook",
    Group        "group"         Alerts   ["v"]                       "alerts in groups, or one by one; Enter unfolds a group",
    GroupBy      "group-by"      Alerts   ["V"]                       "group alerts by another label",
    FoldAll      "fold-all"      Alerts   ["x"]                       "unfold all groups, or fold them",
    CancelQuery  "cancel-query"  Database ["C"]                       "cancel the session's query",
    Terminate    "terminate"     Database ["K"]                       "terminate the session",
    GroupSessions "group-sessions" Database ["b"]                       "group by application, user, client, state, database",
    Rescue       "rescue"        Database ["!"]                       "into a full server, as its reserved role",
    KillRoot     "kill-root"     Database ["X"]                       "terminate the session that all the others wait for",
    Disconnect   "disconnect"    Redis    ["K"]                       "disconnect the client",
    EndScript    "end-script"    Redis    ["X"]                       "end the script or function that keeps the node busy",
    Suspect      "suspect"       Changes  ["S"]                       "mark as a suspect, or take that back",

    OpenRunbook  "open-runbook"  Runbooks ["Enter"]                   "open this runbook beside the panes",
    RunStep      "run"           Checklist ["Enter"]                  "run this line, choose this way",
    RunOn        "run-on"        Checklist ["u"]                      "run what only reads, until the next question",
    SkipStep     "skip"          Checklist ["x"]                      "skip this step, with a reason; again to take that back",
    TickStep     "tick"          Checklist ["Space"]                  "tick what is done by hand, or take the tick away",
    EditStep     "edit-step"     Checklist ["e"]                      "edit a copy of the command, and run that",
    AdHoc        "ad-hoc"        Checklist ["!"]                      "run a command of your own here",
    Output       "output"        Checklist ["o"]                      "all that this line wrote",
    StopStep     "stop-step"     Checklist ["s"]                      "stop what runs here",
    StepTerminal "step-terminal" Checklist ["t"]                      "into the terminal of what runs here",
    HeldSession  "held-session"  Checklist ["Q"]                      "ask the statements of this line over the session that the database pane holds",
    SetValue     "set-value"     Checklist ["v"]                      "give a value of this line anew",
    CloseRun     "close-run"     Checklist ["D"]                      "end this run of the runbook",
    NextStep     "next-step"     Checklist ["]"]                      "the next step",
    PrevStep     "prev-step"     Checklist ["["]                      "the step before",
    Jump         "jump"          Checklist ["J"]                      "go to a step by its number",

    SetAcknowledged "set-acknowledged" Incident ["A"]                 "say that somebody cares for it",
    SetMitigated "set-mitigated" Incident ["M"]                       "say that it no longer hurts",
    SetResolved  "set-resolved"  Incident ["R"]                       "say that it is over",
    CloseIncident "close-incident" Incident ["C"]                     "close it; what is left open is said first",
    ReopenIncident "reopen-incident" Incident ["U"]                   "say that it is not over after all",
    SetSeverity  "set-severity"  Incident ["S"]                       "another severity, on the document's scale",
    SetRole      "set-role"      Incident ["o"]                       "say who does what",
    AddMeasure   "add-measure"   Incident ["m"]                       "something was set for a while",
    EditMeasure  "edit-measure"  Incident ["e"]                       "change what is known of the measure here",
    EndMeasure   "end-measure"   Incident ["x"]                       "the measure here was taken back, or may stay",
    PinLine      "pin-line"      Incident ["p"]                       "pin this line of the time line; again to take that back",
    OnlyPinned   "only-pinned"   Incident ["P"]                       "only pinned lines, or all",
    HandOver     "hand-over"     Incident ["O"]                       "say who has it from now on",
    WriteDown    "write-down"    Incident ["w"]                       "write this page to a file, as Markdown",
    OtherIncident "other-incident" Incident ["]"]                     "go on with another incident that is open",

    Pin          "pin"           Wall     ["p"]                       "stay on this page, or turn on by itself again",
    NextPage     "next-page"     Wall     ["n", "Space"]              "the next page",

    Follow       "follow"        Logs     ["F", "s"]                  "follow the newest line, or pause",
    Find         "find"          Logs     ["/"]                       "search",
    NextHit      "next-hit"      Logs     ["n"]                       "the next hit",
    PrevHit      "prev-hit"      Logs     ["N"]                       "the hit before",
    Include      "include"       Logs     ["&"]                       "show only lines that match",
    Exclude      "exclude"       Logs     ["-"]                       "hide lines that match",
    Context      "context"       Logs     ["x"]                       "lines around a hit",
    NextError    "next-error"    Logs     ["e"]                       "the next error",
    PrevError    "prev-error"    Logs     ["E"]                       "the error before",
    Wrap         "wrap"          Logs     ["w"]                       "wrap long lines",
    Times        "times"         Logs     ["t"]                       "show or hide the time",
    MarkLine     "mark-line"     Logs     ["m"]                       "put a line here to see what comes after",
    Save         "save"          Logs     ["Ctrl-S"]                  "write what is kept to a file",
    Previous     "previous"      Logs     ["p"]                       "logs of the containers before",
    RangeAll     "range-all"     Logs     ["0"]                       "everything that is kept",
    Range1m      "range-1m"      Logs     ["3"]                       "the last minute",
    Range15m     "range-15m"     Logs     ["4"]                       "the last 15 minutes",
    Range1h      "range-1h"      Logs     ["5"]                       "the last hour",
    Range12h     "range-12h"     Logs     ["6"]                       "the last 12 hours",

    Yes          "yes"           Question ["y"]                       "run it",
    No           "no"            Question ["Esc", "n", "q"]           "leave it",
    CopyPlan     "copy-plan"     Question ["c"]                       "copy what would be run",

    Accept       "accept"        Input    ["Enter"]                   "take it",
    Cancel       "cancel"        Input    ["Esc", "Ctrl-C"]           "leave it",
    Complete     "complete"      Input    ["Tab"]                     "complete",
    NextChoice   "next-choice"   Input    ["Down", "Ctrl-N"]          "the next choice",
    PrevChoice   "prev-choice"   Input    ["Up", "Ctrl-P"]            "the choice before",

    Close        "close"         Help     ["Esc", "q", "?", "Enter"]  "close",
}
