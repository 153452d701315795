//! The integration tests: one binary, so that linking happens once.

#![allow(clippy::unwrap_used)]

mod browser;
mod commands;
mod daemon;
mod deploy;
mod faults;
mod http;
mod kill;
mod language;
mod official_clients;
mod readme;
mod signatures;
mod store;
mod support;
mod twilio;
