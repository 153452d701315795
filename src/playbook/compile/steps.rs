//! Lists of steps and branches laid into the arena. What follows a step is decided here, once.

use super::super::keys;
use super::super::plan::{Arm, Choice, Handoff, Http, Next, Past, Question, Remind, Run, Send, Shift, Step, Target, Verb, WaitFor, WaitUntil};
use super::super::small;
use super::super::yaml::{Entry, Node};
use super::{Compiler, Origin, class, texts};
use crate::text::{Length, parse_time_of_day};

/// What an agent may leave a contact waiting before the bot takes over again.
const DEFAULT_IDLE: &str = "24h";
/// One attempt of an HTTP call.
const DEFAULT_HTTP_MS: u64 = 10_000;
/// Longer calls would hold a worker and make the contact wait.
pub(super) const MAX_HTTP_MS: u64 = 30_000;
/// Tries again where a method may be repeated without harm.
const DEFAULT_RETRIES: u32 = 2;

/// Where a step stands in its list.
struct Place<'p> {
    /// Its place in the arena.
    ix: usize,
    /// What follows it.
    next: Next,
    /// What follows the step that follows it.
    skip: Next,
    /// The splits around it.
    marks: &'p [String],
}

/// The ids that `clicked()` knows a branch's texts by.
#[derive(Default)]
pub(super) struct Marks {
    /// For its `say`: those of the step that owns it.
    own: Vec<String>,
    /// For its `do`: the splits around.
    around: Vec<String>,
}

impl<'a> Compiler<'a> {
    /// Lays a list into the arena and returns its beginning. `exit` is what follows its last step.
    pub(super) fn list(&mut self, nodes: &'a [Node], exit: Next, marks: &[String], top: bool) -> Next {
        let verb_of = |node: &'a Node| node.entries().iter().find(|entry| keys::verb(&entry.key).is_some()).map(|entry| (node, entry));
        let steps: Vec<(&Node, &Entry)> = nodes.iter().filter_map(verb_of).collect();
        let first = self.steps.len();
        // All steps of the list get their places before any is compiled, so that gotos find those that come later.
        for (node, entry) in &steps {
            let id = node.get_text("id").map(str::to_owned);
            if let Some(id) = &id {
                self.ids.entry(id.clone()).or_insert(self.steps.len());
            }
            let text = matches!(entry.key.as_str(), "send" | "ask").then_some(&entry.value).or_else(|| node.get("say"));
            let marks = marks.iter().chain(&id).cloned().collect();
            let at = entry.at;
            self.push(
                Step {
                    id,
                    cond: texts::expr(node, "if"),
                    verb: Verb::Goto(exit.clone()),
                    next: exit.clone(),
                    marks,
                    top,
                    line: node.span.line,
                    said: false,
                },
                Origin { at, node, text },
            );
        }
        let place = |nth: usize| if nth < steps.len() { Next::Step(first + nth) } else { exit.clone() };
        for (nth, (node, entry)) in steps.iter().enumerate() {
            let here = Place { ix: first + nth, next: place(nth + 1), skip: place(nth + 2), marks };
            let verb = self.verb(node, entry, &here);
            if let Some(step) = self.steps.get_mut(here.ix) {
                step.next = here.next;
                step.verb = verb.unwrap_or(Verb::Goto(step.next.clone()));
            }
        }
        place(0)
    }

    /// Steps and their origins stay side by side.
    fn push(&mut self, step: Step, origin: Origin<'a>) {
        self.steps.push(step);
        self.origins.push(origin);
    }

    /// Lays a branch into the arena and returns its beginning. `end` is where its plain end leads.
    pub(super) fn branch(&mut self, node: &'a Node, end: &Next, again: Option<&Next>, marks: &Marks) -> Next {
        let exit = if let Some(id) = node.get_text("goto") {
            self.goto(id)
        } else if let Some(outcome) = node.get_text("end") {
            Next::End(outcome.to_owned())
        } else if let (Some(again), Some(true)) = (again, node.get("again").and_then(Node::bool)) {
            again.clone()
        } else {
            end.clone()
        };
        let steps = node.get("do").map(Node::members).unwrap_or_default();
        let Some((say, text)) = node.entry("say").and_then(|entry| Some((entry, self.text(&entry.value)?))) else {
            return self.list(steps, exit, &marks.around, false);
        };
        let ix = self.steps.len();
        let verb = Verb::Send(Send {
            text,
            media: Vec::new(),
            buttons: Vec::new(),
            template: None,
            vars: Vec::new(),
            class: None,
            urgent: false,
            from: None,
            on_failed: None,
        });
        self.push(
            Step { id: None, cond: None, verb, next: exit.clone(), marks: marks.own.clone(), top: false, line: say.at.line, said: true },
            Origin { at: say.at, node, text: Some(&say.value) },
        );
        let next = self.list(steps, exit, &marks.around, false);
        if let Some(step) = self.steps.get_mut(ix) {
            step.next = next;
        }
        Next::Step(ix)
    }

