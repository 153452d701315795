//! The integration tests: one binary, so that linking happens once.

#![allow(clippy::unwrap_used)]

mod broken;
mod browser;
mod commands;
mod daemon;
mod deploy;
mod docs;
mod faults;
mod fixes;
mod http;
mod kill;
mod language;
mod mistakes;
mod official_clients;
mod readme;
mod redis;
mod rehearse;
mod robust;
mod schema;
mod signatures;
mod store;
mod support;
mod twilio;
