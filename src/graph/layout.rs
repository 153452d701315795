//! Where boxes, labels and arrows go: layers from top to bottom, after Sugiyama.
//!
//! Arrows lead from a layer of boxes to a later one; in between lies a layer that holds their labels. An arrow that passes other layers
//! has a bend in each, which keeps its room there like a box. `order` puts the items of each layer in an order with few crossings,
//! `spread` moves them as near to their neighbours as that order and the gaps allow.

/// Room of a box or a label, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

/// An arrow from one box to one of a higher rank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// Index of the box it leaves.
    pub from: usize,
    /// Index of the box it leads to.
    pub to: usize,
    /// Room of its label.
    pub label: Size,
    /// How much it wants to be straight, from 1.
    pub weight: f64,
}

/// A point of the picture.
pub(super) type Point = (f64, f64);

/// Where everything is.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// The middle of each box's upper side.
    pub boxes: Vec<Point>,
    /// The middle of each label.
    pub labels: Vec<Point>,
    /// Each arrow: straight from even to odd points (counted from 0), curved from odd to even ones.
    pub paths: Vec<Vec<Point>>,
    /// The whole picture.
    pub size: Size,
}

/// Between items of a layer.
const GAP: f64 = 22.0;
/// Between a bend and its neighbours.
const BEND_GAP: f64 = 14.0;
/// Between layers: room for a curve.
const LAYER_GAP: f64 = 22.0;
/// Around the picture.
const MARGIN: f64 = 24.0;
/// An arrow keeps so far from the round corners of a box.
const CORNER: f64 = 16.0;
/// Rounds of ordering; spreading takes three times as many. More change nothing that can be seen.
const ROUNDS: usize = 12;
/// Between two places that an arrow only passes it wants to be straight so much more: one that wobbles is hard to follow.
const PASSING: f64 = 8.0;

/// What stands in a layer: a box, a label, or an arrow passing by.
struct Item {
    /// Which layer.
    layer: usize,
    /// Its room.
    size: Size,
    /// Nothing but an arrow.
    bend: bool,
    /// Its middle.
    x: f64,
    /// Items it is tied to in the layer above, and how strongly.
    above: Vec<(usize, f64)>,
    /// Likewise below.
    below: Vec<(usize, f64)>,
}

/// Places boxes with these ranks. Every edge leads to a higher rank than it leaves.
pub(super) fn place(boxes: &[Size], ranks: &[usize], edges: &[Edge]) -> Placed {
    let mut items: Vec<Item> = boxes.iter().zip(ranks).map(|(size, rank)| item(rank * 2, *size, false)).collect();
    let mut chains: Vec<Vec<usize>> = Vec::with_capacity(edges.len());
    for edge in edges {
        let mut chain = vec![edge.from];
        for layer in ranks[edge.from] * 2 + 1..ranks[edge.to] * 2 {
            let label = chain.len() == 1;
            items.push(item(layer, if label { edge.label } else { Size::default() }, !label || edge.label == Size::default()));
            chain.push(items.len() - 1);
        }
        chain.push(edge.to);
        for pair in chain.windows(2) {
            let passing = pair[0] >= boxes.len() && pair[1] >= boxes.len();
            let weight = if passing { edge.weight * PASSING } else { edge.weight };
            items[pair[0]].below.push((pair[1], weight));
            items[pair[1]].above.push((pair[0], weight));
        }
        chains.push(chain);
    }
    let layers = order(&items);
    spread(&mut items, &layers);
    straighten(&mut items, &layers, &chains);
    draw(boxes.len(), items, &layers, &chains)
}

fn item(layer: usize, size: Size, bend: bool) -> Item {
    Item { layer, size, bend, x: 0.0, above: Vec::new(), below: Vec::new() }
}

