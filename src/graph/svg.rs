//! A chart as SVG: no script, nothing from elsewhere, colours by custom properties.
//!
//! Every box is a group `#step-ID` (`#box-NAME` where there is no id), every arrow `#step-ID-WAY`; both carry `data-step`, arrows also
//! `data-way`. The rules of style have no weight (`:where`), so a page that holds the picture styles it with plain classes, or by
//! setting `--chart-accent` and its like on `.bridged-chart`.

use std::collections::BTreeMap;

use super::chart::{Chart, Node, Shape};
use super::layout::Point;
use super::measure::{width, wrap};
use super::picture::{HEAD, ICON, ID, KIND, Line, PAD, Part, Picture, Tile, Way, called, picture};

/// The rules of style.
pub const STYLE: &str = include_str!("svg.css");
/// Height of a badge, and the size of its letters.
const BADGE: (f64, f64) = (20.0, 12.0);

/// Live numbers to show in a chart, by step id; the empty id is what stands before the first step with an id, at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In a badge on the box.
    pub steps: BTreeMap<String, u64>,
    /// Below the label of an arrow, by step id and [`Arrow::way`](super::Arrow::way).
    pub arrows: BTreeMap<(String, String), u64>,
}

impl Counts {
    fn of_box(&self, node: &Node) -> Option<u64> {
        self.steps.get(id(node)?).copied()
    }

    fn of_arrow(&self, node: &Node, way: &str) -> Option<u64> {
        self.arrows.get(&(id(node)?.to_owned(), way.to_owned())).copied()
    }
}

/// The id under which a box is counted.
fn id(node: &Node) -> Option<&str> {
    node.step.as_deref().or((node.shape == Shape::Start).then_some(""))
}

/// Writes it, with these rules of style in it; none where the page that holds it has them.
pub(super) fn write(chart: &Chart, counts: &Counts, style: &str) -> String {
    let picture = picture(chart, |node, arrow| counts.of_arrow(node, &arrow.way).map(|count| count.to_string()));
    let (wide, high) = (picture.placed.size.width.ceil(), picture.placed.size.height.ceil());
    let name = chart.nodes.iter().find(|node| node.shape == Shape::Start).map_or("", |node| &node.text);
    let name = escaped(name);
    let style = if style.is_empty() { String::new() } else { format!("<style>\n{style}</style>\n") };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"bridged-chart\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\" \
         role=\"graphics-document document\" aria-roledescription=\"flow chart\" aria-label=\"Flow chart of {name}\">\n\
         <title>Flow chart of {name}</title>\n{style}\
         <defs><marker id=\"bridged-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"head\" d=\"M0 .5l8 3.5l-8 3.5z\"/></marker></defs>\n\
         <rect class=\"paper\" width=\"{wide}\" height=\"{high}\"/>\n"
    );
    let Picture { tiles, ways, placed } = &picture;
    // Boxes lie on arrows, labels on both.
    for ((way, path), at) in ways.iter().zip(&placed.paths).zip(&placed.labels) {
        svg.push_str(&arrow(way, path, *at));
    }
    for (tile, at) in tiles.iter().zip(&placed.boxes) {
        svg.push_str(&boxed(tile, *at, counts));
    }
    svg + "</svg>\n"
}

/// What a box or an arrow is known by in the page.
fn anchor(node: &Node) -> String {
    node.step.as_ref().map_or_else(|| format!("box-{}", node.name), |id| format!("step-{id}"))
}

/// An attribute for the step of a box or an arrow.
fn data_step(node: &Node) -> String {
    id(node).map(|id| format!(" data-step=\"{}\"", escaped(id))).unwrap_or_default()
}

fn arrow(way: &Way, path: &[Point], at: Point) -> String {
    let Way { arrow, from, to, lines, size } = way;
    let mut line = String::new();
    let mut before: Option<Point> = None;
    for (ix, (x, y)) in path.iter().enumerate() {
        match before {
            None => line.push_str(&format!("M{x:.0} {y:.0}")),
            Some(_) if ix % 2 == 1 => line.push_str(&format!("V{y:.0}")),
            Some((_, top)) => {
                let half = (top + y) / 2.0;
                let (from, to) = (before.map_or(0.0, |point| point.0), x);
                line.push_str(&format!("C{from:.0} {half:.0} {to:.0} {half:.0} {x:.0} {y:.0}"));
            }
        }
        before = Some((*x, *y));
    }
    let label = if arrow.label.is_empty() { String::new() } else { format!("{}: ", arrow.label) };
    let title = escaped(&format!("{}, {label}to {}", called(from), called(to)));
    let aside = if arrow.dotted { " aside" } else { "" };
    let mut group = format!(
        "<g id=\"{}-{}\" class=\"arrow\" role=\"graphics-symbol\" aria-label=\"{title}\"{} data-way=\"{}\"><title>{title}</title>\
         <path class=\"way{aside}\" d=\"{line}\" marker-end=\"url(#bridged-arrow)\"/>",
        anchor(from),
        arrow.way,
        data_step(from),
        arrow.way,
    );
    if !lines.is_empty() {
        let (x, y) = (at.0 - size.width / 2.0, at.1 - size.height / 2.0);
        group.push_str(&format!("<rect class=\"behind\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{:.0}\"/>", size.width, size.height));
        group.extend(lines.iter().map(|line| text(line, at.0, y, "middle")));
    }
    group + "</g>\n"
}

