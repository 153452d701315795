//! What integration tests share: the real binary in a folder of its own, against a pretend Twilio in this process.

pub mod daemon;
pub mod redis;
