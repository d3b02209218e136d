//! The panes: what each says, made of what the model holds.
pub mod logs;