/// The items of each layer from left to right. Starts with the order in which people come by them.
fn order(items: &[Item]) -> Vec<Vec<usize>> {
    let count = items.iter().map(|item| item.layer + 1).max().unwrap_or(0);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut seen = vec![false; items.len()];
    for root in (0..items.len()).filter(|root| items[*root].above.is_empty()) {
        let mut open = vec![root];
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                layers[items[at].layer].push(at);
                open.extend(items[at].below.iter().rev().map(|(to, _)| *to));
            }
        }
    }
    let mut best = (crossings(items, &layers), layers.clone());
    for round in 0..ROUNDS {
        let down = round % 2 == 0;
        let mut places = places(items.len(), &layers);
        for step in 0..count {
            let layer = &mut layers[if down { step } else { count - 1 - step }];
            let middle = |at: usize| {
                let ties = if down { &items[at].above } else { &items[at].below };
                let sum: f64 = ties.iter().map(|(to, _)| places[*to]).sum();
                if ties.is_empty() { places[at] } else { sum / ties.len() as f64 }
            };
            let mut sorted: Vec<(f64, usize)> = layer.iter().map(|at| (middle(*at), *at)).collect();
            sorted.sort_by(|one, two| one.0.total_cmp(&two.0));
            *layer = sorted.into_iter().map(|(_, at)| at).collect();
            for (place, at) in layer.iter().enumerate() {
                places[*at] = relative(place, layer.len());
            }
        }
        let crossed = crossings(items, &layers);
        if crossed < best.0 {
            best = (crossed, layers.clone());
        }
    }
    best.1
}

/// Places in layers of different lengths become comparable.
fn relative(place: usize, of: usize) -> f64 {
    place as f64 - of as f64 / 2.0
}

fn places(count: usize, layers: &[Vec<usize>]) -> Vec<f64> {
    let mut places = vec![0.0; count];
    for layer in layers {
        for (place, at) in layer.iter().enumerate() {
            places[*at] = relative(place, layer.len());
        }
    }
    places
}

/// How often arrows cross, counted in a tree of sums.
fn crossings(items: &[Item], layers: &[Vec<usize>]) -> usize {
    let mut place = vec![0; items.len()];
    layers.iter().flat_map(|layer| layer.iter().enumerate()).for_each(|(ix, at)| place[*at] = ix);
    let mut crossed = 0;
    for pair in layers.windows(2) {
        let mut tree = vec![0; pair[1].len() + 1];
        let mut before = 0;
        for at in &pair[0] {
            let mut ends: Vec<usize> = items[*at].below.iter().map(|(to, _)| place[*to]).collect();
            ends.sort_unstable();
            for end in &ends {
                let mut ix = end + 1;
                crossed += before;
                while ix > 0 {
                    crossed -= tree[ix];
                    ix &= ix - 1;
                }
            }
            for end in &ends {
                let mut ix = end + 1;
                before += 1;
                while ix < tree.len() {
                    tree[ix] += 1;
                    ix += ix & ix.wrapping_neg();
                }
            }
        }
    }
    crossed
}

/// Moves the items of each layer towards what they are tied to: first above and below in turn, which unfolds the picture, then both.
fn spread(items: &mut [Item], layers: &[Vec<usize>]) {
    for layer in layers {
        let mut x = 0.0;
        for at in layer {
            items[*at].x = x + items[*at].size.width / 2.0;
            x += items[*at].size.width + GAP;
        }
    }
    for round in 0..ROUNDS * 3 {
        let both = round >= ROUNDS;
        let (up, down) = (both || round % 2 == 0, both || round % 2 == 1);
        for step in 0..layers.len() {
            let layer = &layers[if round % 2 == 1 { layers.len() - 1 - step } else { step }];
            let wishes: Vec<(f64, f64)> = layer.iter().map(|at| wish(items, *at, up, down)).collect();
            let gaps: Vec<f64> = layer.windows(2).map(|pair| gap(&items[pair[0]], &items[pair[1]])).collect();
            for (at, x) in layer.iter().zip(nearest(&wishes, &gaps)) {
                items[*at].x = x;
            }
        }
    }
    gather(items, layers);
}

