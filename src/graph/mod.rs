//! A plan as a chart: boxes and arrows, before anything is known of how they are drawn.
//!
//! `chart` makes it, `labels` words it, `mermaid` writes it. Whatever draws a chart draws the same boxes and arrows.

mod chart;
mod labels;
mod mermaid;

pub use chart::{Arrow, Chart, Node, Shape, chart};

use crate::playbook::Plan;

/// A plan in Mermaid's language, which Markdown pages show as a chart.
pub fn mermaid(plan: &Plan) -> String {
    mermaid::write(&chart(plan))
}
pub use labels::matches;
