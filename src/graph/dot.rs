//! A chart in Graphviz' language.

use super::chart::{Chart, Shape};

/// Writes it.
pub(super) fn write(chart: &Chart) -> String {
    let mut text = "digraph playbook {\n  node [fontname=\"sans-serif\", shape=box]\n  edge [fontname=\"sans-serif\"]\n".to_owned();
    for node in &chart.nodes {
        let look = match node.shape {
            Shape::Start | Shape::Wait => "shape=box, style=rounded",
            Shape::Action => "shape=box",
            Shape::Question => "shape=parallelogram",
            Shape::Choice => "shape=diamond",
            Shape::Outside => "shape=box, peripheries=2",
            Shape::End => "shape=oval",
        };
        text.push_str(&format!("  {} [{look}, label={}]\n", node.name, quoted(&node.lines().join("\n"))));
    }
    for arrow in &chart.arrows {
        let style = if arrow.dotted { ", style=dotted" } else { "" };
        text.push_str(&format!("  {} -> {} [label={}{style}]\n", arrow.from, arrow.to, quoted(&arrow.label)));
    }
    text + "}\n"
}

/// A string in quotes; `\n` ends a centred line there.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
