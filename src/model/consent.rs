//! The consent ledger: who agreed to what or withdrew it, when, and how we know. Append-only.

use serde::{Deserialize, Serialize};

use super::{Phone, Time};

/// What the contact did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// STOP, or Twilio's 21610: nothing may be sent any more.
    OptOut,
    /// START: texts may go out again, marketing too.
    OptIn,
    /// A consent given from outside (import, API, playbook).
    Grant,
    /// A consent taken away from outside.
    Revoke,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsentEntry {
    /// Who.
    pub contact: Phone,
    /// What happened.
    pub act: Act,
    /// Which class it is about; `all` for STOP and START.
    pub class: String,
    /// When.
    pub at: Time,
    /// How we know: `text`, `api`, `import`, `twilio`, or what the caller named.
    pub source: String,
    /// The exact words, the MessageSid or the error code: what would be shown as evidence.
    pub evidence: String,
}
