//! A chart in Mermaid's language.

use super::chart::{Chart, Node, Shape};

/// Writes it.
pub(super) fn write(chart: &Chart) -> String {
    let mut text = "flowchart TD\n".to_owned();
    for node in &chart.nodes {
        text.push_str(&format!("  {}{}\n", node.name, shaped(node)));
    }
    for arrow in &chart.arrows {
        let line = if arrow.dotted { "-.->" } else { "-->" };
        let label = if arrow.label.is_empty() { String::new() } else { format!("|\"{}\"|", escaped(&arrow.label)) };
        text.push_str(&format!("  {} {line}{label} {}\n", arrow.from, arrow.to));
    }
    text
}

/// The words of a box between the brackets that give its shape.
fn shaped(node: &Node) -> String {
    let words: Vec<String> = node.lines().iter().map(|line| escaped(line)).collect();
    let (left, right) = match node.shape {
        Shape::Start | Shape::Wait => ("([", "])"),
        Shape::Action => ("[", "]"),
        Shape::Question => ("[/", "/]"),
        Shape::Choice => ("{", "}"),
        Shape::Outside => ("[[", "]]"),
        Shape::End => ("((", "))"),
    };
    format!("{left}\"{}\"{right}", words.join("<br/>"))
}

/// Text between quotes. Mermaid reads `#` as the start of a character's name, a backtick as Markdown, and HTML as HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '#' | '`' | '<' | '>' | '&' | '\\' => escaped.push_str(&format!("#{};", u32::from(letter))),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
