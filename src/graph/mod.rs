//! A plan as a chart: boxes and arrows, before anything is known of how they are drawn.
//!
//! `chart` makes it, `labels` words it; `mermaid`, `dot` and `svg` write it. Whatever draws a chart draws the same boxes and arrows.
//! For `svg` we place them ourselves: `picture` says what is drawn, `layout` where, `measure` how wide words are.

mod chart;
mod dot;
mod labels;
mod layout;
mod measure;
mod mermaid;
mod picture;
mod svg;

pub use chart::{Arrow, Chart, Node, Shape, chart};
pub use svg::{Counts, STYLE};

pub use labels::matches;

use crate::playbook::Plan;

/// A plan in Mermaid's language, which Markdown pages show as a chart.
pub fn mermaid(plan: &Plan) -> String {
    mermaid::write(&chart(plan))
}

/// A plan in Graphviz' language.
pub fn dot(plan: &Plan) -> String {
    dot::write(&chart(plan))
}

/// A plan as a picture, with live numbers where there are some.
pub fn svg(plan: &Plan, counts: &Counts) -> String {
    svg::write(&chart(plan), counts, STYLE)
}

/// The same for a page whose own style sheet has `STYLE` in it: pages with a strict policy take no style from a picture.
pub fn svg_in_page(plan: &Plan, counts: &Counts) -> String {
    svg::write(&chart(plan), counts, "")
}
