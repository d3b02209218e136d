//! Draws the model.
pub mod logs;
