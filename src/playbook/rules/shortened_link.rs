//! `shortened-link`: links that never arrive.

use super::super::fault::Fault;
use super::super::pieces;
use super::{Checked, Context};

/// Public shorteners that US carriers block.
const SHORTENERS: [&str; 12] =
    ["bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "shorturl.at", "tiny.cc", "rb.gy"];

/// Only whole host names count: `orbit.ly/` is nobody's shortener.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for piece in pieces::of_file(context, file).iter().filter(|piece| piece.is_for_contact()) {
        for host in SHORTENERS {
            for (at, _) in piece.text.match_indices(&format!("{host}/")) {
                let before = piece.text.get(..at).and_then(|before| before.chars().next_back());
                if before.is_some_and(|c| c.is_alphanumeric() || c == '.' || c == '-') {
                    continue;
                }
                let fault = piece.warning("shortened-link", piece.part(at..at + host.len()), format!("carriers block `{host}` links; use `link()`"));
                faults.push(fault.label("may never arrive").help("write `{{ link('https://…') }}` with the long address"));
            }
        }
    }
}
