//! The tables: tools, their verbs, and what these mean.
pub(super) mod automation;
pub(super) mod cloud;
pub(super) mod database;
pub(super) mod develop;
pub(super) mod docker;
pub(super) mod engines;
pub(super) mod files;
pub(super) mod host;
pub(super) mod infra;
pub(super) mod keys;
pub(super) mod kube;
pub(super) mod network;
pub(super) mod readers;
pub(super) mod web;
pub(super) mod wrappers;
