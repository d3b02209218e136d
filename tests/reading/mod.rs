//! Reading: documents, commands and what is found in them, part by part.
mod document;
mod fences;
mod hostile;
mod inline;
mod shape;
mod tools;
