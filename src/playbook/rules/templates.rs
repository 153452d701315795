//! `bad-template`, `template-tag-not-allowed`, `unknown-filter`: what can be seen of a template before it is rendered.

use super::super::fault::{Fault, Span};
use super::super::pieces::{self, Piece};
use super::{Checked, Context};
use crate::text::{Expr, FaultKind, Template, TemplateFault};

/// The language's own filters, and those of minijinja that texts need.
const FILTERS: [&str; 17] = [
    "money",
    "day",
    "time",
    "day_time",
    "default",
    "urlencode",
    "upper",
    "lower",
    "title",
    "trim",
    "round",
    "int",
    "length",
    "join",
    "first",
    "last",
    "replace",
];
/// Its functions.
const FUNCTIONS: [&str; 3] = ["link", "clicked", "transcript"];

/// Every template and expression is parsed as the compiler does it, so nothing that passes here fails when it is loaded.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for piece in pieces::of_file(context, file) {
        if let Some(fault) = fault_of(&piece) {
            faults.push(tell(&piece, &fault));
        }
    }
}

/// Why a piece can't be read, if it can't.
pub(super) fn fault_of(piece: &Piece<'_>) -> Option<TemplateFault> {
    if piece.is_expression() { Expr::parse(piece.text).err() } else { Template::parse(piece.text).err() }
}

/// The text room tells what and where; here it gets its code and the place in the file.
fn tell(piece: &Piece<'_>, fault: &TemplateFault) -> Fault {
    let span = piece.part(fault.range.clone());
    match &fault.kind {
        FaultKind::Syntax => piece.error("bad-template", span, fault.message.clone()).label("can't be read from here"),
        FaultKind::ForbiddenTag(tag) => {
            let instead = match tag.as_str() {
                "include" | "import" | "from" | "extends" => "write `{file: …}`",
                _ => "texts know `if`, `for` and `set`",
            };
            piece.error("template-tag-not-allowed", span, format!("`{{% {tag} %}}` can't be used; {instead}")).label("not part of the language")
        }
        FaultKind::UnknownFilter(name) => unknown(piece, span, "filter", name),
        FaultKind::UnknownFunction(name) => unknown(piece, span, "function", name),
        FaultKind::UnknownTest(name) => unknown(piece, span, "test", name),
    }
}

/// Filters, functions and tests share a code: to the reader all of them are words behind `|`, before `(` or after `is`.
fn unknown(piece: &Piece<'_>, span: Span, what: &str, name: &str) -> Fault {
    let fault = piece.error("unknown-filter", span, format!("there is no {what} `{name}`")).label("not known");
    match what {
        "filter" => fault.note(format!("known here: {}", FILTERS.join(", "))).guess(name, FILTERS),
        "function" => fault.note(format!("known here: {}", FUNCTIONS.join(", "))).guess(name, FUNCTIONS),
        _ => fault,
    }
}
