//! A tree that was found good → a `Plan`: every name resolved, every text compiled.
//!
//! Total: of a tree with faults it makes a plan with gaps, so that the rules can still follow its ways; such a plan is never loaded.

mod steps;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::fault::Span;
use super::plan::{
    CompiledAudience, Entry, Exit, ExitOn, Goal, IfBusy, IfRunning, Ix, Next, Plan, Rule, Source, Step, Trigger, TriggerKind, TriggerZone, Verb,
};
use super::yaml::Node;
use super::{hash, matches, small};
use crate::model::{Audience, Class};
use crate::text::{Days, Length, OpenHours, Window};

use steps::Marks;
pub use texts::{FileText, files_of};

/// Where a step of a plan comes from, for faults.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The verb's key, or the `say` of a branch.
    pub at: Span,
    /// The step; for a `say` the branch it stands in.
    pub node: &'a Node,
    /// The text it sends, if it sends one.
    pub text: Option<&'a Node>,
}

/// A plan with the origins of its steps, one for each.
#[derive(Debug)]
pub struct Compiled<'a> {
    /// The plan.
    pub plan: Arc<Plan>,
    /// For each of `plan.steps` where it comes from.
    pub origins: Vec<Origin<'a>>,
}

/// What a file is compiled with.
pub struct Inputs<'a> {
    /// Path as shown.
    pub path: &'a str,
    /// The YAML.
    pub yaml: &'a str,
    /// Its tree.
    pub root: &'a Node,
    /// All texts from files.
    pub templates: &'a BTreeMap<String, String>,
    /// The sub-playbooks it runs.
    pub runs: BTreeMap<String, Arc<Plan>>,
}

/// Compiles one file.
pub fn compile<'a>(inputs: Inputs<'a>) -> Compiled<'a> {
    let root = inputs.root;
    let mut compiler = Compiler {
        templates: inputs.templates,
        used: BTreeMap::new(),
        steps: Vec::new(),
        origins: Vec::new(),
        ids: BTreeMap::new(),
        late: root.get("late_replies").is_some(),
    };
    let start = compiler.list(root.get("steps").map(Node::members).unwrap_or_default(), Next::Completed, &[], true);
    let anytime = root.get("anytime").map(|node| compiler.rules(node, &Next::Resume, &Next::Again(None), &Marks::default())).unwrap_or_default();
    let exit = root.get("exit").map(|node| node.members().iter().filter_map(|member| compiler.exit(member)).collect()).unwrap_or_default();
    let triggers = root.get("triggers").map(|node| node.members().iter().filter_map(|member| compiler.trigger(member)).collect()).unwrap_or_default();
    let Compiler { used, steps, origins, ids, .. } = compiler;

    let mut awaited: Vec<String> = inputs.runs.values().flat_map(|plan| plan.awaited.clone()).collect();
    awaited.extend(steps.iter().filter_map(|step| if let Verb::WaitFor(wait) = &step.verb { Some(wait.event.clone()) } else { None }));
    awaited.sort();
    awaited.dedup();
    let listens = steps.iter().any(|step| matches!(step.verb, Verb::Question(_) | Verb::Handoff(_)));
    let tells = |text: &str| text.contains("transcript(");
    let text = |key: &str| root.get_text(key).map(str::to_owned);
    let length = |key: &str| root.get_text(key).and_then(Length::parse);
    let plan = Plan {
        name: text("playbook").unwrap_or_default(),
        hash: hash::of_plan(inputs.yaml, &used, &inputs.runs),
        about: text("about"),
        class: root.get_text("message_class").and_then(class).unwrap_or(Class::Conversational),
        language: text("language"),
        from: text("from"),
        triggers,
        audience: root.get("audience").map(audience),
        entry: root.get_text("entry").and_then(small::entry).unwrap_or(Entry::Always),
        if_busy: match root.get_text("if_busy") {
            Some("skip") => IfBusy::Skip,
            Some("interrupt") => IfBusy::Interrupt,
            _ => IfBusy::Wait,
        },
        hours: OpenHours {
            window: root.get_text("send_window").and_then(Window::parse),
            days: root.get_text("days").and_then(Days::parse).unwrap_or(Days::ALL),
        },
        cap: root.get_text("cap").and_then(small::cap),
        spread_over: length("spread_over"),
        max_rate: root.get_text("max_rate").and_then(small::rate),
        goal: root.get("goal").and_then(|node| {
            Some(Goal {
                event: node.get_text("event")?.to_owned(),
                filter: texts::expr(node, "where"),
                within: node.get_text("within").and_then(Length::parse)?,
                exit: node.get("exit").and_then(Node::bool).unwrap_or(false),
            })
        }),
        exit,
        anytime,
        late_replies: length("late_replies"),
        params: root
            .get("params")
            .map(|node| node.entries().iter().map(|entry| (entry.key.clone(), texts::value(&entry.value))).collect())
            .unwrap_or_default(),
        moves: root.get_text("upgrade") == Some("move"),
        renamed: root
            .get("renamed")
            .map(|node| node.entries().iter().filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned()))).collect())
            .unwrap_or_default(),
        steps,
        start,
        ids,
        listens: listens || inputs.runs.values().any(|plan| plan.listens),
        wants_transcript: tells(inputs.yaml) || used.values().any(|text| tells(text)) || inputs.runs.values().any(|plan| plan.wants_transcript),
        awaited,
        source: Source {
            path: inputs.path.to_owned(),
            yaml: inputs.yaml.to_owned(),
            templates: used,
            runs: inputs.runs.iter().map(|(name, plan)| (name.clone(), plan.source.clone())).collect(),
        },
        runs: inputs.runs,
    };
    Compiled { plan: Arc::new(plan), origins }
}

