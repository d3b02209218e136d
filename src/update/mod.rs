//! Changes the model.
pub mod logs;
