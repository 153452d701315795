//! The ways through a plan: what can follow a step, and what is surely known when a step is reached.

use std::collections::BTreeSet;

use super::plan::{Ix, Next, Past, Plan, Target, Verb};

/// Why a talk goes from one step to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once.
    On,
    /// The contact answered, and a rule understood it.
    Answer,
    /// The contact wrote something that is not taken as the answer.
    Other,
    /// A clock ran out.
    Time,
    /// An event came.
    Event,
    /// A person closed the hand-off.
    Person,
    /// A text was refused, or a call failed.
    Failed,
    /// Beside an open hand-off.
    Side,
}

/// A way from a step.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'p> {
    /// Where to.
    pub to: &'p Next,
    /// Why.
    pub way: Way,
}

/// The step a way leads to, if it leads to one.
pub fn target(next: &Next) -> Option<Ix> {
    match next {
        Next::Step(ix) | Next::Again(Some(ix)) => Some(*ix),
        _ => None,
    }
}

/// Whether the step rests: nothing follows until the contact, a clock, an event or a person is there.
pub fn rests(verb: &Verb) -> bool {
    matches!(verb, Verb::Question(_) | Verb::Wait(_) | Verb::WaitUntil(_) | Verb::WaitFor(_) | Verb::Handoff(_))
}

/// All ways from a step.
pub fn edges(plan: &Plan, ix: Ix) -> Vec<Edge<'_>> {
    let Some(step) = plan.steps.get(ix) else { return Vec::new() };
    let next = &step.next;
    let mut edges = Vec::new();
    let mut add = |to, way| edges.push(Edge { to, way });
    if step.cond.is_some() {
        add(next, Way::On);
    }
    match &step.verb {
        Verb::Send(send) => {
            add(next, Way::On);
            if let Some(to) = &send.on_failed {
                add(to, Way::Failed);
            }
        }
        Verb::Question(question) => {
            if question.rules.is_empty() {
                add(next, Way::Answer);
            }
            question.rules.iter().for_each(|rule| add(&rule.to, Way::Answer));
            if !question.rules.is_empty() {
                add(&question.on_no_match, Way::Other);
            }
            plan.anytime.iter().for_each(|rule| add(&rule.to, Way::Other));
            add(&question.on_timeout, Way::Time);
            if let Some(to) = question.send.as_ref().and_then(|send| send.on_failed.as_ref()) {
                add(to, Way::Failed);
            }
        }
        Verb::Wait(_) => add(next, Way::Time),
        Verb::WaitUntil(wait) => {
            add(next, Way::Time);
            if let Past::Skip(to) = &wait.past {
                add(to, Way::On);
            }
        }
        Verb::WaitFor(wait) => {
            add(next, Way::Event);
            add(&wait.on_timeout, Way::Time);
        }
        Verb::Choose(choices) => {
            choices.iter().for_each(|choice| add(&choice.to, Way::On));
            if choices.iter().all(|choice| choice.cond.is_some()) {
                add(next, Way::On);
            }
        }
        Verb::Split(arms) => arms.iter().for_each(|arm| add(&arm.to, Way::On)),
        Verb::Http(http) => {
            add(next, Way::On);
            add(&http.on_error, Way::Failed);
        }
        Verb::Handoff(handoff) => {
            add(next, Way::Person);
            add(&handoff.on_timeout, Way::Time);
            if let Some(to) = &handoff.on_sla {
                add(to, Way::Side);
            }
        }
        Verb::Goto(to) => add(to, Way::On),
        Verb::End(_) => {}
        Verb::Set(_) | Verb::Tag(_) | Verb::Untag(_) | Verb::Record { .. } | Verb::Run(_) => add(next, Way::On),
    }
    edges
}

/// The steps that some way leads to, from these on.
pub fn reached(plan: &Plan, from: impl IntoIterator<Item = Ix>) -> BTreeSet<Ix> {
    let mut open: Vec<Ix> = from.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(ix) = open.pop() {
        if ix < plan.steps.len() && found.insert(ix) {
            open.extend(edges(plan, ix).iter().filter_map(|edge| target(edge.to)));
        }
    }
    found
}

/// Whether a plan, or one it runs, ever rests.
pub fn ever_rests(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| rests(&step.verb)) || plan.runs.values().any(|run| ever_rests(run))
}

/// What a step gives a value to on its way out, as names in templates: `budget`, `contact.score`, `order`.
pub fn sets(plan: &Plan, ix: Ix, way: Way) -> Vec<String> {
    let name = |target: &Target| match target {
        Target::Name(name) => name.clone(),
        Target::Contact(field) => format!("contact.{field}"),
    };
    let Some(step) = plan.steps.get(ix) else { return Vec::new() };
    let id = || step.id.clone().into_iter();
    match (&step.verb, way) {
        (Verb::Question(question), Way::Answer) => question.save.iter().map(name).collect(),
        (Verb::Set(values), _) => values.iter().map(|(target, _)| name(target)).collect(),
        (Verb::Http(http), Way::On) => http.save.iter().map(|(target, _)| name(target)).collect(),
        (Verb::Run(run), _) => run.save.iter().map(|(target, _)| name(target)).chain(id()).collect(),
        (Verb::WaitFor(_), Way::Event) | (Verb::Handoff(_), Way::Person) | (Verb::Split(_), _) => id().collect(),
        _ => Vec::new(),
    }
}

/// For each step the names that have a value on every way to it; none for steps that nothing leads to.
pub fn surely_set(plan: &Plan) -> Vec<Option<BTreeSet<String>>> {
    let mut known: Vec<Option<BTreeSet<String>>> = vec![None; plan.steps.len()];
    let mut open: Vec<(Ix, BTreeSet<String>)> = target(&plan.start).map(|ix| (ix, plan.params.keys().cloned().collect())).into_iter().collect();
    while let Some((ix, names)) = open.pop() {
        let Some(here) = known.get_mut(ix) else { continue };
        let merged = match here.as_ref() {
            Some(before) => before.intersection(&names).cloned().collect(),
            None => names,
        };
        if here.as_ref() == Some(&merged) {
            continue;
        }
        *here = Some(merged.clone());
        let passed_over = plan.steps.get(ix).is_some_and(|step| step.cond.is_some());
        for (nth, edge) in edges(plan, ix).into_iter().enumerate() {
            let Some(to) = target(edge.to) else { continue };
            let mut names = merged.clone();
            // The first way of a step with `if` is the one past it: there it does nothing.
            if !(passed_over && nth == 0) {
                names.extend(sets(plan, ix, edge.way));
            }
            open.push((to, names));
        }
    }
    known
}
