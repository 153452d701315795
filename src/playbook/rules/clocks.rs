//! `remind-after-timeout`, `sla-without-on-sla`, `if-past-nothing-follows`: clocks that do less than they seem to.

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
pub(super) fn remind_after_timeout(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
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

/// The queue has an `sla` of its own; a step's seems to promise more than it does.
pub(super) fn sla_without_on_sla(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for step in &file.reading.steps {
        if let Some(entry) = step.node.entry("sla").filter(|_| step.node.get("on_sla").is_none()) {
            let fault = file.warning("sla-without-on-sla", entry.at, "`sla` here changes only the alarm");
            faults.push(fault.label("the contact hears nothing").help("add `on_sla:` with a `say`, or leave the queue's `sla`"));
        }
    }
}

/// `skip` is the default, and the reader may not know that it passes over a step.
pub(super) fn if_past_nothing_follows(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for (ix, step) in file.reading.steps.iter().enumerate() {
        let skips = step.verb.name == "wait_until" && matches!(step.node.get_text("if_past"), None | Some("skip"));
        let follows = file.reading.steps.iter().skip(ix + 1).any(|other| other.list == step.list);
        if skips && !follows {
            let fault = file.warning("if-past-nothing-follows", step.entry.at, "`skip` passes over the next step, and there is none");
            faults.push(fault.label("the last step of its list").help("write `if_past: run` or `if_past: end`"));
        }
    }
}
