//! `past-date`: a trigger whose time is over.

use jiff::tz::TimeZone;

use super::super::fault::Fault;
use super::{Checked, Context};
use crate::text::parse_when;

/// A trigger of `timezone: contact` is compared in the workspace's zone: a day off does not matter for a warning.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for trigger in file.triggers() {
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
