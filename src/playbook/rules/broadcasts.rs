//! `missing-audience`, `audience-without-broadcast`, `past-date`: triggers that start a playbook for many.

use jiff::tz::TimeZone;

use super::super::fault::Fault;
use super::super::yaml::Node;
use super::{Checked, Context};
use crate::text::parse_when;

/// The triggers of one file.
fn triggers<'a>(file: &Checked<'a>) -> &'a [Node] {
    file.file.root.get("triggers").map(Node::members).unwrap_or_default()
}

/// Whether a trigger starts the playbook for many at once.
fn is_broadcast(trigger: &Node) -> bool {
    trigger.get("cron").is_some() || trigger.get("at").is_some()
}

/// Everybody is never what is meant; who wants it can say `where: true`.
pub(super) fn missing_audience(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let first = triggers(file).iter().find(|trigger| is_broadcast(trigger)).and_then(|trigger| trigger.entries().first());
    if let Some(entry) = first.filter(|_| file.file.root.get("audience").is_none()) {
        let fault = file.error("missing-audience", entry.at, "a broadcast needs an audience").label("to whom?");
        faults.push(fault.help("add `audience:` with `where` or `list`"));
    }
}

/// Audiences do not filter events, keywords or calls, although it looks as if they did.
pub(super) fn audience_without_broadcast(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let triggers = triggers(file);
    // Without any trigger it is started by the API, where all of this counts.
    if triggers.is_empty() || triggers.iter().any(is_broadcast) {
        return;
    }
    for key in ["audience", "spread_over", "max_rate"] {
        if let Some(entry) = file.file.root.entry(key) {
            let fault = file.warning("audience-without-broadcast", entry.at, "an audience filters only broadcasts");
            faults.push(fault.label("these triggers start it one by one").help("use `where` at the trigger instead"));
        }
    }
}

/// A trigger of `timezone: contact` is compared in the workspace's zone: a day off does not matter for a warning.
pub(super) fn past_date(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for trigger in triggers(file) {
        let named = trigger.get_text("timezone").filter(|name| *name != "contact").and_then(|name| TimeZone::get(name).ok());
        let zone = named.unwrap_or_else(|| context.workspace.timezone.clone());
        for node in ["at", "until"].iter().filter_map(|key| trigger.get(key)) {
            let time = node.text().and_then(|text| parse_when(text, &zone));
            if time.is_some_and(|time| time < context.now) {
                faults.push(file.warning("past-date", node.span, "this time is over").label("would start nothing any more"));
            }
        }
    }
}