/// The arena while it grows.
struct Compiler<'a> {
    /// All texts from files.
    templates: &'a BTreeMap<String, String>,
    /// Those this playbook uses.
    used: BTreeMap<String, String>,
    /// The arena.
    steps: Vec<Step>,
    /// For each step where it comes from.
    origins: Vec<Origin<'a>>,
    /// Step ids met so far: those of the lists around are always there before a goto asks.
    ids: BTreeMap<String, Ix>,
    /// The playbook takes late replies.
    late: bool,
}

impl<'a> Compiler<'a> {
    /// Reply rules; `end` is where a plain end leads, `again` what `again` means here.
    fn rules(&mut self, node: &'a Node, end: &Next, again: &Next, marks: &Marks) -> Vec<Rule> {
        node.members()
            .iter()
            .map(|rule| Rule {
                matches: rule.get("match").map(matches::read).unwrap_or_default(),
                save_as: rule.get("as").and_then(texts::as_value),
                to: self.branch(rule, end, Some(again), marks),
                line: rule.span.line,
            })
            .collect()
    }

    /// An exit by an event or by a tag.
    fn exit(&mut self, node: &'a Node) -> Option<Exit> {
        let tagged = || node.get_text("tagged").map(|tag| ExitOn::Tagged(tag.to_owned()));
        Some(Exit {
            on: node.get_text("event").map(|event| ExitOn::Event(event.to_owned())).or_else(tagged)?,
            key: texts::template_of(node, "key"),
            cond: texts::expr(node, "if"),
            say: node.get("say").and_then(|say| self.text(say)),
            end: node.get_text("end")?.to_owned(),
            line: node.span.line,
        })
    }

    /// A trigger is known by its first key; a schedule whose zone is unknown is left out, as it has been reported.
    fn trigger(&mut self, node: &'a Node) -> Option<Trigger> {
        let text = |key: &str| node.get_text(key).map(str::to_owned);
        let to = || -> Vec<String> {
            node.get("to").map(|to| to.one_or_many().iter().filter_map(Node::text).map(str::to_owned).collect()).unwrap_or_default()
        };
        let if_running = match node.get_text("if_running") {
            Some("restart") => IfRunning::Restart,
            Some("update") => IfRunning::Update,
            Some("parallel") => IfRunning::Parallel,
            _ => IfRunning::Ignore,
        };
        let zone = || match node.get_text("timezone") {
            Some("contact") => Some(TriggerZone::Contact),
            Some(name) => TimeZone::get(name).ok().map(TriggerZone::Fixed),
            None => None,
        };
        let kind = if let Some(name) = text("event") {
            TriggerKind::Event { name, filter: texts::expr(node, "where"), key: texts::template_of(node, "key"), if_running }
        } else if let Some(words) = node.get("keyword") {
            let words = words.one_or_many().iter().filter_map(Node::text).map(crate::text::cut).collect();
            TriggerKind::Keyword { words, if_running, to: to() }
        } else if node.get("message").is_some() {
            TriggerKind::Message { to: to() }
        } else if node.get("call").is_some() {
            TriggerKind::Call { say: node.get("say").and_then(|say| self.text(say)), to: to() }
        } else if let Some(tag) = text("tagged") {
            TriggerKind::Tagged(tag)
        } else if let Some(line) = text("cron") {
            TriggerKind::Cron { line, zone: zone()?, until: text("until") }
        } else {
            TriggerKind::At { when: text("at")?, zone: zone()? }
        };
        Some(Trigger { kind, line: node.span.line })
    }
}

/// The class of a word.
pub(super) fn class(word: &str) -> Option<Class> {
    [Class::Marketing, Class::Transactional, Class::Conversational].into_iter().find(|class| class.as_str() == word)
}

/// As written, since a broadcast keeps it, and compiled.
fn audience(node: &Node) -> CompiledAudience {
    let text = |key: &str| node.get_text(key).map(str::to_owned);
    CompiledAudience {
        written: Audience {
            filter: text("where"),
            list: text("list"),
            exclude_recent: text("exclude_recent"),
            holdout: text("holdout"),
            limit: node.get("limit").and_then(Node::number).and_then(|limit| limit.as_u64()),
        },
        filter: texts::expr(node, "where"),
        exclude_recent: node.get_text("exclude_recent").and_then(Length::parse),
        holdout: node.get_text("holdout").and_then(small::percent).unwrap_or(0.0),
    }
}
