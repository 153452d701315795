//! Names of things, each its own type so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name(text.to_owned())
            }
        }
    };
}

id!(/// A contact's E.164 number, without any channel prefix: the one name of a person.
    Phone);
id!(/// One contact's way through one plan: `CONTACT_NUMBER-COUNT`, made by the engine without chance.
    ConversationId);
id!(/// One outgoing text or call; it stands in our `StatusCallback` and names the text for good.
    MessageId);
id!(/// One opened hand-off.
    HandoffId);
id!(/// A broadcast, named by whoever starts it.
    BroadcastId);
id!(/// The content hash of a compiled playbook: its YAML, its texts from files and its sub-playbooks.
    PlanHash);

/// Whatever has an inbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person; moved by `engine::step`.
    Contact(Phone),
    /// A playbook started for an audience; moved by `work::broadcasts`.
    Broadcast(BroadcastId),
    /// One `cron` or `at` trigger (`PLAYBOOK/NUMBER`); moved by `work::schedules`.
    Schedule(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Contact(phone) => write!(f, "c:{phone}"),
            Actor::Broadcast(id) => write!(f, "b:{id}"),
            Actor::Schedule(name) => write!(f, "s:{name}"),
        }
    }
}

impl Actor {
    /// Reads what `Display` writes, the form in which stores keep an actor's name.
    pub fn parse(text: &str) -> Option<Actor> {
        let (kind, name) = text.split_once(':')?;
        match kind {
            "c" => Some(Actor::Contact(Phone(name.to_owned()))),
            "b" => Some(Actor::Broadcast(BroadcastId(name.to_owned()))),
            "s" => Some(Actor::Schedule(name.to_owned())),
            _ => None,
        }
    }
}
