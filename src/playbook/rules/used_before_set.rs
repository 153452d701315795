//! `used-before-set`: a text that needs a name which has no value yet on some way to it.

use super::super::compile::Compiled;
use super::super::fault::Fault;
use super::super::flow;
use super::super::pieces;
use super::super::scope::bare_names;
use super::variables::names_of;
use super::{Checked, Context};

/// Only texts are looked at: an expression treats a missing value as null, a text is not sent. Both a name that is set on no way
/// and one that is set on some ways only end in a failed text.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, origins }) = &file.compiled else { return };
    let bare = bare_names(file);
    let known = flow::surely_set(plan);
    for (set, origin) in known.iter().zip(origins) {
        let (Some(set), Some(text)) = (set, origin.text) else { continue };
        for piece in pieces::of_text(context, file.file, text) {
            for name in names_of(&piece).into_iter().filter(|name| !name.guarded) {
                let first = name.path.split('.').next().unwrap_or_default();
                if !bare.contains_key(first) || set.contains(first) {
                    continue;
                }
                let span = piece.part(name.range.clone());
                let fault = piece.warning("used-before-set", span, format!("`{first}` is not set yet on some ways to this step"));
                faults.push(
                    fault.label("the text could not be sent then").help(format!("give it a `default`, like `{{{{ {} | default('') }}}}`", name.path)),
                );
            }
        }
    }
}
