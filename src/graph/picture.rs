//! What of a chart is drawn as what: which box has which words and size, and which arrows are drawn in full.
//!
//! A picture that people can follow has no long lines. So an outcome has a sign of its own at each box that leads to it, and an arrow
//! that leads back, or far down, ends at a sign with the name of the step it leads to.

use std::collections::HashMap;

use super::chart::{Arrow, Chart, Node, Shape};
use super::layout::{Edge, Placed, Size, place};
use super::measure::{width, wrap};

/// Ranks that an arrow is drawn across; one that leads further ends at a sign.
const REACH: usize = 3;
/// The widest box; about 25 letters a line.
const BOX_WIDTH: f64 = 224.0;
/// The widest that only the line above its text makes so, of kind and id.
const HEAD_WIDTH: f64 = 270.0;
/// The narrowest: the word for a step, with its icon.
const BOX_MIN: f64 = 96.0;
/// The widest label of an arrow.
const LABEL_WIDTH: f64 = 150.0;
/// Between the words of a box and its sides.
pub(super) const PAD: f64 = 14.0;
/// An icon with the gap behind it.
pub(super) const ICON: f64 = 20.0;
/// Height of the line with the word for a step.
pub(super) const HEAD: f64 = 18.0;
/// Height of a sign.
const SIGN: f64 = 26.0;
/// Between two lines of text, for each pixel of the letters' size.
const LEADING: f64 = 1.4;

/// Letters of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Font {
    /// Name of the class of style.
    pub class: &'static str,
    /// Pixels.
    pub size: f64,
}

/// The word for a step.
pub(super) const KIND: Font = Font { class: "kind", size: 11.0 };
/// The id of a step.
pub(super) const ID: Font = Font { class: "id", size: 11.0 };
/// What is said, or done.
const TEXT: Font = Font { class: "text", size: 13.0 };
/// What else is worth knowing.
const NOTE: Font = Font { class: "note", size: 11.0 };
/// On arrows and signs.
const LABEL: Font = Font { class: "label", size: 12.0 };

/// A line of text.
#[derive(Debug)]
pub(super) struct Line {
    /// The words.
    pub words: String,
    /// Its letters.
    pub font: Font,
    /// From the upper side of the box, or of the label, to the line the letters stand on.
    pub y: f64,
}

/// What a tile is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The box of a node.
    Box,
    /// The sign of an outcome.
    End,
    /// The sign of a step that is drawn elsewhere.
    Jump,
}

/// Something drawn with words in it.
#[derive(Debug)]
pub(super) struct Tile<'c> {
    /// What it stands for.
    pub node: &'c Node,
    /// As what.
    pub part: Part,
    /// Its words.
    pub lines: Vec<Line>,
    /// Its room.
    pub size: Size,
}

/// An arrow with its words.
#[derive(Debug)]
pub(super) struct Way<'c> {
    /// What it stands for.
    pub arrow: &'c Arrow,
    /// The box it leaves.
    pub from: &'c Node,
    /// The box it stands for leading to, whether it ends there or at a sign.
    pub to: &'c Node,
    /// Its words, centred.
    pub lines: Vec<Line>,
    /// Room of the words.
    pub size: Size,
}

/// All that is drawn, and where.
#[derive(Debug)]
pub(super) struct Picture<'c> {
    /// Boxes and signs, as placed.
    pub tiles: Vec<Tile<'c>>,
    /// Arrows, as placed.
    pub ways: Vec<Way<'c>>,
    /// Where.
    pub placed: Placed,
}

/// Lays a chart out. A badge needs room on an arrow: `badge` tells what stands in it, if there is one.
pub(super) fn picture<'c>(chart: &'c Chart, badge: impl Fn(&Node, &Arrow) -> Option<String>) -> Picture<'c> {
    let by_name: HashMap<&str, usize> = chart.nodes.iter().enumerate().map(|(ix, node)| (node.name.as_str(), ix)).collect();
    let ends: Vec<(usize, usize)> =
        chart.arrows.iter().filter_map(|arrow| Some((*by_name.get(arrow.from.as_str())?, *by_name.get(arrow.to.as_str())?))).collect();
    let is_end = |node: usize| chart.nodes[node].shape == Shape::End;
    let ranks = ranks(chart.nodes.len(), &ends, is_end);
    let mut tiles: Vec<Tile> = Vec::new();
    let mut tile_ranks: Vec<usize> = Vec::new();
    let mut boxes: Vec<usize> = vec![0; chart.nodes.len()];
    for (ix, node) in chart.nodes.iter().enumerate().filter(|(ix, _)| !is_end(*ix)) {
        boxes[ix] = tiles.len();
        tiles.push(boxed(node));
        tile_ranks.push(ranks[ix]);
    }
    let mut signs: HashMap<(usize, usize), usize> = HashMap::new();
    let (mut ways, mut edges) = (Vec::new(), Vec::new());
    for (arrow, (from, to)) in chart.arrows.iter().zip(ends) {
        let near = ranks[from] < ranks[to] && ranks[to] <= ranks[from] + REACH;
        let leads_to = match (is_end(to), near) {
            (false, true) => boxes[to],
            (end, _) => *signs.entry((from, to)).or_insert_with(|| {
                tile_ranks.push(ranks[from] + 1);
                tiles.push(sign(
                    &chart.nodes[to],
                    if end && chart.nodes[to].kind == "end" { Part::End } else { Part::Jump },
                    ranks[to] <= ranks[from],
                ));
                tiles.len() - 1
            }),
        };
        let (lines, size) = labelled(&arrow.label, badge(&chart.nodes[from], arrow));
        // The main way, which stands first, is straight where it can be; what goes wrong or ends makes room for it.
        let weight = if leads_to == boxes[to] && !arrow.dotted { 4.0 } else { 1.0 };
        edges.push(Edge { from: boxes[from], to: leads_to, label: size, weight });
        ways.push(Way { arrow, from: &chart.nodes[from], to: &chart.nodes[to], lines, size });
    }
    let sizes: Vec<Size> = tiles.iter().map(|tile| tile.size).collect();
    Picture { placed: place(&sizes, &tile_ranks, &edges), tiles, ways }
}

