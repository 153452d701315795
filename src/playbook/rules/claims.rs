//! `duplicate-keyword` and `two-catch-alls`: a text on a sender has one playbook that claims it.

use super::super::fault::{Fault, Span};
use super::super::yaml::Node;
use super::{Checked, Context};
use crate::text::cut;

/// Something a trigger claims.
struct Claim<'a> {
    /// The cut keyword, or the name of a catch-all.
    word: String,
    /// As written.
    written: &'a str,
    /// Where.
    span: Span,
    /// On these senders; none means all.
    to: Vec<&'a str>,
    /// Whose.
    file: &'a Checked<'a>,
}

impl Claim<'_> {
    /// Whether some sender is claimed by both.
    fn meets(&self, other: &Claim<'_>) -> bool {
        self.word == other.word && (self.to.is_empty() || other.to.is_empty() || self.to.iter().any(|name| other.to.contains(name)))
    }
}

/// All triggers of the folder in the order of its files, so that the first claim is the one that stands.
fn triggers<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a Checked<'a>, &'a Node)> {
    context.files.iter().flat_map(|file| file.triggers().iter().map(move |node| (file, node)))
}

/// The senders a trigger is bound to.
fn senders(trigger: &Node) -> Vec<&str> {
    trigger.get("to").map(|to| to.one_or_many().iter().filter_map(Node::text).collect()).unwrap_or_default()
}

/// Keywords are compared as they are cut: `Table please` and `TABLE!` are the same text from a contact.
/// Twice in one playbook is no fault: both start the same thing.
pub(super) fn duplicate_keyword(context: &Context<'_>, faults: &mut Vec<Fault>) {
    let mut claims: Vec<Claim<'_>> = Vec::new();
    for (file, trigger) in triggers(context) {
        for node in trigger.get("keyword").map(Node::one_or_many).unwrap_or_default() {
            let Some(written) = node.text() else { continue };
            let claim = Claim { word: cut(written), written, span: node.span, to: senders(trigger), file };
            let other = |first: &&Claim<'_>| first.meets(&claim) && !std::ptr::eq(first.file, file);
            if let Some(first) = claims.iter().find(other).filter(|_| !claim.word.is_empty()) {
                let name = first.file.name.unwrap_or_default();
                let fault = file.error("duplicate-keyword", node.span, format!("`{}` already starts `{name}`", claim.written));
                faults.push(
                    fault
                        .label("only one playbook can claim this text")
                        .note(format!("the other one is {}:{}", first.file.file.path, first.span.line)),
                );
            }
            claims.push(claim);
        }
    }
}

/// Two in one playbook are a fault as well: the second would never start anything.
pub(super) fn two_catch_alls(context: &Context<'_>, faults: &mut Vec<Fault>) {
    let mut claims: Vec<Claim<'_>> = Vec::new();
    for (file, trigger) in triggers(context) {
        for (key, what) in [("message", "every other message"), ("call", "every call")] {
            let Some(entry) = trigger.entries().first().filter(|_| trigger.get(key).is_some()) else { continue };
            let claim = Claim { word: key.to_owned(), written: what, span: entry.at, to: senders(trigger), file };
            if let Some(first) = claims.iter().find(|first| first.meets(&claim)) {
                let name = first.file.name.unwrap_or_default();
                let fault = file.error("two-catch-alls", entry.at, format!("`{name}` already takes {}", claim.written));
                faults.push(fault.label("would never start anything").note(format!("the other one is {}:{}", first.file.file.path, first.span.line)));
            }
            claims.push(claim);
        }
    }
}
