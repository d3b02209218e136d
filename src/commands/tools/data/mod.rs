//! The tables: tools, their verbs, and what these mean.
pub(super) mod database;
pub(super) mod docker;
pub(super) mod kube;
pub(super) mod readers;
pub(super) mod web;
pub(super) mod wrappers;
