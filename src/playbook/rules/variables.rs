//! `unknown-variable`, `secret-in-text`, `unknown-secret`: names in templates that can never have a value, or must not be told.

use super::super::fault::{Fault, Span};
use super::super::pieces::{self, Piece};
use super::super::scope::bare_names;
use super::{Checked, Context};
use crate::text::template::Name;
use crate::text::{Expr, Template};

/// Names that are there everywhere.
const EVERYWHERE: [&str; 7] = ["brand", "now", "contact", "reply", "tries", "queue", "transcript"];
/// What `reply` has.
const REPLY: [&str; 4] = ["text", "value", "media", "button"];
/// What `queue` has.
const QUEUE: [&str; 3] = ["name", "open", "opens_at"];
/// Keys of `http` where a secret may stand.
const SECRET_KEYS: [&str; 4] = ["http", "headers", "json", "form"];
/// Guesses and lists of names stay readable up to this.
const MAX_SHOWN: usize = 12;

/// The outside names of a piece; none if it can't be read, which is reported elsewhere.
pub(super) fn names_of(piece: &Piece<'_>) -> Vec<Name> {
    if piece.is_expression() {
        Expr::parse(piece.text).map(|expr| expr.names().to_vec()).unwrap_or_default()
    } else {
        Template::parse(piece.text).map(|template| template.names().to_vec()).unwrap_or_default()
    }
}

/// Looks at each name once. What is known depends on the file (its bare names), the folder (fields, callers) and the settings
/// (secrets); whether it has a value at that moment is asked by `used-before-set` and `maybe-empty`.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let bare = bare_names(file);
    let has_event = gets_event(context, file, &mut Vec::new());
    for piece in pieces::of_file(context, file) {
        for name in names_of(&piece) {
            let mut parts = name.path.split('.');
            let first = parts.next().unwrap_or_default();
            let second = parts.next();
            let span = piece.part(name.range.clone());
            match (first, second) {
                ("secret", _) => faults.extend(secret(context, file, &piece, span, second)),
                // A file that could not be read may set the field, or run this playbook.
                ("contact" | "event", _) if !context.unread.is_empty() => {}
                ("contact", Some(field)) if !context.fields.contains(field) => {
                    let known = context.fields.iter().map(|field| format!("contact.{field}")).collect();
                    faults.push(unknown(&piece, span, &format!("contact.{field}"), known));
                }
                ("reply", Some(field)) if !REPLY.contains(&field) => {
                    faults.push(unknown(&piece, span, &name.path, REPLY.map(|field| format!("reply.{field}")).to_vec()));
                }
                ("queue", Some(field)) if !QUEUE.contains(&field) => {
                    faults.push(unknown(&piece, span, &name.path, QUEUE.map(|field| format!("queue.{field}")).to_vec()));
                }
                ("event", _) if !has_event && !sees_event(&piece) => {
                    let fault = piece.error("unknown-variable", span, format!("`{}` is never set", name.path));
                    faults.push(fault.label("no event or call starts this playbook, nor one that runs it"));
                }
                ("event", _) => {}
                (known, _) if EVERYWHERE.contains(&known) || bare.contains_key(known) => {}
                (other, _) => {
                    let known = bare.keys().map(|name| (*name).to_owned()).chain(EVERYWHERE.map(str::to_owned)).collect();
                    faults.push(unknown(&piece, span, other, known));
                }
            }
        }
    }
}

/// Shows the nearest names first: in a list of forty fields nobody finds the right one.
fn unknown(piece: &Piece<'_>, span: Span, name: &str, known: Vec<String>) -> Fault {
    // The place covers the whole dotted name; a guess replaces only what was misspelt.
    let consequence = if piece.is_expression() { "would always be empty" } else { "would send as empty text" };
    let mut near = known.clone();
    near.sort_by_key(|known| !known.starts_with(name.get(..name.len().min(9)).unwrap_or_default()));
    near.truncate(MAX_SHOWN);
    let span = Span { end: span.end.min(span.start + name.len()), ..span };
    piece
        .error("unknown-variable", span, format!("`{name}` is never set"))
        .label(consequence)
        .note(format!("known here: {}", near.join(", ")))
        .guess(name, known.iter().map(String::as_str))
}

/// A secret outside `http` is a leak whether or not it exists; inside it must exist.
fn secret(context: &Context<'_>, file: &Checked<'_>, piece: &Piece<'_>, span: Span, name: Option<&str>) -> Option<Fault> {
    let verb = piece.leaf.step.and_then(|step| file.reading.steps.get(step)).map(|step| step.verb.name);
    if verb != Some("http") || !SECRET_KEYS.contains(&piece.leaf.key) {
        let fault = piece.error("secret-in-text", span, "secrets can't be texted").label("only `http` steps may use a secret");
        return Some(fault);
    }
    let name = name.unwrap_or_default();
    if context.workspace.secrets.contains_key(name) {
        return None;
    }
    let known = context.workspace.secrets.keys().map(|name| format!("secret.{name}")).collect::<Vec<_>>();
    let fault = piece.error("unknown-secret", span, format!("there is no secret `{name}`")).label("not among the `secrets` of the settings");
    Some(fault.guess(&format!("secret.{name}"), known.iter().map(String::as_str)))
}

/// Pieces that are about an incoming event, whatever started the talk.
fn sees_event(piece: &Piece<'_>) -> bool {
    piece.leaf.owner == "exit" || matches!(piece.leaf.key, "where" | "key")
}

/// Whether an event or a call starts the playbook, or one that runs it.
fn gets_event<'a>(context: &Context<'a>, file: &Checked<'a>, asked: &mut Vec<&'a str>) -> bool {
    let triggers = file.triggers();
    if triggers.iter().any(|trigger| trigger.get("event").is_some() || trigger.get("call").is_some()) {
        return true;
    }
    let Some(name) = file.name.filter(|name| !asked.contains(name)) else { return false };
    asked.push(name);
    context.files.iter().filter(|caller| caller.runs.contains(&name)).any(|caller| gets_event(context, caller, asked))
}