    /// A step by its id. One that is not there was reported; then the talk would end.
    fn goto(&self, id: &str) -> Next {
        self.ids.get(id).map_or(Next::Completed, |ix| Next::Step(*ix))
    }

    /// A branch of a step under a key; without it the talk goes on behind the step.
    fn branch_of(&mut self, node: &'a Node, key: &str, here: &Place<'_>) -> Next {
        let marks = self.marks(here);
        node.get(key).map_or_else(|| here.next.clone(), |branch| self.branch(branch, &here.next, None, &marks))
    }

    /// The ids `clicked()` knows the texts of the step's branches by.
    fn marks(&self, here: &Place<'_>) -> Marks {
        Marks { own: self.steps.get(here.ix).map(|step| step.marks.clone()).unwrap_or_default(), around: here.marks.to_vec() }
    }

    /// What a step does; none if its value is missing, which has been reported: then the talk passes over it.
    fn verb(&mut self, node: &'a Node, entry: &'a Entry, here: &Place<'_>) -> Option<Verb> {
        let value = &entry.value;
        let text = || value.text().map(str::to_owned);
        Some(match entry.key.as_str() {
            "send" => Verb::Send(self.send(node, value, here)?),
            "ask" => {
                let send = self.send(node, value, here)?;
                Verb::Question(Box::new(self.question(node, Some(send), node.get("timeout"), here)))
            }
            "listen" => Verb::Question(Box::new(self.question(node, None, Some(value), here))),
            "wait" => Verb::Wait(length(Some(value))),
            "wait_until" => Verb::WaitUntil(WaitUntil {
                value: texts::template(value.text()?)?,
                shift: match (node.get("before"), node.get("after")) {
                    (Some(before), _) => Shift::Before(length(Some(before))),
                    (_, Some(after)) => Shift::After(length(Some(after))),
                    _ => Shift::None,
                },
                at: node.get_text("at").and_then(parse_time_of_day),
                past: match node.get_text("if_past") {
                    Some("run") => Past::Run,
                    Some("end") => Past::End,
                    _ => Past::Skip(here.skip.clone()),
                },
            }),
            "wait_for" => Verb::WaitFor(WaitFor {
                event: text()?,
                key: texts::template_of(node, "key"),
                filter: texts::expr(node, "where"),
                timeout: length(node.get("timeout")),
                on_timeout: self.branch_of(node, "on_timeout", here),
            }),
            "choose" => {
                let marks = self.marks(here);
                let choices = value.members().iter().map(|member| Choice {
                    cond: texts::expr(member, "if"),
                    to: self.branch(member, &here.next, None, &marks),
                    line: member.span.line,
                });
                Verb::Choose(choices.collect())
            }
            "split" => {
                let own = self.marks(here).own;
                // A link of any variant counts as one of the split.
                let marks = Marks { around: own.clone(), own };
                let arms = value.members().iter().filter_map(|member| {
                    Some(Arm {
                        name: member.get_text("name")?.to_owned(),
                        weight: member.get("weight").and_then(Node::number).and_then(|weight| weight.as_f64())?,
                        to: self.branch(member, &here.next, None, &marks),
                        line: member.span.line,
                    })
                });
                Verb::Split(arms.collect())
            }
            "set" => Verb::Set(texts::typed_entries(value).into_iter().map(|(name, value)| (texts::target(&name), value)).collect()),
            "tag" => Verb::Tag(texts::templates_of(node, "tag")),
            "untag" => Verb::Untag(texts::templates_of(node, "untag")),
            "record" => Verb::Record { name: text()?, data: node.get("data").and_then(texts::typed) },
            "http" => Verb::Http(Box::new(self.http(node, value, here)?)),
            "handoff" => Verb::Handoff(Box::new(self.handoff(node, value, here)?)),
            "run" => Verb::Run(Run {
                playbook: text()?,
                with: node.get("with").map(texts::typed_entries).unwrap_or_default(),
                save: saves(node).filter_map(|(target, value)| Some((target, value.text()?.to_owned()))).collect(),
            }),
            "goto" => Verb::Goto(self.goto(value.text()?)),
            _ => Verb::End(text()?),
        })
    }

