//! Why somebody was, or was not, texted: one sentence for each rule that decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::journal::{TurnRow, turns};
use super::live::Live;
use crate::engine::{Decision, Way, belongs};
use crate::graph;
use crate::model::{BroadcastState, Contact, ConversationId, Happening, MessageId, MessageStatus, Phone, Time};
use crate::playbook::plan::{Ix, Plan, Verb};
use crate::playbook::{PlanSet, compile_audience};
use crate::store::{self, Shared};

/// Broadcasts looked at, newest first: older ones are in nobody's mind.
const MAX_BROADCASTS: usize = 50;

/// Letters of a text that are shown.
const EXCERPT: usize = 40;

/// A rule that decided.
#[derive(Debug, Serialize)]
pub struct Reason {
    /// When; none for what holds now.
    pub at: Option<String>,
    /// Of which playbook.
    pub playbook: Option<String>,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
    /// Its name, for programs.
    pub rule: String,
    /// In words.
    pub sentence: String,
}

/// All rules that decided about a contact, oldest first, then those that hold now; of one playbook, if one is named. None: nobody knows the
/// contact.
pub async fn why(store: &Shared, live: &Live, phone: &Phone, playbook: Option<&str>) -> store::Result<Option<Vec<Reason>>> {
    let Some(contact) = store.contact(phone).await? else { return Ok(None) };
    let turns = turns(store, phone).await?;
    let mut teller = Teller { store, playbook, plans: live.now(), owners: BTreeMap::new(), said: Vec::new() };
    for turn in &turns {
        for decision in &turn.recorded.decisions {
            teller.tell(live, turn, decision).await?;
        }
    }
    teller.now(&contact, &turns).await?;
    Ok(Some(teller.said))
}

/// Collects sentences.
struct Teller<'w> {
    store: &'w Shared,
    playbook: Option<&'w str>,
    plans: Arc<PlanSet>,
    /// Playbook and version of each conversation met.
    owners: BTreeMap<ConversationId, Option<(String, Arc<Plan>)>>,
    said: Vec<Reason>,
}

