//! A world on its way: what a line of a script does to it. Tests, chats and explorations all go through here.

use std::sync::Arc;

use super::standing::{Standing, shown};
use super::world::{Spoken, World};
use super::{Act, Crash, Stage, Start, Transcript, Wrote};
use crate::engine::replay::Engine;
use crate::engine::{Decision, VoiceAnswer, voice_answer};
use crate::model::event::{CallIn, TextIn};
use crate::model::{Address, Contact, Happening, Time};
use crate::playbook::plan::TriggerKind;
use crate::playbook::{Level, PlanSet, yaml};
use crate::text::parse_when;

/// One contact's rehearsal.
#[derive(Clone)]
pub struct Rehearsal<'s> {
    /// What surrounds it.
    pub(super) stage: &'s Stage<'s>,
    /// Who the contact is, and which playbook it is about.
    pub(super) head: Arc<Transcript>,
    /// The contact and everything around it.
    pub(super) world: World,
}

impl<'s> Rehearsal<'s> {
    /// At the head's `now`, before anything has started.
    pub fn new(stage: &'s Stage<'s>, head: &Transcript) -> Result<Rehearsal<'s>, String> {
        Ok(Rehearsal { stage, world: World::new(stage, head)?, head: Arc::new(head.clone()) })
    }

    /// The same with another engine.
    pub(super) fn with_engine(mut self, engine: Engine) -> Rehearsal<'s> {
        self.world.engine = engine;
        self
    }

    /// Virtual time.
    pub fn now(&self) -> Time {
        self.world.now
    }

    /// Everything said so far, by the bot and by people.
    pub fn spoken(&self) -> &[Spoken] {
        &self.world.spoken
    }

    /// What callers heard, since it was last asked.
    pub fn take_heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.world.heard)
    }

    /// Everything decided so far.
    pub fn decisions(&self) -> &[Decision] {
        &self.world.decisions
    }

    /// The plans in force.
    pub fn plans(&self) -> &PlanSet {
        &self.world.plans
    }

    /// The contact.
    pub fn contact(&mut self) -> Contact {
        self.world.person().contact
    }

    /// Bare names and outcome of the newest conversation of the playbook.
    pub fn newest(&self) -> Option<&crate::model::ConversationRow> {
        self.world.newest(&self.head.playbook)
    }

    /// Where things stand.
    pub fn standing(&mut self) -> Standing {
        Standing::of(&mut self.world, &self.head.playbook)
    }

    /// The moment of the next clock, if one is open.
    pub fn wake(&mut self) -> Option<Time> {
        self.world.wake()
    }

    /// The contact's zone.
    pub fn zone(&mut self) -> jiff::tz::TimeZone {
        self.world.zone()
    }

    /// HTTP calls for which no answer was prepared, since it was last asked, as `http` lines name them.
    pub fn take_unprepared(&mut self) -> Vec<String> {
        std::mem::take(&mut self.world.unprepared)
    }

    /// What went wrong in the world itself, since it was last asked.
    pub fn take_troubles(&mut self) -> Vec<String> {
        std::mem::take(&mut self.world.troubles)
    }

    /// Does what a line says. Lines that only look (`bot`, `voice`) do nothing here.
    pub fn act(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Bot(_) | Act::Voice(_) => {}
            Act::Contact(wrote) => return self.contact_writes(wrote),
            Act::Call(to) => return self.call(to.as_deref()),
            Act::Click(step) => return self.click(step),
            Act::Agent(text) => {
                let handoff = self.open_handoff()?;
                self.world.happen(Happening::AgentText { handoff, text: text.clone(), agent: "test".to_owned() });
            }
            Act::AgentCloses(outcome) => {
                let handoff = self.open_handoff()?;
                self.world.happen(Happening::AgentClosed { handoff, outcome: outcome.clone(), agent: "test".to_owned() });
            }
            Act::Advance(length) | Act::Silent(length) => {
                let to = length.after(self.world.now.timestamp(), &self.world.zone()).into();
                self.world.advance(to);
            }
            Act::AdvanceTo(when) => {
                let to = self.moment(when)?;
                if to < self.world.now {
                    return Err(format!("it is already {}", self.clock()));
                }
                self.world.advance(to);
            }
            Act::At(when) => {
                let moment = self.moment(when)?;
                if moment != self.world.now {
                    return Err(format!("expected {when}, it is {}", self.clock()));
                }
            }
            Act::Event(name, data) => self.world.happen(Happening::Api { name: name.clone(), data: data.clone(), key: None }),
            Act::Tagged(tag) => self.tag(tag),
            Act::Start(start) => return self.start(start),
            Act::Http(prepared) => self.world.prepared.push(prepared.clone()),
            Act::Refuse(code) => self.world.refuse = Some(*code),
            Act::Delivery(status, code) => return self.delivery(status, *code),
            Act::Crash(crash) => return self.crash(*crash),
            Act::Deploy(file) => return self.deploy(file),
        }
        Ok(())
    }

    /// What the head's `start` says, or a line's.
    pub fn start(&mut self, start: &Start) -> Result<(), String> {
        match start {
            Start::Event(name, data) => self.world.happen(Happening::Api { name: name.clone(), data: data.clone(), key: None }),
            Start::Text(text, to) => return self.contact_writes(&Wrote { text: text.clone(), to: to.clone(), ..Wrote::default() }),
            Start::Tagged(tag) => self.tag(tag),
            Start::Call(to) => return self.call(to.as_deref()),
            Start::Cron(playbook) => {
                let playbook = playbook.clone().unwrap_or_else(|| self.head.playbook.clone());
                return self.broadcast(&playbook);
            }
        }
        Ok(())
    }

    /// Lets the clock run to the playbook's next broadcast, which takes this contact if it belongs to the audience.
    fn broadcast(&mut self, playbook: &str) -> Result<(), String> {
        let plan = self.world.plans.by_name(playbook).cloned().ok_or_else(|| format!("there is no playbook `{playbook}`"))?;
        let zone = self.world.zone();
        let timed = |kind: &TriggerKind| matches!(kind, TriggerKind::Cron { .. } | TriggerKind::At { .. });
        let trigger = plan.triggers.iter().find(|trigger| timed(&trigger.kind)).ok_or_else(|| format!("`{playbook}` has no cron or at trigger"))?;
        let at = (self.stage.next_time)(&trigger.kind, self.world.now.timestamp(), &zone).ok_or("its time is over")?;
        self.world.advance(Time::from(at));
        self.world.happen(Happening::Start { broadcast: "test".into(), plan: plan.hash.clone(), number: None, audience: None });
        Ok(())
    }

    fn tag(&mut self, tag: &str) {
        let mut is_new = false;
        self.world.change(|contact| is_new = contact.tags.insert(tag.to_owned()));
        if is_new {
            self.world.happen(Happening::Tagged { tag: tag.to_owned() });
        }
    }

    fn contact_writes(&mut self, wrote: &Wrote) -> Result<(), String> {
        let to = self.number(wrote.to.as_deref())?;
        let from = Address::new(to.channel(), &self.head.phone);
        let sid = self.world.sid("SM");
        self.world.happen(Happening::Text(TextIn {
            sid,
            from,
            to,
            // A tap comes with its label as the text.
            body: if wrote.text.is_empty() { wrote.button.clone().unwrap_or_default() } else { wrote.text.clone() },
            media: wrote.media.clone(),
            button: wrote.button.clone(),
            opt_out_type: None,
            profile_name: None,
        }));
        Ok(())
    }

    fn call(&mut self, to: Option<&str>) -> Result<(), String> {
        let to = self.number(to)?;
        let person = self.world.person();
        let heard = match voice_answer(&self.world.plans, &person.contact, &to, self.world.now) {
            VoiceAnswer::Say { text, .. } => text,
            VoiceAnswer::Reject => String::new(),
        };
        self.world.heard.push(heard);
        let sid = self.world.sid("CA");
        self.world.happen(Happening::Call(CallIn { sid, from: self.head.phone.clone(), to: to.0 }));
        Ok(())
    }

    /// The number the contact writes to: the named sender's, else that of whoever has the line, else the newest conversation's, else the playbook's.
    fn number(&mut self, sender: Option<&str>) -> Result<Address, String> {
        let person = self.world.person();
        let ws = self.world.plans.workspace.clone();
        if let Some(name) = sender {
            let sender = ws.senders.iter().find(|known| known.name == name).ok_or_else(|| format!("there is no sender `{name}`"))?;
            return sender.numbers.first().cloned().ok_or_else(|| format!("`{name}` has no number of its own to write to"));
        }
        let of_line = person.state.line.as_ref().and_then(|id| person.state.live.iter().find(|conversation| conversation.id == *id));
        if let Some(from) = of_line.map(|conversation| &conversation.from).or(self.world.newest_from.as_ref()) {
            return Ok(from.clone());
        }
        let named = self.world.plans.by_name(&self.head.playbook).and_then(|plan| plan.from.clone());
        let sender = ws.sender(named.as_deref()).ok_or("there is no sender in the settings")?;
        sender.numbers.first().cloned().ok_or_else(|| format!("`{}` has no number of its own to write to", sender.name))
    }

    fn click(&mut self, step: &str) -> Result<(), String> {
        let link = self.world.links.iter().rfind(|(_, marks, _)| marks.iter().any(|mark| mark == step)).cloned();
        let (conversation, marks, url) = link.ok_or_else(|| format!("no text of `{step}` with a link has been sent"))?;
        self.world.happen(Happening::Clicked { conversation, marks, url });
        Ok(())
    }

    fn open_handoff(&mut self) -> Result<crate::model::HandoffId, String> {
        let open = self.world.handoffs.iter().rfind(|row| row.state.is_open());
        open.map(|row| row.id.clone()).ok_or_else(|| "no hand-off is open".to_owned())
    }

    fn delivery(&mut self, status: &str, code: Option<u32>) -> Result<(), String> {
        let message = self.world.spoken.last().map(|spoken| spoken.outgoing.id.clone()).ok_or("the bot has said nothing yet")?;
        if matches!(status, "failed" | "undelivered") {
            self.world.happen(Happening::Undelivered { message, status: status.to_owned(), code });
        }
        Ok(())
    }

    /// The world writes everything out and reads it back at every event and every text, so a process that dies here finds just that again.
    fn crash(&mut self, crash: Crash) -> Result<(), String> {
        self.world.crash = Some(crash);
        let person = self.world.person();
        if person.contact.phone.as_str() == self.head.phone { Ok(()) } else { Err("the contact was lost".to_owned()) }
    }

    /// Another version of a playbook comes into force; conversations stay on theirs.
    fn deploy(&mut self, file: &str) -> Result<(), String> {
        let (path, yaml) = (self.stage.file)(file)?;
        let Some(name) = playbook_of(&yaml) else { return Err(format!("`{file}` is not a playbook")) };
        let mut sources = self.stage.sources.clone();
        sources.playbooks.retain(|(_, known)| playbook_of(known).as_ref() != Some(&name));
        sources.playbooks.push((path, yaml));
        let ws = self.world.plans.workspace.clone();
        let compiled = crate::playbook::compile(&sources, &ws, self.world.now.timestamp());
        let error = compiled.faults.iter().find(|fault| fault.level == Level::Error);
        let why = error.map_or_else(String::new, |fault| format!(": {}:{}: {}", fault.path, fault.span.line, fault.message));
        let mut set = compiled.set.ok_or_else(|| format!("`{file}` can't be deployed{why}"))?;
        let old: Vec<_> = self.world.plans.plans.values().chain(self.world.plans.old.values()).cloned().collect();
        for plan in old {
            set = set.with_old(Arc::clone(&plan));
        }
        self.world.plans = set.with_pins(self.head.variants.clone());
        self.world.happen(Happening::Deployed { playbook: name });
        Ok(())
    }

    fn moment(&mut self, when: &str) -> Result<Time, String> {
        let zone = self.world.zone();
        parse_when(when, &zone).map(Time::from).ok_or_else(|| format!("`{when}` is not a time"))
    }

    fn clock(&mut self) -> String {
        let zone = self.world.zone();
        shown(self.world.now.timestamp(), &zone)
    }
}

/// The name of a playbook, by its file.
fn playbook_of(source: &str) -> Option<String> {
    yaml::read(&Arc::from("deploy"), source).root?.get_text("playbook").map(str::to_owned)
}
