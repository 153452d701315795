//! `bridged`: two-way text messaging that marketers write themselves.
//!
//! The map, in order of flow. Each room may use those above it, never those below; `tests/layers.rs` holds this.
//!
//! | room | what it is |
//! |---|---|
//! | [`model`] | the nouns: plain data |
//! | [`text`] | what contacts write is understood, what we write is rendered and measured |
//! | [`playbook`] | YAML becomes a [`playbook::Plan`], or faults in the reader's words |
//! | [`engine`] | [`engine::step`]: an event comes in, a new state and effects go out |
//! | [`graph`] | a plan as a picture |
//! | [`store`] | the queue, the state, the ledger: one trait, several stores |
//! | [`twilio`] | client, signature, webhooks, and the pretend Twilio |
//! | [`work`] | the shell: claims from the store, lets the engine decide and Twilio act, commits |
//! | [`http`] | webhooks on the public side, the API on the private side |
//! | [`console`] | the private side's pages for people |
//! | [`config`], [`cli`], [`app`] | settings, commands, and the daemon put together |

pub mod model;

pub mod text;

pub mod playbook;

pub mod engine;
pub mod graph;

pub mod store;
pub mod twilio;

pub mod work;

pub mod http;

pub mod console;

pub mod app;
pub mod cli;
pub mod config;
