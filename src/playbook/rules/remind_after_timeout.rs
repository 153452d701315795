//! `remind-after-timeout`: a reminder that comes when the question is over.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::fault::Fault;
use super::super::yaml::Node;
use super::{Checked, Context};
use crate::text::Length;

/// A length as seconds, days of 24 hours: enough to tell which comes first.
fn seconds(node: Option<&Node>) -> Option<i64> {
    let length = Length::parse(node?.text()?)?;
    Some(length.after(Timestamp::UNIX_EPOCH, &TimeZone::UTC).as_second())
}

/// Both clocks start with the question, so the shorter one wins.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for step in &file.reading.steps {
        let clock = if step.verb.name == "listen" { Some(&step.entry.value) } else { step.node.get("timeout") };
        let Some((clock, timeout)) = clock.zip(seconds(clock)) else { continue };
        for reminder in step.node.get("remind").map(Node::members).unwrap_or_default() {
            let Some(node) = reminder.get("after") else { continue };
            if seconds(Some(node)).is_some_and(|after| after >= timeout) {
                let fault = file.warning("remind-after-timeout", node.span, "this reminder comes after the time-out");
                faults.push(fault.label("is never sent").second(clock.span, "the question is over then"));
            }
        }
    }
}