    /// The keys that `send` and `ask` share.
    fn send(&mut self, node: &'a Node, text: &'a Node, here: &Place<'_>) -> Option<Send> {
        Some(Send {
            text: self.text(text)?,
            media: texts::templates_of(node, "media"),
            buttons: texts::templates_of(node, "buttons"),
            template: node.get_text("template").map(str::to_owned),
            vars: texts::named_templates(node, "vars"),
            class: node.get_text("class").and_then(class),
            urgent: node.get("urgent").and_then(Node::bool).unwrap_or(false),
            from: node.get_text("from").map(str::to_owned),
            on_failed: node.get("on_failed").is_some().then(|| self.branch_of(node, "on_failed", here)),
        })
    }

    /// `ask` and `listen` are one thing to the engine: a question with or without a text of its own.
    fn question(&mut self, node: &'a Node, send: Option<Send>, timeout: Option<&Node>, here: &Place<'_>) -> Question {
        let marks = self.marks(here);
        let again = Next::Again(Some(here.ix));
        let retry = node.get("retry");
        let remind = node.get("remind").map(Node::members).unwrap_or_default();
        Question {
            send,
            rules: node.get("replies").map(|rules| self.rules(rules, &here.next, &again, &marks)).unwrap_or_default(),
            save: node.get_text("save").map(texts::target),
            retry_max: retry.and_then(|retry| retry.get("max")).and_then(count).unwrap_or(0),
            retry_say: retry.and_then(|retry| retry.get("say")).and_then(|say| self.text(say)),
            on_no_match: match node.get("on_no_match") {
                Some(branch) => self.branch(branch, &here.next, Some(&again), &marks),
                None => here.next.clone(),
            },
            remind: remind
                .iter()
                .filter_map(|member| Some(Remind { after: length(member.get("after")), say: self.text(member.get("say")?)? }))
                .collect(),
            gather: node.get_text("gather").and_then(Length::parse_or_zero),
            timeout: length(timeout),
            on_timeout: self.branch_of(node, "on_timeout", here),
            late: self.late && node.get("on_timeout").is_some_and(|branch| branch.get("end").is_some() && branch.get("do").is_none()),
        }
    }

    /// Only methods that can be repeated without harm are tried again unless the playbook says so.
    fn http(&mut self, node: &'a Node, call: &'a Node, here: &Place<'_>) -> Option<Http> {
        let (method, url) = small::call(call.text()?)?;
        let repeatable = matches!(method, "GET" | "PUT" | "DELETE");
        Some(Http {
            method: method.to_owned(),
            url: texts::template(url)?,
            headers: texts::named_templates(node, "headers"),
            json: node.get("json").and_then(texts::typed),
            form: node.get("form").map(texts::typed_entries).unwrap_or_default(),
            timeout_ms: node
                .get_text("timeout")
                .and_then(Length::parse)
                .map_or(DEFAULT_HTTP_MS, |length| length.seconds.saturating_mul(1000))
                .min(MAX_HTTP_MS),
            retries: node.get("retries").and_then(count).unwrap_or(if repeatable { DEFAULT_RETRIES } else { 0 }),
            save: saves(node).filter_map(|(target, path)| Some((target, path.text()?.split('.').map(str::to_owned).collect()))).collect(),
            on_error: self.branch_of(node, "on_error", here),
        })
    }

    /// A hand-off; its `on_sla` is a side branch, so a plain end resumes.
    fn handoff(&mut self, node: &'a Node, queue: &'a Node, here: &Place<'_>) -> Option<Handoff> {
        let marks = self.marks(here);
        Some(Handoff {
            queue: queue.text()?.to_owned(),
            note: texts::template_of(node, "note"),
            say: node.get("say").and_then(|say| self.text(say)),
            priority: node.get_text("priority").unwrap_or("normal").to_owned(),
            sla: node.get_text("sla").and_then(Length::parse),
            on_sla: node.get("on_sla").map(|branch| self.branch(branch, &Next::Resume, None, &marks)),
            idle: node.get_text("idle").and_then(Length::parse).or_else(|| Length::parse(DEFAULT_IDLE))?,
            timeout: length(node.get("timeout")),
            on_timeout: self.branch_of(node, "on_timeout", here),
        })
    }
}

/// A length that was found good; of one that was not, none at all.
fn length(node: Option<&Node>) -> Length {
    node.and_then(Node::text).and_then(Length::parse).unwrap_or(Length { days: 0, seconds: 0 })
}

/// A whole number that was found good.
fn count(node: &Node) -> Option<u32> {
    node.number().and_then(|number| number.as_u64()).and_then(|number| u32::try_from(number).ok())
}

/// The entries of a step's `save` map.
fn saves(node: &Node) -> impl Iterator<Item = (Target, &Node)> {
    node.get("save").map(Node::entries).unwrap_or_default().iter().map(|entry| (texts::target(&entry.key), &entry.value))
}
