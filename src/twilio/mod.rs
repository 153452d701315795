//! Everything Twilio: what it sends us, what we send it, and a simulator that answers in its place.
//!
//! | file | what is in it |
//! |---|---|
//! | [`signature`] | is a webhook really Twilio's |
//! | `signing` | what a signature is made over |
//! | [`forms`] | the form of a webhook, read as an inbound text, a status report or a call |
//! | [`status`] | Twilio's names for what became of a message, and which of two reports wins |
//! | [`errors`] | Twilio's error codes as a table: what each means for the message, its sender, the account |
//! | [`create`] | a text to be sent, as the pairs of the form Twilio takes, and how the attempt ended |
//! | [`resources`] | messages and numbers as Twilio lists them, read leniently |
//! | [`client`] | what we ask of Twilio |
//! | `transport` | how a request is made: credentials, deadlines, what a failure proves |
//! | [`limit`] | how many requests may be under way at once |
//! | [`check`] | `bridged twilio check` and the changes of `connect` |
//! | [`twiml`] | the XML answers to webhooks |
//! | [`pretend`] | the simulator |

pub mod check;
pub mod client;
pub mod create;
pub mod errors;
pub mod forms;
pub mod limit;
pub mod pretend;
pub mod resources;
pub mod signature;
mod signing;
pub mod status;
mod transport;
pub mod twiml;

pub use client::{Auth, Client, Settings};
pub use create::{Create, Origin, Outcome};
pub use errors::{Class, classify};
pub use forms::{Form, Webhook};
pub use signature::{Forged, Verifier};
pub use status::Status;
