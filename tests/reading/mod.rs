//! Reading: documents, commands and what is found in them, part by part.
mod document;
mod fences;
mod golden;
mod hostile;
mod inline;
mod lint;
mod shape;
mod suggest;
mod tools;
