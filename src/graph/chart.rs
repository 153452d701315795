//! The boxes and arrows of a plan. Steps that only lead elsewhere (`goto`, `end`) are arrows, not boxes; steps that nothing leads to
//! are left out.

use std::collections::{BTreeMap, VecDeque};

use super::labels;
use crate::playbook::Plan;
use crate::playbook::plan::{Handoff, Ix, Match, Next, Past, Question, Step, Verb};

/// What a box looks like, which tells what happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Where it begins.
    Start,
    /// Something is done.
    Action,
    /// The contact is heard.
    Question,
    /// Time passes.
    Wait,
    /// One way of several.
    Choice,
    /// A person, another playbook, another server.
    Outside,
    /// An outcome, or whatever was open before.
    End,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Unique in the chart.
    pub name: String,
    /// What it looks like.
    pub shape: Shape,
    /// What happens there, in the word the playbook has for it.
    pub kind: &'static str,
    /// The id of its step, if it has one.
    pub step: Option<String>,
    /// When it is not passed over.
    pub cond: Option<String>,
    /// The beginning of its text, or whom it is about; may be empty.
    pub text: String,
    /// What else is worth knowing, line by line.
    pub notes: Vec<String>,
}

/// Kinds whose text says what happens without the word for it.
const PLAIN: &[&str] = &["start", "anytime", "exit", "end", "open", "send", "ask", "http"];

impl Node {
    /// All that stands in it, line by line, for pictures that have nothing but lines.
    pub fn lines(&self) -> Vec<String> {
        let does = if PLAIN.contains(&self.kind) { self.text.clone() } else { format!("{} {}", self.kind, self.text).trim_end().to_owned() };
        let cond = self.cond.as_ref().map(|cond| format!("if {cond}"));
        cond.into_iter().chain(self.step.clone()).chain([does]).chain(self.notes.iter().cloned()).collect()
    }
}

/// An arrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Name of the box it begins at.
    pub from: String,
    /// Name of the box it leads to.
    pub to: String,
    /// Which way out of that box: `next`, `reply-1`, `no_match`, `timeout` … With the step's id it names the arrow in every version of the
    /// playbook that has the step.
    pub way: String,
    /// When it is taken; empty: always.
    pub label: String,
    /// Back to a question, or beside the main way.
    pub dotted: bool,
}

/// A plan as boxes and arrows, in the order in which they are come by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// The boxes.
    pub nodes: Vec<Node>,
    /// The arrows.
    pub arrows: Vec<Arrow>,
}

/// Draws a plan up.
pub fn chart(plan: &Plan) -> Chart {
    let mut drawer = Drawer { plan, chart: Chart::default(), outcomes: BTreeMap::new(), waiting: VecDeque::new(), seen: Vec::new() };
    drawer.start();
    while let Some(ix) = drawer.waiting.pop_front() {
        if let Some(step) = plan.steps.get(ix) {
            drawer.step(ix, step);
        }
    }
    drawer.chart
}

/// The box of a question that stays open while something is said beside it.
const STAYS_OPEN: &str = "open";

/// Walks through a plan from its start, so that boxes come in the order in which people come by them.
struct Drawer<'p> {
    /// What is drawn.
    plan: &'p Plan,
    /// What there is of it so far.
    chart: Chart,
    /// Boxes of outcomes, each once.
    outcomes: BTreeMap<String, String>,
    /// Steps that an arrow leads to and that have no box yet.
    waiting: VecDeque<Ix>,
    /// Steps that had an arrow.
    seen: Vec<Ix>,
}