/// Arrows that pass several layers become straight where there is room for it.
fn straighten(items: &mut [Item], layers: &[Vec<usize>], chains: &[Vec<usize>]) {
    let mut bounds = vec![(None, None); items.len()];
    for pair in layers.iter().flat_map(|layer| layer.windows(2)) {
        bounds[pair[0]].1 = Some(pair[1]);
        bounds[pair[1]].0 = Some(pair[0]);
    }
    for chain in chains.iter().filter(|chain| chain.len() > 3) {
        let last = chain.len() - 1;
        // With the label if it can be, else only below it.
        for passed in [&chain[1..last], &chain[2..last]] {
            let (low, high) = passed.iter().fold((f64::NEG_INFINITY, f64::INFINITY), |(low, high), at| {
                let left = bounds[*at].0.map(|left: usize| items[left].x + gap(&items[left], &items[*at]));
                let right = bounds[*at].1.map(|right: usize| items[right].x - gap(&items[*at], &items[right]));
                (low.max(left.unwrap_or(low)), high.min(right.unwrap_or(high)))
            });
            let mean = passed.iter().map(|at| items[*at].x).sum::<f64>() / passed.len() as f64;
            let wish = near(&items[chain[last]], mean);
            if low <= high {
                passed.iter().for_each(|at| items[*at].x = wish.clamp(low, high));
                break;
            }
        }
    }
}

/// Moves parts that nothing ties together as near to each other as the gaps allow.
fn gather(items: &mut [Item], layers: &[Vec<usize>]) {
    let mut parts: Vec<Option<usize>> = vec![None; items.len()];
    for root in 0..items.len() {
        if parts[root].is_some() {
            continue;
        }
        let mut open = vec![root];
        while let Some(at) = open.pop() {
            if parts[at].is_none() {
                parts[at] = Some(root);
                open.extend(items[at].above.iter().chain(&items[at].below).map(|(to, _)| *to));
            }
        }
        // Parts come from left to right: each moves left until it meets one that has moved.
        let room = layers
            .iter()
            .flat_map(|layer| layer.windows(2))
            .filter(|pair| parts[pair[1]] == Some(root) && parts[pair[0]] != Some(root))
            .map(|pair| items[pair[1]].x - items[pair[0]].x - gap(&items[pair[0]], &items[pair[1]]))
            .fold(f64::INFINITY, f64::min);
        if room.is_finite() {
            items.iter_mut().zip(&parts).filter(|(_, part)| **part == Some(root)).for_each(|(item, _)| item.x -= room);
        }
    }
}

/// From middle to middle of neighbours.
fn gap(left: &Item, right: &Item) -> f64 {
    let between = if left.bend || right.bend { BEND_GAP } else { GAP };
    (left.size.width + right.size.width) / 2.0 + between
}

/// Where an item would like to be, and how much.
fn wish(items: &[Item], at: usize, up: bool, down: bool) -> (f64, f64) {
    let item = &items[at];
    let ties = item.above.iter().filter(|_| up).chain(item.below.iter().filter(|_| down));
    let (sum, weight) = ties.fold((0.0, 0.0), |(sum, weight), (to, tie)| (sum + items[*to].x * tie, weight + tie));
    match weight > 0.0 {
        true => (sum / weight, weight),
        // Nobody pulls: stays where it is, and makes room.
        false => (item.x, 0.1),
    }
}

/// Places as near to the wishes as the gaps between neighbours allow, by least squares: neighbours that would be too close are joined
/// to a block, which stands at the middle of its members' wishes.
fn nearest(wishes: &[(f64, f64)], gaps: &[f64]) -> Vec<f64> {
    // Offsets from the first member take the gaps out of the question.
    let offsets: Vec<f64> = std::iter::once(0.0)
        .chain(gaps.iter().scan(0.0, |sum, gap| {
            *sum += gap;
            Some(*sum)
        }))
        .collect();
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for ((wish, weight), offset) in wishes.iter().zip(&offsets) {
        let mut block = ((wish - offset) * weight, *weight, 1);
        while let Some(last) = blocks.pop_if(|last| last.0 / last.1 >= block.0 / block.1) {
            block = (last.0 + block.0, last.1 + block.1, last.2 + block.2);
        }
        blocks.push(block);
    }
    let places = blocks.into_iter().flat_map(|(sum, weight, count)| std::iter::repeat_n(sum / weight, count));
    places.zip(&offsets).map(|(place, offset)| place + offset).collect()
}

