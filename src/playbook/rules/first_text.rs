//! `no-opt-out-in-first-marketing-message`, `no-brand-in-first-marketing-message`, `whatsapp-needs-template`: what law and carriers ask
//! of the first text.

use super::super::compile::Compiled;
use super::super::fault::Fault;
use super::super::flow;
use super::super::pieces::{self, Piece};
use super::super::plan::{Ix, Plan, Send, TriggerKind, Verb};
use super::super::yaml::Node;
use super::variables::names_of;
use super::{Checked, Context};
use crate::model::{Class, SenderType};
use crate::text::reserved::{Reserved, reserved};
use crate::text::words::words;

/// A text that may be the first of a conversation.
struct First<'a> {
    /// The file it stands in.
    file: &'a Checked<'a>,
    /// The text.
    node: &'a Node,
    /// Its settings; a hand-off's `say` has none.
    send: Option<&'a Send>,
}

/// Collects what a conversation may begin with, then asks law and WhatsApp about each. A sub-playbook is looked at through those
/// that run it: their class counts.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, .. }) = &file.compiled else { return };
    // One that others run and nothing starts is judged where it is run.
    let is_run = file.name.is_some_and(|name| context.files.iter().any(|other| other.runs.contains(&name)));
    if plan.triggers.is_empty() && plan.audience.is_none() && is_run {
        return;
    }
    let mut found = Vec::new();
    if let Some(own) = file.name.and_then(|name| context.playbook(name)) {
        first_texts(context, own, flow::target(&plan.start), &mut Vec::new(), &mut found);
    }
    let is_broadcast = plan.triggers.iter().any(|trigger| matches!(trigger.kind, TriggerKind::Cron { .. } | TriggerKind::At { .. }));
    for first in &found {
        let class = first.send.and_then(|send| send.class).unwrap_or(plan.class);
        if class == Class::Marketing || is_broadcast {
            law(context, first, faults);
        }
        whatsapp(context, plan, first, faults);
    }
}

/// Collects the first texts from a step on; true if the end can be reached without any.
fn first_texts<'a>(
    context: &Context<'a>,
    file: &'a Checked<'a>,
    from: Option<Ix>,
    seen: &mut Vec<(*const Checked<'a>, Ix)>,
    found: &mut Vec<First<'a>>,
) -> bool {
    let (Some(ix), Some(Compiled { plan, origins })) = (from, &file.compiled) else { return true };
    let key = (std::ptr::from_ref(file), ix);
    if seen.contains(&key) {
        return false;
    }
    seen.push(key);
    let (Some(step), Some(origin)) = (plan.steps.get(ix), origins.get(ix)) else { return true };
    let send = match &step.verb {
        Verb::Send(send) => Some(Some(send)),
        Verb::Question(question) => question.send.as_ref().map(Some),
        Verb::Handoff(handoff) => handoff.say.as_ref().map(|_| None),
        _ => None,
    };
    if let (Some(send), Some(node)) = (send, origin.text) {
        found.push(First { file, node, send });
        // Passed over when its `if` is false: then the next text is the first.
        return step.cond.is_some() && first_texts(context, file, flow::target(&step.next), seen, found);
    }
    if let Verb::Run(run) = &step.verb
        && let Some(sub) = context.playbook(&run.playbook)
        && let Some(start) = sub.compiled.as_ref().map(|compiled| flow::target(&compiled.plan.start))
        && !first_texts(context, sub, start, seen, found)
        && step.cond.is_none()
    {
        return false;
    }
    let mut ends = matches!(step.verb, Verb::End(_));
    for edge in flow::edges(plan, ix) {
        ends |= first_texts(context, file, flow::target(edge.to), seen, found);
    }
    ends
}

/// The first text says who writes and how to stop, in each of its languages.
fn law(context: &Context<'_>, first: &First<'_>, faults: &mut Vec<Fault>) {
    let Some(rules) = context.workspace.class(Class::Marketing) else { return };
    let opts_out = |word: &str| reserved(word, &context.workspace.reserved) == Some(Reserved::Stop);
    let says_stop = |piece: &Piece<'_>| {
        let words = words(piece.text);
        words.iter().any(|word| opts_out(word)) || words.windows(2).any(|pair| opts_out(&pair.join(" ")))
    };
    let brand = context.workspace.brand.to_lowercase();
    let says_who = |piece: &Piece<'_>| names_of(piece).iter().any(|name| name.path == "brand") || piece.text.to_lowercase().contains(&brand);
    for piece in pieces::of_text(context, first.file.file, first.node) {
        if rules.first_needs_opt_out && !says_stop(&piece) {
            let fault = piece.error("no-opt-out-in-first-marketing-message", piece.span(), "the first marketing text does not say how to stop");
            faults.push(fault.label("carriers block such texts").help("end it with `STOP to opt out`"));
        }
        if rules.first_needs_brand && !says_who(&piece) {
            let fault = piece.error("no-brand-in-first-marketing-message", piece.span(), "the first marketing text does not say who writes");
            faults.push(fault.label("carriers block such texts").help("begin it with `{{ brand }}:`"));
        }
    }
}

/// WhatsApp takes free text only within 24 h of the contact's own.
fn whatsapp(context: &Context<'_>, plan: &Plan, first: &First<'_>, faults: &mut Vec<Fault>) {
    let by_us =
        |kind: &TriggerKind| matches!(kind, TriggerKind::Event { .. } | TriggerKind::Tagged(_) | TriggerKind::Cron { .. } | TriggerKind::At { .. });
    if !plan.triggers.is_empty() && !plan.triggers.iter().any(|trigger| by_us(&trigger.kind)) {
        return;
    }
    let name = first.send.and_then(|send| send.from.as_deref()).or(plan.from.as_deref());
    let is_whatsapp = context.workspace.sender(name).is_some_and(|sender| sender.kind == SenderType::Whatsapp);
    if is_whatsapp && first.send.is_none_or(|send| send.template.is_none()) {
        let fault = Fault::error(first.file.file.path, "whatsapp-needs-template", first.node.span, "the first WhatsApp text needs a template");
        faults.push(
            fault.label("WhatsApp takes no free text from us before the contact writes").help("add `template:` with the SID of an approved one"),
        );
    }
}