/// How far down each box stands: below all that lead to it, but for those that stand below it themselves.
fn ranks(count: usize, arrows: &[(usize, usize)], is_end: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); count];
    arrows.iter().filter(|(_, to)| !is_end(*to)).for_each(|(from, to)| below[*from].push(*to));
    // In the order in which a walk in depth leaves them, backwards, all arrows lead on but those of a ring that close it.
    let mut left: Vec<usize> = Vec::with_capacity(count);
    let mut entered = vec![false; count];
    for root in 0..count {
        let mut open = vec![(root, 0)];
        if std::mem::replace(&mut entered[root], true) {
            continue;
        }
        while let Some((at, next)) = open.last_mut() {
            match below[*at].get(*next) {
                Some(to) => {
                    *next += 1;
                    if !std::mem::replace(&mut entered[*to], true) {
                        open.push((*to, 0));
                    }
                }
                None => {
                    left.push(*at);
                    open.pop();
                }
            }
        }
    }
    let mut position = vec![0; count];
    left.iter().rev().enumerate().for_each(|(ix, at)| position[*at] = ix);
    let mut ranks = vec![0; count];
    for at in left.iter().rev() {
        for to in below[*at].iter().filter(|to| position[**to] > position[*at]) {
            ranks[*to] = ranks[*to].max(ranks[*at] + 1);
        }
    }
    ranks
}

/// A box with its words.
fn boxed(node: &Node) -> Tile<'_> {
    let room = BOX_WIDTH - 2.0 * PAD;
    let cond = node.cond.iter().flat_map(|cond| wrap(&format!("only if {cond}"), NOTE.size, room, 2)).map(|words| (words, NOTE));
    let text = wrap(&node.text, TEXT.size, room, 3).into_iter().map(|words| (words, TEXT));
    let notes = node.notes.iter().flat_map(|note| wrap(note, NOTE.size, room, 2)).map(|words| (words, NOTE));
    let (lines, height) = stacked(cond.chain(text).chain(notes), PAD - 3.0 + HEAD);
    let head = ICON + width(&node.kind.to_uppercase(), KIND.size) + node.step.as_ref().map_or(0.0, |id| 10.0 + width(id, ID.size));
    // An id that has no place beside the kind is cut when it is drawn.
    let widest = widest(&lines).max(head.min(HEAD_WIDTH - 2.0 * PAD)).max(BOX_MIN - 2.0 * PAD);
    Tile { node, part: Part::Box, lines, size: Size { width: widest + 2.0 * PAD, height: height + PAD - 4.0 } }
}

/// A sign with one line.
fn sign(node: &Node, part: Part, back: bool) -> Tile<'_> {
    let words = match back {
        _ if node.shape == Shape::End => node.text.clone(),
        true => format!("↑ {}", called(node)),
        false => format!("↓ {}", called(node)),
    };
    let words = wrap(&words, LABEL.size, BOX_WIDTH, 1).concat();
    let size = Size { width: width(&words, LABEL.size) + 2.0 * PAD, height: SIGN };
    Tile { node, part, lines: vec![Line { words, font: LABEL, y: SIGN / 2.0 + LABEL.size * 0.36 }], size }
}

/// What a step is called where it is spoken of.
pub(super) fn called(node: &Node) -> String {
    let text = if node.text.is_empty() { node.kind } else { &node.text };
    node.step.clone().unwrap_or_else(|| text.to_owned())
}

/// The words of an arrow, with a count below.
fn labelled(label: &str, badge: Option<String>) -> (Vec<Line>, Size) {
    let words = wrap(label, LABEL.size, LABEL_WIDTH, 2).into_iter().map(|words| (words, LABEL));
    let badge = badge.map(|count| (count, Font { class: "count", ..LABEL }));
    let (lines, height) = stacked(words.chain(badge), 0.0);
    let width = widest(&lines);
    (lines, if height > 0.0 { Size { width: width + 8.0, height } } else { Size::default() })
}

/// Lines below each other, from `top` on, and where they end.
fn stacked(lines: impl Iterator<Item = (String, Font)>, top: f64) -> (Vec<Line>, f64) {
    let mut y = top;
    let stacked = lines
        .map(|(words, font)| {
            y += font.size * LEADING;
            Line { words, font, y: y - font.size * (LEADING - 1.0) }
        })
        .collect();
    (stacked, y)
}

fn widest(lines: &[Line]) -> f64 {
    lines.iter().map(|line| width(&line.words, line.font.size)).fold(0.0, f64::max)
}