fn boxed(tile: &Tile, (middle, top): Point, counts: &Counts) -> String {
    let Tile { node, part, lines, size } = tile;
    let (left, wide, high) = (middle - size.width / 2.0, size.width, size.height);
    let frame =
        |radius: f64| format!("<rect class=\"frame\" x=\"{left:.0}\" y=\"{top:.0}\" width=\"{wide:.0}\" height=\"{high:.0}\" rx=\"{radius:.0}\"/>");
    if *part != Part::Box {
        let (class, attribute) = match part {
            Part::Jump if node.shape == Shape::End => ("jump", String::new()),
            Part::Jump => ("jump", format!(" data-to=\"{}\"", anchor(node))),
            _ => ("end", format!(" data-outcome=\"{}\"", escaped(&node.text))),
        };
        let words: String = lines.iter().map(|line| text(line, middle, top, "middle")).collect();
        return format!("<g class=\"sign {class}\"{attribute}>{}{words}</g>\n", frame(high / 2.0));
    }
    let title = escaped(&node.lines().join(", "));
    let class = match (node.shape, node.kind) {
        (Shape::Start, _) => "start",
        (Shape::Question, _) => "question",
        (_, "send") => "send",
        (Shape::Outside, _) => "outside",
        (Shape::Wait, _) => "wait",
        (Shape::Choice, _) => "choice",
        _ => "action",
    };
    let mut group = format!(
        "<g id=\"{}\" class=\"box {class}\" role=\"graphics-symbol\" aria-label=\"{title}\"{}><title>{title}</title>{}",
        anchor(node),
        data_step(node),
        frame(if node.shape == Shape::Wait { 20.0 } else { 10.0 }),
    );
    let (x, base) = (left + PAD, top + PAD - 2.0 + KIND.size);
    if let Some(icon) = icon(node.kind) {
        group.push_str(&format!("<path class=\"icon\" transform=\"translate({x:.0} {:.0})\" d=\"{icon}\"/>", top + PAD - 4.0));
    }
    let kind = Line { words: node.kind.to_uppercase(), font: KIND, y: 0.0 };
    group.push_str(&text(&kind, x + ICON, base, "start"));
    if let Some(id) = &node.step {
        let room = wide - 2.0 * PAD - ICON - width(&kind.words, KIND.size) - 8.0;
        let words = wrap(id, ID.size, room, 1).concat();
        group.push_str(&text(&Line { words, font: ID, y: 0.0 }, left + wide - PAD, base, "end"));
    }
    debug_assert!(lines.iter().all(|line| line.y > HEAD), "words stand below the head");
    group.extend(lines.iter().map(|line| text(line, x, top, "start")));
    if let Some(count) = counts.of_box(node) {
        group.push_str(&badge(count, left + wide, top));
    }
    group + "</g>\n"
}

/// A number on the upper right corner.
fn badge(count: u64, right: f64, top: f64) -> String {
    let count = count.to_string();
    let (high, size) = BADGE;
    let wide = (width(&count, size) + 12.0).max(high);
    format!(
        "<rect class=\"badge\" x=\"{:.0}\" y=\"{:.0}\" width=\"{wide:.0}\" height=\"{high}\" rx=\"{}\"/>\
         <text class=\"badge-count\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{count}</text>",
        right - wide + 8.0,
        top - high / 2.0,
        high / 2.0,
        right - wide / 2.0 + 8.0,
        top + size * 0.36,
    )
}

fn text(line: &Line, x: f64, top: f64, anchor: &str) -> String {
    let anchor = if anchor == "start" { String::new() } else { format!(" text-anchor=\"{anchor}\"") };
    format!("<text class=\"{}\" x=\"{x:.0}\" y=\"{:.0}\"{anchor}>{}</text>", line.font.class, top + line.y, escaped(&line.words))
}

/// What happens at a step, as a drawing of 14 by 14.
fn icon(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "start" => "M4 2.5l7 4.5l-7 4.5z",
        "send" => "M1.5 2.5h11v7h-6l-3 2.5v-2.5h-2z",
        "ask" | "listen" | "anytime" => "M1.5 2.5h11v7h-6l-3 2.5v-2.5h-2zM4.5 6h.01M7 6h.01M9.5 6h.01",
        "wait" | "wait until" | "wait for" => "M7 1.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11M7 4v3l2 1.5",
        "choose" | "split" => "M7 1.5v4M7 5.5L3 9v3.5M7 5.5L11 9v3.5",
        "hand off to" => "M7 7a2.5 2.5 0 1 0 0-5a2.5 2.5 0 1 0 0 5M2 12.5c.5-3 2.5-4 5-4s4.5 1 5 4",
        "http" | "run" => "M8 2h4v4M12 2L6.5 7.5M10 8v4H2V4h4",
        "exit" => "M6 2H2.5v10H6M5.5 7H12M9.5 4.5L12 7l-2.5 2.5",
        "tag" | "untag" | "set" | "record" => "M2 2h5l5 5l-5 5l-5-5zM4.5 4.5h.01",
        _ => return None,
    })
}

/// Text inside of elements and attributes. XML has no control characters, not even escaped ones.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