/// Gives layers their heights, and turns chains of items to paths.
fn draw(boxes: usize, mut items: Vec<Item>, layers: &[Vec<usize>], chains: &[Vec<usize>]) -> Placed {
    let left = items.iter().map(|item| item.x - item.size.width / 2.0).fold(f64::INFINITY, f64::min);
    items.iter_mut().for_each(|item| item.x += MARGIN - left);
    let width = items.iter().map(|item| item.x + item.size.width / 2.0).fold(0.0, f64::max) + MARGIN;
    let mut tops = Vec::with_capacity(layers.len());
    let mut y = MARGIN;
    for layer in layers {
        let height = layer.iter().map(|at| items[*at].size.height).fold(0.0, f64::max);
        tops.push((y, y + height));
        y += height + LAYER_GAP;
    }
    let mut placed = Placed { size: Size { width, height: y - LAYER_GAP + MARGIN }, ..Placed::default() };
    placed.boxes = items[..boxes].iter().map(|item| (item.x, tops[item.layer].0)).collect();
    for chain in chains {
        let (Some((first, rest)), Some(last)) = (chain.split_first(), chain.last()) else { continue };
        let passed = &rest[..rest.len() - 1];
        let x = |at: usize| items[at].x;
        let out = near(&items[*first], passed.first().map_or(x(*last), |at| x(*at)));
        let into = near(&items[*last], passed.last().map_or(x(*first), |at| x(*at)));
        let (top, bottom) = tops[items[*first].layer];
        let mut path = vec![(out, top + items[*first].size.height), (out, bottom)];
        path.extend(passed.iter().flat_map(|at| [(x(*at), tops[items[*at].layer].0), (x(*at), tops[items[*at].layer].1)]));
        path.push((into, tops[items[*last].layer].0));
        placed.labels.push(passed.first().map_or((0.0, 0.0), |at| (x(*at), (tops[items[*at].layer].0 + tops[items[*at].layer].1) / 2.0)));
        placed.paths.push(path);
    }
    placed
}

/// The place on a box's side that is nearest to where an arrow comes from or goes to.
fn near(item: &Item, x: f64) -> f64 {
    let reach = (item.size.width / 2.0 - CORNER).max(0.0);
    x.clamp(item.x - reach, item.x + reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Size = Size { width: 100.0, height: 40.0 };
    const LABEL: Size = Size { width: 60.0, height: 16.0 };

    fn edge(from: usize, to: usize) -> Edge {
        Edge { from, to, label: LABEL, weight: 1.0 }
    }

    #[test]
    fn nothing_overlaps() {
        let edges: Vec<Edge> = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4), (0, 4)].map(|(from, to)| edge(from, to)).to_vec();
        let placed = place(&[BOX; 5], &[0, 1, 1, 1, 2], &edges);
        let middle = &placed.boxes[1..4];
        for (ix, one) in middle.iter().enumerate() {
            for two in &middle[ix + 1..] {
                assert!((one.0 - two.0).abs() >= BOX.width + GAP - 0.01, "{placed:?}");
            }
        }
        assert!(placed.paths.iter().all(|path| path.len() % 2 == 1));
    }

    #[test]
    fn a_line_of_boxes_is_straight() {
        let placed = place(&[BOX; 3], &[0, 1, 2], &[edge(0, 1), edge(1, 2)]);
        assert!(placed.paths.iter().flatten().all(|point| (point.0 - placed.boxes[0].0).abs() < 0.01), "{placed:?}");
    }

    #[test]
    fn arrows_are_sorted_so_that_they_do_not_cross() {
        let edges: Vec<Edge> = [(0, 4), (1, 3), (2, 5)].map(|(from, to)| edge(from, to)).to_vec();
        let placed = place(&[BOX; 6], &[0, 0, 0, 1, 1, 1], &edges);
        for edge in &edges {
            assert!((placed.boxes[edge.from].0 - placed.boxes[edge.to].0).abs() < 0.01, "{placed:?}");
        }
    }
}
