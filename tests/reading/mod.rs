//! Reading: documents, commands and what is found in them, part by part.
mod danger;
mod document;
mod facts;
mod fences;
mod golden;
mod hostile;
mod inline;
mod lint;
mod shape;
mod suggest;
mod tools;
