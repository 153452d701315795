//! The nouns: what the engine decides about, what the store keeps and what people read.
//!
//! Plain data with serde and a little arithmetic; nothing here does I/O, reads a clock or knows a playbook.

pub mod broadcast;
pub mod consent;
pub mod contact;
pub mod conversation;
pub mod effect;
pub mod event;
pub mod handoff;
pub mod id;
pub mod message;
pub mod pace;
pub mod sender;
pub mod time;

pub use broadcast::{Audience, BroadcastRow, BroadcastState};
pub use consent::{Act, ConsentEntry};
pub use contact::{Contact, Patch};
pub use conversation::{ConversationRow, ConversationState};
pub use effect::{Call, Content, Link, Outgoing, Payload, Priority, Text};
pub use event::{Event, Happening};
pub use handoff::{HandoffRow, HandoffState};
pub use id::{Actor, BroadcastId, ConversationId, HandoffId, MessageId, Phone, PlanHash};
pub use message::{Direction, Flight, MessageRow, MessageStatus};
pub use sender::{Address, Channel, Class, SenderType};
pub use time::Time;
