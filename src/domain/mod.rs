//! Plain facts about the systems being watched, and the words the whole program shares.
pub mod action;
pub mod alert;
pub mod approval;
pub mod change;
pub mod container;
pub mod database;
pub mod exercise;
pub mod feed;
pub mod known;
pub mod level;
pub mod log;
pub mod news;
pub mod object;
pub mod pod;
pub mod quantity;
pub mod redis;
pub mod rollout;
pub mod secret;
pub mod settings;
pub mod shell;
pub mod text;
pub mod time;
pub mod vital;

use std::sync::Arc;

/// A short string that many rows share; sources intern it.
pub type Text = Arc<str>;
