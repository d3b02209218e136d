//! The reasons why a rollout does not move, each as a sentence.
use std::fmt;

use super::progress::plural;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Unseen,
    Paused,
    Quota {
        name: String,
        detail: String,
    },
    NotCreated(String),
    Image {
        image: String,
        reason: String,
        message: String,
    },
    /// What ended it: `OOMKilled 137`.
    Crash {
        pods: u32,
        container: String,
        ended: String,
    },
    Config {
        container: String,
        message: String,
    },
    NoNode {
        pods: u32,
        message: String,
    },
    DeadNodes {
        pods: u32,
        nodes: Vec<String>,
        evicted: Eviction,
    },
    Volume(String),
    Probe(String),
    Deadline(Option<u32>),
}

/// When pods on a dead node are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    In {
        seconds: u64,
        about: bool,
    },
    /// It was asked for, and only the dead node could confirm it.
    Waits,
}

impl Cause {
    /// It will not go away by waiting.
    pub fn is_lasting(&self) -> bool {
        matches!(
            self,
            Cause::Paused
                | Cause::Image { .. }
                | Cause::Crash { .. }
                | Cause::Config { .. }
                | Cause::Deadline(_)
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Unseen => out.write_str("the controller has not seen the change yet"),
            Cause::Paused => out.write_str("paused: nothing moves until it is resumed"),
            Cause::Quota { name, detail } => write!(out, "quota `{name}` is used up: {detail}"),
            Cause::NotCreated(why) => write!(out, "pods cannot be created: {why}"),
            Cause::Image { image, reason, message } if message.is_empty() => {
                write!(out, "image `{image}` cannot be pulled ({reason})")
            }
            Cause::Image { image, reason, message } => {
                write!(out, "image `{image}` cannot be pulled ({reason}): {message}")
            }
            Cause::Crash { pods, container, ended } => {
                write!(
                    out,
                    "{pods} new {} in `{container}`: {ended}",
                    plural(*pods, "pod crashes", "pods crash")
                )
            }
            Cause::Config { container, message } => write!(out, "`{container}` cannot be set up: {message}"),
            Cause::NoNode { pods, message } => {
                write!(out, "no node fits {pods} {}: {message}", plural(*pods, "pod", "pods"))
            }
            Cause::DeadNodes { pods, nodes, evicted } => dead_nodes(out, *pods, nodes, *evicted),
            Cause::Volume(why) => write!(out, "a volume cannot be mounted: {why}"),
            Cause::Probe(why) => write!(out, "a readiness probe fails: {why}"),
            Cause::Deadline(Some(seconds)) => write!(out, "the deadline of {seconds} s passed"),
            Cause::Deadline(None) => out.write_str("the deadline passed"),
        }
    }
}

fn dead_nodes(out: &mut fmt::Formatter<'_>, pods: u32, nodes: &[String], evicted: Eviction) -> fmt::Result {
    let (word, they) = if pods == 1 { ("pod waits", "it is") } else { ("pods wait", "they are") };
    let which = plural(u32::try_from(nodes.len()).unwrap_or(2), "node", "nodes");
    write!(out, "{pods} {word} for dead {which} {}; ", nodes.join(", "))?;
    match evicted {
        Eviction::In { seconds, about } => {
            write!(out, "{they} evicted in {}{seconds} s", if about { "about " } else { "" })
        }
        Eviction::Waits => write!(out, "{they} gone only when the node is back or by force"),
    }
}
