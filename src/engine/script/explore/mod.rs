//! A walk through everything a playbook can do, at virtual time: from each trigger, at each point everything that can happen next.
//!
//! A point is known again by what the engine remembers there, without names and moments: whatever is behind it has been walked. At each
//! text that goes out the process dies as well, before and after, and must come to the same. `moves` knows what can happen, `answers` what
//! a contact could write, `watch` what must never be. The walk is the same every time: breadth first, so that a fault comes with a short way to it.

mod answers;
mod moves;
mod point;
mod roots;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};

use super::rehearsal::Rehearsal;
use super::{Act, Coverage, Crash, Line, Said, Stage, Transcript};
use crate::engine::replay::Engine;
use moves::{Samples, moves};
use watch::{Seen, Watch};

/// Points after which a walk gives up, and says so. The largest shipped playbook has three thousand.
const MAX_POINTS: usize = 10_000;

/// HTTP calls that one move may lead to; more of them in a row are taken as failed.
const MAX_CALLS: usize = 4;

/// Faults told of one playbook: behind the first few the rest are mostly the same again.
const MAX_FAULTS: usize = 10;

/// Codes with which Twilio refuses a text for good: no such number, and a contact who is blocked.
const REFUSALS: [u32; 2] = [21614, 21610];

/// The kinds of fault a walk finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A way that neither ends nor has a clock.
    Endless,
    /// A way that ends as `failed` by the playbook's own doing.
    Fails,
    /// A text of our own idea beyond its hours.
    Window,
    /// Marketing without consent, or anything after an opt-out.
    Consent,
    /// The same text twice with nothing in between, also over a crash.
    Twice,
}

/// A fault, with the way to it.
#[derive(Debug)]
pub struct Found {
    /// Which kind.
    pub kind: Kind,
    /// In words.
    pub what: String,
    /// Line of the step in its playbook, if it is about one.
    pub line: Option<usize>,
    /// The file of that playbook.
    pub path: Option<String>,
    /// A test that comes there.
    pub way: Transcript,
}

/// What a walk came to.
#[derive(Debug, Default)]
pub struct Explored {
    /// Different points.
    pub points: usize,
    /// Moves tried.
    pub moves: usize,
    /// Crashes tried.
    pub crashes: usize,
    /// Every point was walked to its end; else the budget was used up.
    pub complete: bool,
    /// Triggers it could not start from, in words.
    pub left_out: Vec<String>,
    /// What was wrong.
    pub found: Vec<Found>,
}

/// Walks a playbook. `tests` are its own, for data and answers that look real; what was taken by the way is counted.
pub fn explore(stage: &Stage<'_>, playbook: &str, tests: &[Transcript], taken: &mut Coverage) -> Explored {
    walk(stage, playbook, tests, taken, crate::engine::step)
}

/// Likewise, with an engine that may be broken.
fn walk(stage: &Stage<'_>, playbook: &str, tests: &[Transcript], taken: &mut Coverage, engine: Engine) -> Explored {
    let samples = Samples::of(tests);
    let roots::Roots { first, more, left_out } = roots::roots(stage, playbook, tests, &samples);
    let mut walk = Walk { samples, taken, engine, known: HashSet::new(), open: VecDeque::new(), told: HashSet::new(), done: Explored::default() };
    walk.done.left_out = left_out;
    walk.from(stage, &first);
    let plan = stage.plans.by_name(playbook);
    for root in more {
        // Other tests differ in their data alone: they are begun with only where that has not shown all ways yet.
        if plan.is_some_and(|plan| !walk.taken.of(plan).1.is_empty()) {
            walk.from(stage, &[root]);
        }
    }
    walk.done.complete = walk.open.is_empty();
    walk.done.points = walk.known.len();
    walk.done
}

/// A point with the way to it.
#[derive(Clone)]
struct Node<'s> {
    on: Rehearsal<'s>,
    /// Lines that lead here, with what the bot said by the way.
    script: Vec<Line>,
    watch: Watch,
}

