//! `slow-broadcast`: more contacts than their sender reaches while its window is open.

use super::super::compile::Compiled;
use super::super::fault::Fault;
use super::{Checked, Context, is_broadcast};
use crate::text::OpenHours;

const DAY_SECONDS: u32 = 24 * 3600;

/// How many contacts there are is only known to a running daemon (`bridged plan` asks it, and says the same); here the `limit` of the
/// audience says how many there may be. Each costs one segment at least, so the real broadcast is no faster than this.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, .. }) = &file.compiled else { return };
    let Some(limit) = plan.audience.as_ref().and_then(|audience| audience.written.limit) else { return };
    let Some(trigger) = file.triggers().iter().find(|trigger| is_broadcast(trigger)).and_then(|trigger| trigger.entries().first()) else { return };
    let Some(sender) = context.workspace.sender(plan.from.as_deref()) else { return };
    let of_sender = context.workspace.speed(sender);
    let per_second = plan.max_rate.map_or(of_sender, |rate| rate.per_second.min(of_sender));
    let Some(message) = told(limit, per_second, &context.workspace.hours(plan.class, &plan.hours)) else { return };
    let mut fault = file.warning("slow-broadcast", trigger.at, message).label("the last ones get it on another day");
    if let Some(limit) = file.file.root.get("audience").and_then(|audience| audience.get("limit")).map(|node| node.span) {
        fault = fault.second(limit, "so many contacts at most");
    }
    faults.push(fault.help("send from a faster sender or a pool of numbers, widen the window, or lower `limit`"));
}

/// What is said of contacts that take longer than the window of a day is open; nothing where it suffices.
pub fn told(contacts: u64, per_second: f64, hours: &OpenHours) -> Option<String> {
    let window = f64::from(hours.window.map_or(DAY_SECONDS, |window| window.seconds()));
    #[expect(clippy::cast_precision_loss, reason = "hours with one decimal")]
    let needs = contacts as f64 / per_second;
    let words =
        || format!("{} contacts at {} take {} hours, the window has {}", thousands(contacts), pace(per_second), as_hours(needs), as_hours(window));
    (needs > window).then(words)
}

/// `40,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1 a second`, `0.5 a second` as `30 a minute`.
fn pace(per_second: f64) -> String {
    if per_second < 1.0 { format!("{} a minute", decimal(per_second * 60.0)) } else { format!("{} a second", decimal(per_second)) }
}

/// `11`, `11.1`.
fn as_hours(seconds: f64) -> String {
    decimal(seconds / 3600.0)
}

/// One decimal where there is one.
fn decimal(number: f64) -> String {
    let shown = format!("{number:.1}");
    shown.strip_suffix(".0").map_or_else(|| shown.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!((thousands(999), thousands(40_000), thousands(1_234_567)), ("999".into(), "40,000".into(), "1,234,567".into()));
        assert_eq!((pace(1.0), pace(0.5), pace(2.25)), ("1 a second".into(), "30 a minute".into(), "2.2 a second".into()));
        assert_eq!((as_hours(39_600.0), as_hours(40_000.0)), ("11".into(), "11.1".into()));
    }
}
