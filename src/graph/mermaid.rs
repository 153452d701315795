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
    let words: Vec<String> = node.lines.iter().map(|line| escaped(line)).collect();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use crate::config::{Language, Source};
    use crate::playbook::{Sources, compile};

    fn mermaid(yaml: &str) -> String {
        let workspace = Language::read(&Source::sample(std::path::Path::new("/")), []).unwrap_or_else(|error| panic!("{error}")).workspace;
        let sources = Sources { playbooks: vec![("p.yaml".to_owned(), yaml.to_owned())], ..Sources::default() };
        let compiled = compile(&sources, &Arc::new(workspace), jiff::Timestamp::UNIX_EPOCH);
        let set = compiled.set.unwrap_or_else(|| panic!("{:?}", compiled.faults));
        super::super::mermaid(set.by_name("p").unwrap())
    }

    #[test]
    fn every_way_of_a_question_is_an_arrow() {
        let chart = mermaid(
            r##"
playbook: p
message_class: conversational
triggers: [{keyword: [HI]}]
steps:
  - id: colour
    ask: "What's the \"#1\" <colour>?"
    timeout: 2d
    on_timeout: {end: no_reply}
    retry: {max: 1}
    replies:
      - match: {any_of: [red, blue]}
        goto: thanks
      - match: no
    on_no_match: {end: lost}
  - id: left
    send: Goes on
  - id: thanks
    send: Thanks
"##,
        );
        let expected = r##"flowchart TD
  start(["p<br/>keyword hi"])
  e0(("lost"))
  e1(("no_reply"))
  s0[/"colour<br/>What's the #34;#35;1#34; #60;colour#62;?<br/>asks again up to 1 times"/]
  s2["thanks<br/>Thanks"]
  e2(("completed"))
  s1["left<br/>Goes on"]
  start --> s0
  s0 -->|"red, blue"| s2
  s0 -->|"no"| s1
  s0 -->|"not understood"| e0
  s0 -->|"after 2d"| e1
  s2 --> e2
  s1 --> s2
"##;
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&chart), sorted(expected));
    }
}