struct Walk<'s, 'w> {
    samples: Samples,
    taken: &'w mut Coverage,
    engine: Engine,
    /// Points that have been come to.
    known: HashSet<u64>,
    /// Points to go on from.
    open: VecDeque<Node<'s>>,
    /// Faults told already, by kind and place.
    told: HashSet<String>,
    done: Explored,
}

impl<'s> Walk<'s, '_> {
    /// Walks everything that can be come to from these beginnings.
    fn from(&mut self, stage: &'s Stage<'s>, roots: &[roots::Root]) {
        for root in roots {
            self.begin(stage, &root.head, root.made_up);
        }
        while self.known.len() < MAX_POINTS && self.done.found.len() < MAX_FAULTS {
            let Some(node) = self.open.pop_front() else { break };
            self.on_from(node);
        }
    }

    /// From the head of a test: its start is the first move.
    fn begin(&mut self, stage: &'s Stage<'s>, head: &Transcript, made_up: bool) {
        let (Ok(on), Some(start)) = (Rehearsal::new(stage, head), head.start.clone()) else { return };
        let on = on.with_engine(self.engine);
        let node = Node { on, script: Vec::new(), watch: Watch::new(made_up) };
        self.try_move(&node, &[], &Act::Start(start));
    }

    /// Tries everything that can happen at a point.
    fn on_from(&mut self, mut node: Node<'s>) {
        for act in moves(&mut node.on, &self.samples) {
            self.try_move(&node, &[], &act);
        }
    }

    /// Makes a move, with everything other servers and Twilio could do about it.
    fn try_move(&mut self, from: &Node<'s>, before: &[Act], act: &Act) {
        if self.done.found.len() >= MAX_FAULTS {
            return;
        }
        self.done.moves += 1;
        let mut node = from.clone();
        if let Act::Event(name, _) = act {
            node.watch.made_up |= !self.samples.knows(name);
        }
        let (said, decided) = (node.on.spoken().len(), node.on.decisions().len());
        for early in before {
            // Answers and refusals are only noted.
            let _ = node.on.act(early);
        }
        if node.on.act(act).is_err() {
            return;
        }
        let calls = before.iter().filter(|act| matches!(act, Act::Http(_))).count();
        if let Some(call) = node.on.take_unprepared().into_iter().next().filter(|_| calls < MAX_CALLS) {
            for (answer, made_up) in self.samples.answers(&call) {
                let mut from = from.clone();
                from.watch.made_up |= made_up;
                self.try_move(&from, &[before, &[Act::Http(answer)]].concat(), act);
            }
            return;
        }
        self.taken.count(node.on.decisions().get(decided..).unwrap_or_default());
        let lines = before.iter().chain([act]).filter(|act| !matches!(act, Act::Start(_)));
        node.script.extend(lines.map(|act| Line { at: 0, act: act.clone() }));
        let texts = node.on.spoken().len() - said;
        let refused = before.iter().any(|act| matches!(act, Act::Refuse(_)));
        let seen = trouble(&mut node.on).or_else(|| node.watch.look(&mut node.on, act, (said, decided), refused));
        if let Some(seen) = seen {
            return self.tell(&node, said, seen);
        }
        add_bot_lines(&mut node, said, None);
        if !self.known.insert(point::of(&mut node.on)) {
            return;
        }
        self.crash(from, &node, before, act, (said, texts));
        if texts > 0 && !refused {
            for code in REFUSALS {
                self.try_move(from, &[before, &[Act::Refuse(code)]].concat(), act);
            }
        }
        self.open.push_back(node);
    }

    /// The same move once more for each crash by the way: nothing else may come of it.
    fn crash(&mut self, from: &Node<'s>, without: &Node<'s>, before: &[Act], act: &Act, (said, texts): (usize, usize)) {
        let at_texts = (0..texts).flat_map(|text| [(Crash::BeforeSend, text), (Crash::AfterSend, text)]);
        for (crash, text) in at_texts.chain([(Crash::Any, 0)]) {
            self.done.crashes += 1;
            let mut node = from.clone();
            node.on.world.spare = text;
            let early = [before, &[Act::Crash(crash)]].concat();
            for act in early.iter().chain([act]) {
                let _ = node.on.act(act);
            }
            node.script.extend(early.iter().chain([act]).filter(|act| !matches!(act, Act::Start(_))).map(|act| Line { at: 0, act: act.clone() }));
            let bodies = |node: &Node<'_>| node.on.spoken().iter().skip(said).map(|spoken| spoken.text.body.clone()).collect::<Vec<_>>();
            let (with, plain) = (bodies(&node), bodies(without));
            let same_point = point::of(&mut node.on) == point::of(&mut without.clone().on);
            if with != plain || !same_point || !node.on.take_troubles().is_empty() {
                let more = with.len() > plain.len();
                let word = match crash {
                    Crash::BeforeSend => "before",
                    Crash::AfterSend => "after",
                    Crash::Any => "in the middle of",
                };
                let what = match with.iter().find(|body| with.iter().filter(|other| other == body).count() > 1).filter(|_| more) {
                    Some(body) => format!("`{body}` goes out twice when the process dies {word} a text"),
                    None => format!("when the process dies {word} a text, something else comes of it"),
                };
                let place = more.then(|| node.on.spoken().len() - 1);
                self.tell(&node, said, Seen { kind: Kind::Twice, what, step: None, text: place });
                return;
            }
        }
    }

    /// Tells a fault, once a place.
    fn tell(&mut self, node: &Node<'s>, said: usize, seen: Seen) {
        let Seen { kind, what, step, text } = seen;
        let plan = step.as_ref().and_then(|(playbook, _)| node.on.plans().by_name(playbook));
        let line = plan.zip(step.as_ref()).and_then(|(plan, (_, at))| plan.steps.get(*at)).map(|step| step.line);
        let path = plan.map(|plan| plan.source.path.clone());
        let place = if line.is_some() { String::new() } else { what.clone() };
        if !self.told.insert(format!("{kind:?} {path:?} {line:?} {place}")) {
            return;
        }
        let mut node = node.clone();
        add_bot_lines(&mut node, said, text);
        let mut way = (*node.on.head).clone();
        way.name = format!("explored: {what}");
        way.script = node.script;
        if matches!(kind, Kind::Endless | Kind::Fails) {
            // No text is wrong here, so the end has to be: whoever mends it writes the outcome it should have.
            way.expect = vec![("outcome".to_owned(), 0, "completed".into())];
        }
        self.done.found.push(Found { kind, what, line, path, way });
    }
}

