//! `maybe-empty`: a field that many contacts lack, printed bare.

use std::collections::BTreeSet;

use super::super::compile::Compiled;
use super::super::fault::Fault;
use super::super::flow;
use super::super::pieces::{self, Piece};
use super::variables::names_of;
use super::{Checked, Context};

/// Built-in fields that many contacts lack.
const OFTEN_EMPTY: [&str; 4] = ["first_name", "last_name", "name", "email"];

/// So much of a text shows what an empty name does to it, in characters.
const SAMPLE: usize = 12;

/// Fields that imports and events often lack, printed bare. What a question before saved on every way is there, and a text that
/// asks for the field with `if` or `default` has thought of it. Learned fields are not looked at: who saves them knows when.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, origins }) = &file.compiled else { return };
    let known = flow::surely_set(plan);
    let known_at = |piece: &Piece<'_>| -> Option<&BTreeSet<String>> {
        let sent = origins.iter().position(|origin| origin.text.is_some_and(|text| std::ptr::eq(text, piece.leaf.node)));
        let step = || {
            let step = file.reading.steps.get(piece.leaf.step?)?;
            origins.iter().position(|origin| std::ptr::eq(origin.node, step.node))
        };
        known.get(sent.or_else(step)?)?.as_ref()
    };
    for piece in pieces::of_file(context, file).iter().filter(|piece| piece.is_for_contact()) {
        let names = names_of(piece);
        for name in &names {
            let Some(field) = name.path.strip_prefix("contact.") else { continue };
            let may_lack = OFTEN_EMPTY.contains(&field) || context.workspace.contact_fields.contains_key(field);
            // A text that asks for the field anywhere has thought of it.
            let asks = names.iter().any(|other| other.path == name.path && other.guarded);
            if !may_lack || asks || known_at(piece).is_some_and(|set| set.contains(&name.path)) {
                continue;
            }
            let span = piece.part(name.range.clone());
            let message = format!("`{}` may be empty: \"{}\"", name.path, sample(piece.text, &name.range));
            let fault = piece.warning("maybe-empty", span, message).label("many contacts lack it");
            faults.push(fault.help(format!("say what is sent then, like `{{{{ {} | default('there') }}}}`", name.path)));
        }
    }
}

/// The text around a name as it reads without it.
fn sample(text: &str, name: &std::ops::Range<usize>) -> String {
    let before = text.get(..name.start).and_then(|before| before.rfind("{{").and_then(|open| before.get(..open))).unwrap_or_default();
    let after = text.get(name.end..).and_then(|after| after.find("}}").and_then(|close| after.get(close + 2..))).unwrap_or_default();
    let skip = before.chars().count().saturating_sub(SAMPLE);
    let start: String = before.chars().skip(skip).collect();
    // Half a word would look like a mistake of its own.
    let start = if skip == 0 { start.as_str() } else { start.split_once(' ').map_or(start.as_str(), |(_, words)| words) };
    let start = start.rsplit(['}', '\n']).next().unwrap_or_default().trim_start();
    let end: String = after.chars().take_while(|c| !c.is_whitespace() && *c != '{').take(SAMPLE).collect();
    format!("{start}{end}")
}