impl Drawer<'_> {
    /// What comes before the first step, and what can happen at any.
    fn start(&mut self) {
        let plan = self.plan;
        let triggers = plan.triggers.iter().map(|trigger| labels::trigger(&trigger.kind));
        let notes = triggers.chain(plan.goal.as_ref().map(labels::goal)).collect();
        self.chart.nodes.push(Node { notes, ..node("start", Shape::Start, "start", &plan.name) });
        self.arrow("start", &plan.start, "next", String::new());
        if !plan.anytime.is_empty() {
            self.chart.nodes.push(node("anytime", Shape::Question, "anytime", "at any question"));
        }
        for (rule, way) in plan.anytime.iter().zip(numbered("reply")) {
            self.arrow("anytime", &rule.to, &way, labels::matches(&rule.matches));
        }
        if !plan.exit.is_empty() {
            self.chart.nodes.push(node("exit", Shape::Choice, "exit", "at any time"));
        }
        for (exit, way) in plan.exit.iter().zip(numbered("exit")) {
            self.arrow("exit", &Next::End(exit.end.clone()), &way, labels::exit(exit));
        }
    }

    /// The box of a step and the arrows that leave it.
    fn step(&mut self, ix: Ix, step: &Step) {
        let name = name(ix);
        let words = labels::verb(&step.verb);
        self.chart.nodes.push(Node {
            name: name.clone(),
            shape: shape(&step.verb),
            kind: words.kind,
            step: step.id.clone(),
            cond: step.cond.as_ref().map(|cond| labels::condition(Some(cond))),
            text: words.text,
            notes: words.notes,
        });
        let next = &step.next;
        match &step.verb {
            Verb::Send(send) => {
                self.arrow(&name, next, "next", String::new());
                self.also(&name, send.on_failed.as_ref(), "failed", "failed");
            }
            Verb::Question(question) => self.question(&name, question, next),
            Verb::WaitUntil(until) => {
                self.arrow(&name, next, "next", String::new());
                match &until.past {
                    Past::Skip(past) => self.arrow(&name, past, "past", "past".to_owned()),
                    Past::End => self.arrow(&name, &Next::End("past".to_owned()), "past", "past".to_owned()),
                    Past::Run => {}
                }
            }
            Verb::WaitFor(wait) => {
                self.arrow(&name, next, "next", wait.event.clone());
                self.arrow(&name, &wait.on_timeout, "timeout", labels::after(&wait.timeout));
            }
            Verb::Choose(choices) => {
                for (choice, way) in choices.iter().zip(numbered("branch")) {
                    self.arrow(&name, &choice.to, &way, labels::condition(choice.cond.as_ref()));
                }
                if choices.iter().all(|choice| choice.cond.is_some()) {
                    self.arrow(&name, next, "otherwise", "otherwise".to_owned());
                }
            }
            Verb::Split(arms) => {
                for (arm, way) in arms.iter().zip(numbered("branch")) {
                    self.arrow(&name, &arm.to, &way, labels::share(arm, arms));
                }
            }
            Verb::Http(http) => {
                self.arrow(&name, next, "next", String::new());
                self.also(&name, Some(&http.on_error), "error", "error");
            }
            Verb::Handoff(handoff) => self.handoff(&name, handoff, next),
            Verb::Goto(to) => self.arrow(&name, to, "next", String::new()),
            Verb::End(outcome) => self.arrow(&name, &Next::End(outcome.clone()), "next", String::new()),
            Verb::Wait(_) | Verb::Set(_) | Verb::Tag(_) | Verb::Untag(_) | Verb::Record { .. } | Verb::Run(_) => {
                self.arrow(&name, next, "next", String::new());
            }
        }
        // A step that may be passed over has one more way on.
        if step.cond.is_some() && matches!(step.verb, Verb::Goto(_) | Verb::End(_)) {
            self.arrow(&name, next, "otherwise", "otherwise".to_owned());
        }
    }

    /// An arrow for each answer, for none that fits, and for none at all.
    fn question(&mut self, name: &str, question: &Question, next: &Next) {
        for (rule, way) in question.rules.iter().zip(numbered("reply")) {
            self.arrow(name, &rule.to, &way, labels::matches(&rule.matches));
        }
        let takes_all = question.rules.iter().flat_map(|rule| &rule.matches).any(|one| matches!(one, Match::Any | Match::Other));
        if question.rules.is_empty() {
            self.arrow(name, next, "next", "any answer".to_owned());
        } else if !takes_all {
            self.arrow(name, &question.on_no_match, "no_match", "anything else".to_owned());
        }
        self.arrow(name, &question.on_timeout, "timeout", labels::no_reply(&question.timeout));
        self.also(name, question.send.as_ref().and_then(|send| send.on_failed.as_ref()), "failed", "failed");
    }

    /// A person closes it, or nobody comes.
    fn handoff(&mut self, name: &str, handoff: &Handoff, next: &Next) {
        self.arrow(name, next, "next", "closed".to_owned());
        self.arrow(name, &handoff.on_timeout, "timeout", labels::after(&handoff.timeout));
        self.also(name, handoff.on_sla.as_ref(), "sla", "late");
    }

    /// An arrow for what goes wrong, or beside the main way.
    fn also(&mut self, from: &str, next: Option<&Next>, way: &str, label: &str) {
        if let Some(next) = next {
            let to = self.target(next);
            self.chart.arrows.push(Arrow { from: from.to_owned(), to, way: way.to_owned(), label: label.to_owned(), dotted: true });
        }
    }

    fn arrow(&mut self, from: &str, next: &Next, way: &str, label: String) {
        let to = self.target(next);
        let dotted = matches!(next, Next::Again(_) | Next::Resume);
        self.chart.arrows.push(Arrow { from: from.to_owned(), to, way: way.to_owned(), label, dotted });
    }

    /// The box that a way leads to, made if it has none.
    fn target(&mut self, next: &Next) -> String {
        match self.landing(next) {
            Next::Step(ix) | Next::Again(Some(ix)) => {
                if !self.seen.contains(&ix) {
                    self.seen.push(ix);
                    self.waiting.push_back(ix);
                }
                name(ix)
            }
            Next::Completed => self.outcome("completed"),
            Next::End(outcome) => self.outcome(&outcome),
            Next::Again(None) | Next::Resume => {
                if !self.chart.nodes.iter().any(|node| node.name == STAYS_OPEN) {
                    self.chart.nodes.push(node(STAYS_OPEN, Shape::End, "open", "what was open stays open"));
                }
                STAYS_OPEN.to_owned()
            }
        }
    }

    /// Where a way really leads, through steps that only lead elsewhere. Such steps in a ring are a fault, but must not hang this.
    fn landing(&self, next: &Next) -> Next {
        let mut next = next.clone();
        for _ in 0..self.plan.steps.len() {
            let Next::Step(ix) = next else { break };
            next = match self.plan.steps.get(ix).filter(|step| step.cond.is_none()).map(|step| &step.verb) {
                Some(Verb::Goto(to)) => to.clone(),
                Some(Verb::End(outcome)) => Next::End(outcome.clone()),
                _ => break,
            };
        }
        next
    }

    /// The box of an outcome: however many ways end so, it is one.
    fn outcome(&mut self, outcome: &str) -> String {
        if let Some(name) = self.outcomes.get(outcome) {
            return name.clone();
        }
        let name = format!("e{}", self.outcomes.len());
        self.outcomes.insert(outcome.to_owned(), name.clone());
        self.chart.nodes.push(node(&name, Shape::End, "end", outcome));
        name
    }
}

/// A box that is no step.
fn node(name: &str, shape: Shape, kind: &'static str, text: &str) -> Node {
    Node { name: name.to_owned(), shape, kind, step: None, cond: None, text: text.to_owned(), notes: Vec::new() }
}

/// `reply-1`, `reply-2` …, as they stand in the file.
fn numbered(way: &str) -> impl Iterator<Item = String> {
    (1..).map(move |number: usize| format!("{way}-{number}"))
}

/// Names of boxes are short, as Mermaid writes them at every arrow.
fn name(ix: Ix) -> String {
    format!("s{ix}")
}

fn shape(verb: &Verb) -> Shape {
    match verb {
        Verb::Question(_) => Shape::Question,
        Verb::Wait(_) | Verb::WaitUntil(_) | Verb::WaitFor(_) => Shape::Wait,
        Verb::Choose(_) | Verb::Split(_) => Shape::Choice,
        Verb::Http(_) | Verb::Handoff(_) | Verb::Run(_) => Shape::Outside,
        Verb::Send(_) | Verb::Set(_) | Verb::Tag(_) | Verb::Untag(_) | Verb::Record { .. } | Verb::Goto(_) | Verb::End(_) => Shape::Action,
    }
}
