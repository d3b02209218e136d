//! firedeck: a terminal incident cockpit. This page is its architecture document.
//!
//! # Layers
//!
//! Imports point strictly down; siblings never import each other; `tests/layers.rs` reads every file and
//! says where that is broken. *Pure* means: no clock, no files, no environment, no network, no terminal, so that
//! everything a pure layer does can be replayed by a test in under a millisecond.
//!
//! | layer | what it is | pure |
//! |---|---|---|
//! | `main`, [`cli`] | flags, sub-commands, exit codes | |
//! | [`app`] | the terminal, tasks, the clock, performing effects, the loop | |
//! | [`update`] and [`view`] | change the model; draw the model | yes |
//! | [`panes`] | what each pane says, where it stands, what it can do | yes |
//! | [`model`] | everything the screen can show; [`model::msg`] is all that goes in and comes out | yes |
//! | [`world`] | the embedded backends of the demo; only [`app`] and [`cli`] know it | |
//! | [`config`], [`sources`], [`tools`], [`store`] | the hands: files, backends, what runs, the journal | |
//! | [`runbook`] | documents, runbooks, their steps; finding them, mending them | yes |
//! | [`commands`], [`incident`] | what a command means; the events of the journal | yes |
//! | [`domain`] | plain facts, settings, limits, approval | yes |
//! | [`tls`] | how a certificate is judged, for the hands | |
//! | [`defect`] | what a panic costs: the part that it is in, also where nothing unwinds | |
//!
//! Data flows one way:
//!
//! ```text
//! keys ────────┐
//! sources ─────┤→ Msg (bounded, batched) → update(&mut Model, Msg) → Vec<Effect> → app performs them
//! executions ──┤                  │
//! clock ───────┘                  └→ visible change? → view::draw(&Model)
//! ```
//!
//! Keys draw at once. Feeds draw at most ten times a second, and only when what changed is visible. A screen on
//! which nothing changes gets no bytes.
//!
//! # Three walks
//!
//! **A pod starts crashing.** The API server sends one changed object down the watch that
//! [`sources::kubernetes`] holds. It is read straight into a small [`domain::pod::Pod`] with shared strings, and
//! sent with whatever else arrived as [`domain::news::News::Pods`] through a bounded channel. The loop in [`app`]
//! wraps the batch in a message; [`update`] ranks the pod, puts it into its place in a
//! [`model::listing::Listing`] with one binary search, keeps the selection, which is an identity, and marks the
//! screen as out of date only if the row, or a number in a title, can be seen. At the next beat [`view`] asks
//! [`panes`] for the rows of the window, and no others, and paints them; the terminal gets the cells that differ.
//! If the watch breaks instead, [`sources::supervise`] says so, the last good rows stay, and the title says why,
//! since when and when it is tried next.
//!
//! **`u` on a deployment whose new release crashes.** The keymap turns the key into an action,
//! `update::plan` into a plan, and [`domain::approval`] into a question; nothing runs. The effect
//! [`model::msg::Effect::Look`] makes [`sources::kubernetes`] find out, read-only and within two seconds, what the
//! plan would hit, whether we may, and who would fight it. The question is drawn with the answers; when the
//! terminal has taken the bytes, [`model::msg::Msg::Shown`] says so. Only a `y` that comes alone, and a third of
//! a second after that, makes an [`domain::approval::Approved`], which cannot be copied or built in any other way.
//! The effect that carries it is recorded in the journal, on disk, before the request is sent; the request
//! carries the identity and generation that were shown, so the server refuses when they no longer hold. What
//! became of it is watched until it has settled, and recorded again.
//!
//! **A Markdown file becomes a catalogue.** [`sources::documents`] finds the file, makes text of its bytes whatever
//! they are, and gives it to [`runbook::catalogue`]. There [`runbook::document`] cuts it into blocks, and no fence
//! that is left open hides what follows it. Headings, labels and lists become runbooks and steps; each fence goes to
//! [`commands::shell`], which parses it, never guesses at it, and walks everything that would run: the parts of a
//! pipe, substitutions, what stands behind `sudo`, `ssh`, `kubectl exec … --`. [`commands::tools`] says of each call
//! what it does, by tables that the settings extend; the highest risk of the parts is the statement's, and what is
//! not known is `change`. [`runbook::placeholder`] finds the values that have to be filled in, [`runbook::facts`]
//! the scales, contacts and limits around the runbooks. The catalogue is what [`runbook::suggest`] ranks for an
//! alert, what [`runbook::lint`] mends and what `firedeck runbooks` shows. When the file changes, it alone is read
//! again.
//!
//! # A pane and its backend
//!
//! Kinds live in realms: a cluster's, and one each for containers, alerts, databases, Redis, vitals and changes.
//! Whatever its realm, a thing has an [`domain::object::ObjectRef`], stands in a [`model::listing::Listing`] and is
//! filtered, sorted, marked, opened and asked about by the same code. A realm adds what is its own: its facts and
//! verdicts in [`domain`], a source that polls or follows its servers and performs its deeds
//! ([`sources::backend`]), its columns, cells, lamp and the lines above its table ([`panes::tables`]), and from a key
//! to a plan ([`update::realms`]). The overview, the wall, the doctor and the time line are made of these parts and
//! know no realm by name; only the time line has a few words for each in [`update::changes`].
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | feed | one stream of facts with a fate of its own: the pods of a context, its metrics, the log |
//! | look | finding out, read-only, what a plan would hit |
//! | plan, question, approved | what would be done; what the screen asks; what was agreed to |
//! | tier | how much is asked: read, change, danger |
//! | deed | an approved action and what became of it |
//! | level | how bad something is; also its sign and its colour |
//! | realm | where kinds live: a cluster, or the servers of one sort |
//! | place | what a connected server says of itself: address, version, who we are there, what is not seen |
//! | change | one line of the time line: what happened to a thing, and when |
//! | role | what a piece of text means; themes turn roles into colours |
//! | profile | one system: where it is, what watches it, its limits |
//! | source | a task that talks to one backend and says news |
//! | document | one file of a team's Markdown; the catalogue is all of them |
//! | runbook, step | what is done about one thing; one part of it, with its commands or done by hand |
//! | statement | one logical command of a script, with its lines: continuations and here-documents belong to it |
//! | risk | `read` changes nothing, `change` is limited or reversible, `danger` destroys; never read too low |
//! | placeholder | a value that has to be filled in before a command can run |
//! | vital | a fact worth watching, with its limits and the line of the document that names it |
//! | fact | a table or list that other parts use: severities, contacts, limits |
//! | finding | what an author should mend, with its line and the remedy |
//! | incident | something is wrong and is worked on; its journal gets everything that is recorded meanwhile |
//! | measure | what was set for a while and has to be taken back: value before, way back, owner, due time |
//! | runner | a process of its own that owns one session; it outlives the cockpit |
//! | world | the embedded backends of `firedeck demo`, over one state that one clock moves |
//! | scenario | what goes wrong in the world, what it comes to by what is done, and what was right to do |
//! | tape | what happened in the world and what was done to it, for the debrief of a drill |
//! | session | one shell for the statements of a fence, with its terminal and its output |
#[cfg(all(small, panic = "unwind"))]
compile_error!(
    "what is built with `opt-level = \"z\"` carries no tables for unwinding: it needs `panic = \"abort\"`"
);

pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod defect;
pub mod domain;
pub mod incident;
pub mod model;
pub mod panes;
pub mod runbook;
pub mod sources;
pub mod store;
pub mod tls;
pub mod tools;
pub mod update;
pub mod view;
pub mod world;
