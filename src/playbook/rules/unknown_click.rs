//! `unknown-step` for `clicked('id')`: a question about a step that sends nothing.

use std::collections::BTreeSet;

use super::super::compile::Compiled;
use super::super::fault::Fault;
use super::super::pieces::{self, Piece};
use super::super::plan::Plan;
use super::{Checked, Context};
use crate::text::{Expr, Template};

/// Links are known by their step and by the splits around it. A conversation carries its clicks through sub-playbooks, so the ids of
/// those it runs, and of those that run it, count as well.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let mut known = BTreeSet::new();
    let callers = context.files.iter().filter(|other| file.name.is_some_and(|name| other.runs.contains(&name)));
    for Compiled { plan, .. } in callers.chain([file]).filter_map(|file| file.compiled.as_ref()) {
        marks(plan, &mut known);
    }
    for piece in pieces::of_file(context, file) {
        for id in clicked(&piece).iter().filter(|id| !known.contains(id.as_str())) {
            let Some(at) = place(piece.text, id) else { continue };
            let fault = piece.error("unknown-step", piece.part(at..at + id.len()), format!("there is no text or split named `{id}`"));
            faults.push(fault.label("no link of it can be opened").guess(id, known.iter().map(String::as_str)));
        }
    }
}

/// The ids of all texts of a plan, and of the splits around them.
fn marks(plan: &Plan, known: &mut BTreeSet<String>) {
    known.extend(plan.steps.iter().filter(|step| step.said || step.verb.sends()).flat_map(|step| step.marks.iter().cloned()));
    plan.runs.values().for_each(|run| marks(run, known));
}

/// The ids a piece asks about.
fn clicked(piece: &Piece<'_>) -> Vec<String> {
    if !piece.text.contains("clicked") {
        return Vec::new();
    }
    if piece.is_expression() {
        Expr::parse(piece.text).map(|expr| expr.clicked_steps().to_vec()).unwrap_or_default()
    } else {
        Template::parse(piece.text).map(|template| template.clicked_steps().to_vec()).unwrap_or_default()
    }
}

/// Where the id of a `clicked` stands.
fn place(text: &str, id: &str) -> Option<usize> {
    let is_asked =
        |at: &usize| text.get(..*at).and_then(|before| before.strip_suffix(['\'', '"'])).is_some_and(|before| before.trim_end().ends_with('('));
    text.match_indices(id).map(|(at, _)| at).find(is_asked)
}