impl Teller<'_> {
    async fn tell(&mut self, live: &Live, turn: &TurnRow, decision: &Decision) -> store::Result<()> {
        let (conversation, rule, sentence) = match decision {
            Decision::Started { conversation, .. } => (Some(conversation), "started".to_owned(), "it began".to_owned()),
            Decision::NotStarted { playbook, reason } => {
                let broadcast = turn.recorded.events.iter().find_map(|event| match &event.what {
                    Happening::Start { broadcast, .. } => Some(format!(" (broadcast `{broadcast}`)")),
                    _ => None,
                });
                let sentence = format!("it did not begin{}: {}", broadcast.unwrap_or_default(), not_started(reason));
                self.say(Some(turn.at), Some(playbook.clone()), None, reason.clone(), sentence);
                return Ok(());
            }
            Decision::Took { conversation, playbook, at, way } => {
                let plan = self.owner(live, conversation).await?.map(|(_, plan)| plan);
                let plan = plan.and_then(|plan| if plan.name == *playbook { Some(plan) } else { plan.runs.get(playbook).cloned() });
                (Some(conversation), way.name(), took(plan.as_deref(), *at, *way))
            }
            Decision::Claimed { conversation } => (Some(conversation), "claimed".to_owned(), "the contact's text went to it".to_owned()),
            Decision::Unclaimed => {
                self.say(Some(turn.at), None, None, "unclaimed".to_owned(), "the contact's text went to no playbook".to_owned());
                return Ok(());
            }
            Decision::Queued { conversation, message } => (Some(conversation), "queued".to_owned(), self.text(message).await?),
            Decision::Held { conversation, until } => {
                (Some(conversation), "window".to_owned(), format!("a text is held until {}, when its hours begin", until.rfc3339()))
            }
            Decision::Skipped { conversation, reason } => (Some(conversation), reason.clone(), format!("a text was not sent: {}", skipped(reason))),
            Decision::Stumbled { conversation, why } => (Some(conversation), "stumbled".to_owned(), why.clone()),
            Decision::Line { conversation, what } => {
                let sentence = if what == "waits" { "another conversation has the line; it waits" } else { "it took the line from another" };
                (Some(conversation), format!("line_{what}"), sentence.to_owned())
            }
            Decision::Goal { conversation } => (Some(conversation), "goal".to_owned(), "its goal was reached".to_owned()),
            Decision::HandedOff { conversation, queue } => {
                (Some(conversation), "handoff".to_owned(), format!("a person from `{queue}` was asked for"))
            }
            Decision::Consent { what } => {
                let sentence = if what == "opted_out" { "the contact opted out: nothing may be sent" } else { "the contact opted in" };
                self.say(Some(turn.at), None, None, what.clone(), sentence.to_owned());
                return Ok(());
            }
            Decision::Moved { conversation, version } => {
                (Some(conversation), "moved".to_owned(), format!("it goes on in version {version} of its playbook"))
            }
            Decision::Ended { conversation, outcome, .. } => (Some(conversation), "ended".to_owned(), format!("it ended: `{outcome}`")),
            // Where it came by decides nothing.
            Decision::Step { .. } | Decision::Recorded { .. } => return Ok(()),
        };
        let Some(conversation) = conversation else { return Ok(()) };
        let playbook = self.owner(live, conversation).await?.map(|(name, _)| name);
        self.say(Some(turn.at), playbook, Some(conversation.clone()), rule, sentence);
        Ok(())
    }

    fn say(&mut self, at: Option<Time>, playbook: Option<String>, conversation: Option<ConversationId>, rule: String, sentence: String) {
        // What is about the contact as a whole bears on every playbook.
        if self.playbook.is_none() || playbook.is_none() || playbook.as_deref() == self.playbook {
            self.said.push(Reason { at: at.map(Time::rfc3339), playbook, conversation, rule, sentence });
        }
    }

    /// Playbook and version of a conversation.
    async fn owner(&mut self, live: &Live, id: &ConversationId) -> store::Result<Option<(String, Arc<Plan>)>> {
        if let Some(known) = self.owners.get(id) {
            return Ok(known.clone());
        }
        let found = match self.store.conversation(id).await? {
            Some(row) => {
                let plans = live.need(self.store, std::iter::once(&row.version)).await;
                plans.plan(&row.version).map(|plan| (row.playbook, plan.clone()))
            }
            None => None,
        };
        self.owners.insert(id.clone(), found.clone());
        Ok(found)
    }

    /// A text that was queued, and what has become of it.
    async fn text(&self, id: &MessageId) -> store::Result<String> {
        let Some(message) = self.store.message(id).await? else { return Ok("a text was queued".to_owned()) };
        let mut words: String = message.body.chars().take(EXCERPT).collect();
        if words.len() < message.body.len() {
            words.push('…');
        }
        let reason = message.reason.as_deref().map(|reason| format!(" ({})", skipped(reason))).unwrap_or_default();
        let code = message.code.map(|code| format!(", Twilio's error {code}: `bridged explain {code}`")).unwrap_or_default();
        let status = match message.status {
            MessageStatus::Held => "is held",
            other => other.as_str(),
        };
        Ok(format!("“{words}” {status}{reason}{code}"))
    }

    /// What holds now, whatever has happened.
    async fn now(&mut self, contact: &Contact, turns: &[TurnRow]) -> store::Result<()> {
        if contact.opted_out {
            let source = self.store.consent(&contact.phone).await?.last().map(|entry| format!(" (by {})", entry.source)).unwrap_or_default();
            self.say(None, None, None, "opted_out".to_owned(), format!("now: the contact is opted out{source}"));
        } else if !contact.consent.contains("marketing") {
            self.say(None, None, None, "no_consent".to_owned(), "now: no consent to marketing is known".to_owned());
        }
        let plans = self.plans.clone();
        for playbook in plans.stopped.iter() {
            self.say(
                None,
                Some(playbook.clone()),
                None,
                "stopped".to_owned(),
                "now: the playbook is stopped; `bridged resume` lets it go on".to_owned(),
            );
        }
        let told: BTreeSet<_> = turns
            .iter()
            .flat_map(|turn| &turn.recorded.events)
            .filter_map(|event| if let Happening::Start { broadcast, .. } = &event.what { Some(broadcast.clone()) } else { None })
            .collect();
        let page = self.store.broadcasts(None, MAX_BROADCASTS).await?;
        let wanted = self.playbook;
        for row in page.items.into_iter().filter(|row| wanted.is_none_or(|playbook| row.playbook == playbook) && !told.contains(&row.id)) {
            let inside = compile_audience(&row.audience).is_ok_and(|audience| belongs(&plans, contact, &audience, self.store.now()));
            let (rule, sentence) = match (inside, row.state) {
                (false, _) => ("audience", "the contact is not in its audience now"),
                (true, BroadcastState::Scheduled | BroadcastState::Running) => ("turn", "the contact's turn has not come yet"),
                (true, BroadcastState::Paused) => ("paused", "it is paused"),
                (true, BroadcastState::Cancelled) => ("cancelled", "it was cancelled before the contact's turn"),
                (true, BroadcastState::Done) => ("late", "the contact came into its audience after the list was made, or past its limit"),
            };
            self.say(None, Some(row.playbook), None, rule.to_owned(), format!("broadcast `{}`: {sentence}", row.id));
        }
        Ok(())
    }
}