/// What was said becomes lines of the script; the text that should not be there does not, so that the test fails until it is gone.
fn add_bot_lines(node: &mut Node<'_>, said: usize, but: Option<usize>) {
    for heard in node.on.take_heard() {
        node.script.push(Line { at: 0, act: Act::Voice(part(&heard)) });
    }
    let spoken = node.on.spoken().iter().enumerate().skip(said).filter(|(_, spoken)| !spoken.by_agent);
    let lines = spoken.filter(|(place, _)| but != Some(*place)).map(|(_, spoken)| Said { text: Some(part(&spoken.text.body)), ..Said::default() });
    let lines: Vec<Line> = lines.map(|said| Line { at: 0, act: Act::Bot(said) }).collect();
    node.script.extend(lines);
}

/// A text as a `bot` line expects it. One that begins with `~` would be read as a pattern.
pub fn part(body: &str) -> String {
    body.strip_prefix('~').map_or_else(|| body.to_owned(), |_| format!("~^{}", regex::escape(body)))
}

/// What went wrong in the world itself: things that follow each other for ever.
fn trouble(on: &mut Rehearsal<'_>) -> Option<Seen> {
    let what = on.take_troubles().into_iter().find(|trouble| !trouble.starts_with("no answer is prepared"))?;
    Some(Seen { kind: Kind::Endless, what, step: None, text: None })
}
