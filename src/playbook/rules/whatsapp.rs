//! `whatsapp-needs-template`, the warning: a text behind a silence of a day or more.
//!
//! The error, for the first text of a conversation, is found by `first_text`, which knows where conversations begin.

use std::collections::BTreeSet;

use super::super::compile::Compiled;
use super::super::fault::Fault;
use super::super::flow::{self, Edge, Way};
use super::super::plan::{Ix, Plan, Verb};
use super::{Checked, Context};
use crate::model::SenderType;
use crate::text::Length;

/// So long after the contact's text WhatsApp takes free text.
const WINDOW_SECONDS: u64 = 24 * 3600;

/// Follows the ways with one thing in mind: whether the contact may have been silent for a day. The window is counted at run time
/// from the contact's real text; here a single long clock is enough to warn.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, origins }) = &file.compiled else { return };
    for ix in silent_steps(plan) {
        let (Some(step), Some(origin)) = (plan.steps.get(ix), origins.get(ix)) else { continue };
        let send = match &step.verb {
            Verb::Send(send) => send,
            Verb::Question(question) => match &question.send {
                Some(send) => send,
                None => continue,
            },
            _ => continue,
        };
        let sender = context.workspace.sender(send.from.as_deref().or(plan.from.as_deref()));
        if send.template.is_none() && sender.is_some_and(|sender| sender.kind == SenderType::Whatsapp) {
            let span = origin.text.map_or(origin.at, |text| text.span);
            let fault = file.warning("whatsapp-needs-template", span, "a WhatsApp text after 24 hours of silence needs a template");
            faults.push(
                fault.label("would be refused if the contact has not written meanwhile").help("add `template:` with the SID of an approved one"),
            );
        }
    }
}

/// The steps that some way leads to after a long silence.
fn silent_steps(plan: &Plan) -> BTreeSet<Ix> {
    let mut seen: BTreeSet<(Ix, bool)> = BTreeSet::new();
    let mut open: Vec<(Ix, bool)> = flow::target(&plan.start).map(|ix| (ix, false)).into_iter().collect();
    while let Some((ix, silent)) = open.pop() {
        if !seen.insert((ix, silent)) {
            continue;
        }
        for edge in flow::edges(plan, ix) {
            // An answer, or an agent who closes the talk, opens the window again.
            let heard = matches!(edge.way, Way::Answer | Way::Other | Way::Person);
            let next = !heard && (silent || is_long(plan, ix, edge));
            open.extend(flow::target(edge.to).map(|to| (to, next)));
        }
    }
    seen.into_iter().filter(|(_, silent)| *silent).map(|(ix, _)| ix).collect()
}

/// Whether the way is a clock of a day or more.
fn is_long(plan: &Plan, ix: Ix, edge: Edge<'_>) -> bool {
    let long = |length: &Length| length.days > 0 || length.seconds >= WINDOW_SECONDS;
    edge.way == Way::Time
        && plan.steps.get(ix).is_some_and(|step| match &step.verb {
            Verb::Wait(length) => long(length),
            Verb::Question(question) => long(&question.timeout),
            Verb::WaitFor(wait) => long(&wait.timeout),
            Verb::Handoff(handoff) => long(&handoff.timeout),
            _ => false,
        })
}