/// Why a conversation did not begin, by the words of the language.
fn not_started(reason: &str) -> String {
    match reason {
        "opted_out" => "the contact is opted out",
        "running" => "it is running already (`if_running: ignore`)",
        "entry" => "the contact has been in it before (`entry`)",
        "audience" => "the contact is not in its audience any more",
        "recent" => "the contact got a bulk text recently (`exclude_recent`)",
        "holdout" => "the contact is among those held out (`holdout`)",
        "limit" => "the audience is full (`limit`)",
        "no_consent" => "no consent to marketing is known",
        "cap" => "the contact has had as many texts as `cap` allows",
        "busy" => "another conversation has the line (`if_busy: skip`)",
        other => other,
    }
    .to_owned()
}

/// Why a text was not sent, or waits.
fn skipped(reason: &str) -> String {
    match reason {
        "no_consent" => "no consent to marketing is known",
        "cap" => "the contact has had as many texts as `cap` allows",
        "opted_out" => "the contact is opted out",
        "undefined" => "a value in it was not known",
        "paused" => "its playbook or broadcast is held",
        "expired" => "its hours were over before its turn came",
        "moved" => "its step is another in the new version",
        other => other,
    }
    .to_owned()
}

/// Which way was taken, in the words of the playbook.
fn took(plan: Option<&Plan>, at: Ix, way: Way) -> String {
    let step = plan.and_then(|plan| plan.steps.get(at));
    let place = match step {
        Some(step) if !matches!(way, Way::Anytime(_) | Way::Exit(_)) => match &step.id {
            Some(id) => format!("at `{id}` (line {}): ", step.line),
            None => format!("at line {}: ", step.line),
        },
        _ => String::new(),
    };
    let rule = |number: usize| match step.map(|step| &step.verb) {
        Some(Verb::Question(question)) => question.rules.get(number).map(|rule| graph::matches(&rule.matches)),
        _ => None,
    };
    let anytime = |number: usize| plan.and_then(|plan| plan.anytime.get(number)).map(|rule| graph::matches(&rule.matches));
    let named = |words: Option<String>| words.map(|words| format!(" ({words})")).unwrap_or_default();
    let what = match way {
        Way::Rule(number) => format!("rule {} took the answer{}", number + 1, named(rule(number))),
        Way::Anytime(number) => format!("`anytime` rule {} took the text{}", number + 1, named(anytime(number))),
        Way::AnyText => "the answer was taken as it is".to_owned(),
        Way::Retry => "no rule took the answer; it was asked again".to_owned(),
        Way::NoMatch => "no rule took the answer; `on_no_match`".to_owned(),
        Way::Remind(number) => format!("reminder {}", number + 1),
        Way::Timeout => "`on_timeout`: nothing came in time".to_owned(),
        Way::Done => "what it waited for came".to_owned(),
        Way::Branch(number) => format!("branch {}", number + 1),
        Way::Error => "`on_error`: the call failed".to_owned(),
        Way::Failed => "`on_failed`: the text could not be sent".to_owned(),
        Way::Sla => "`on_sla`: nobody answered as promised".to_owned(),
        Way::Idle => "the contact fell silent".to_owned(),
        Way::Past => "`wait_until` was past".to_owned(),
        Way::Exit(number) => format!("`exit` {} ended it", number + 1),
    };
    place + &what
}
