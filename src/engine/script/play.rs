//! Goes through the lines of a test.

use std::sync::Arc;

use jiff::Timestamp;
use regex::RegexBuilder;
use serde_json::Value;

use super::world::World;
use super::{Act, Crash, Line, Outcome, Said, Stage, Start, Transcript, Wrote, expect};
use crate::engine::state::{Due, Rest, Role};
use crate::engine::{VoiceAnswer, voice_answer};
use crate::model::event::{CallIn, TextIn};
use crate::model::{Address, Happening, Time};
use crate::playbook::plan::TriggerKind;
use crate::playbook::{Level, yaml};
use crate::text::parse_when;

/// Plays one test against the playbooks of its workspace.
pub fn play(stage: &Stage<'_>, test: &Transcript) -> Outcome {
    let mut world = match World::new(stage, test) {
        Ok(world) => world,
        Err(why) => return Outcome { failures: vec![(test.line, why)], situation: String::new(), seconds: 0, decisions: Vec::new() },
    };
    let mut player = Player { stage, test, world: &mut world };
    let mut failures = Vec::new();
    if let Some(start) = &test.start
        && let Err(why) = player.start(start)
    {
        failures.push((test.line, why));
    }
    failures.extend(player.world.troubles.drain(..).map(|why| (test.line, why)));
    for line in &test.script {
        if !failures.is_empty() {
            break;
        }
        failures.extend(player.line(line).err().into_iter().chain(player.world.troubles.drain(..)).map(|why| (line.at, why)));
    }
    let last = test.script.last().map_or(test.line, |line| line.at);
    if failures.is_empty()
        && let Err(why) = player.nothing_unread()
    {
        failures.push((last, why));
    }
    failures.extend(expect::look(&mut world, test));
    let situation = if failures.is_empty() { String::new() } else { situation(&mut world, &test.playbook) };
    let seconds = (world.now.0 - world.began.0) / 1_000_000;
    Outcome { failures, situation, seconds, decisions: world.decisions }
}

struct Player<'p, 's> {
    stage: &'p Stage<'s>,
    test: &'p Transcript,
    world: &'p mut World,
}

impl Player<'_, '_> {
    fn line(&mut self, line: &Line) -> Result<(), String> {
        let may_be_unread = matches!(
            line.act,
            Act::Bot(_) | Act::Voice(_) | Act::At(_) | Act::Http(_) | Act::Refuse(_) | Act::Delivery(..) | Act::Crash(_) | Act::Deploy(_)
        );
        if !may_be_unread {
            self.nothing_unread()?;
        }
        match &line.act {
            Act::Bot(said) => self.bot(said),
            Act::Voice(text) => self.voice(text),
            Act::Contact(wrote) => self.contact(wrote),
            Act::Call(to) => self.call(to.as_deref()),
            Act::Click(step) => self.click(step),
            Act::Agent(text) => {
                let handoff = self.open_handoff()?;
                self.world.happen(Happening::AgentText { handoff, text: text.clone(), agent: "test".to_owned() });
                Ok(())
            }
            Act::AgentCloses(outcome) => {
                let handoff = self.open_handoff()?;
                self.world.happen(Happening::AgentClosed { handoff, outcome: outcome.clone(), agent: "test".to_owned() });
                Ok(())
            }
            Act::Advance(length) | Act::Silent(length) => {
                let to = length.after(self.world.now.timestamp(), &self.world.zone()).into();
                self.world.advance(to);
                if matches!(line.act, Act::Silent(_)) { self.nothing_unread() } else { Ok(()) }
            }
            Act::AdvanceTo(when) => {
                let to = self.moment(when)?;
                if to < self.world.now {
                    return Err(format!("it is already {}", self.clock()));
                }
                self.world.advance(to);
                Ok(())
            }
            Act::At(when) => {
                let moment = self.moment(when)?;
                if moment == self.world.now { Ok(()) } else { Err(format!("expected {when}, it is {}", self.clock())) }
            }
            Act::Event(name, data) => {
                self.world.happen(Happening::Api { name: name.clone(), data: data.clone(), key: None });
                Ok(())
            }
            Act::Tagged(tag) => {
                self.tag(tag);
                Ok(())
            }
            Act::Start(start) => self.start(start),
            Act::Http(prepared) => {
                self.world.prepared.push(prepared.clone());
                Ok(())
            }
            Act::Refuse(code) => {
                self.world.refuse = Some(*code);
                Ok(())
            }
            Act::Delivery(status, code) => self.delivery(status, *code),
            Act::Crash(crash) => self.crash(*crash),
            Act::Deploy(file) => self.deploy(file),
        }
    }

    fn start(&mut self, start: &Start) -> Result<(), String> {
        match start {
            Start::Event(name, data) => self.world.happen(Happening::Api { name: name.clone(), data: data.clone(), key: None }),
            Start::Text(text, to) => return self.contact(&Wrote { text: text.clone(), to: to.clone(), ..Wrote::default() }),
            Start::Tagged(tag) => self.tag(tag),
            Start::Call(to) => return self.call(to.as_deref()),
            Start::Cron(playbook) => return self.broadcast(playbook.as_deref().unwrap_or(&self.test.playbook)),
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

    fn contact(&mut self, wrote: &Wrote) -> Result<(), String> {
        let to = self.number(wrote.to.as_deref())?;
        let from = Address::new(to.channel(), &self.test.phone);
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
        self.world.happen(Happening::Call(CallIn { sid, from: self.test.phone.clone(), to: to.0 }));
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
        let named = self.world.plans.by_name(&self.test.playbook).and_then(|plan| plan.from.clone());
        let sender = ws.sender(named.as_deref()).ok_or("there is no sender in the settings")?;
        sender.numbers.first().cloned().ok_or_else(|| format!("`{}` has no number of its own to write to", sender.name))
    }

    /// What a person wrote needs no `bot` line.
    fn skip_agents(&mut self) {
        while self.world.spoken.get(self.world.read).is_some_and(|spoken| spoken.by_agent) {
            self.world.read += 1;
        }
    }

    fn bot(&mut self, said: &Said) -> Result<(), String> {
        self.skip_agents();
        let Some(spoken) = self.world.spoken.get(self.world.read).cloned() else {
            return Err(match &said.text {
                Some(text) => format!("expected `{text}`, the bot said nothing"),
                None => "expected a text, the bot said nothing".to_owned(),
            });
        };
        self.world.read += 1;
        if let Some(text) = &said.text
            && !holds(&spoken.text.body, text)?
        {
            return Err(format!("expected `{text}`, the bot said `{}`", spoken.text.body));
        }
        if let Some(name) = &said.from {
            let from = self.world.plans.workspace.sender_of(&spoken.text.from).map_or(spoken.text.from.0.as_str(), |sender| &sender.name);
            if from != name {
                return Err(format!("expected it from `{name}`, it came from `{from}`"));
            }
        }
        if let Some(template) = &said.template {
            let used = spoken.text.content.as_ref().map_or("", |content| content.sid.as_str());
            if used != template {
                return Err(format!("expected the template `{template}`, it was sent {}", if used.is_empty() { "as text" } else { used }));
            }
        }
        if let Some(media) = said.media
            && media == spoken.text.media.is_empty()
        {
            return Err(if media { "expected a picture, there was none" } else { "expected no picture, there was one" }.to_owned());
        }
        Ok(())
    }

    fn voice(&mut self, text: &str) -> Result<(), String> {
        if self.world.heard.is_empty() {
            return Err(format!("expected `{text}`, nobody called"));
        }
        let heard = self.world.heard.remove(0);
        if holds(&heard, text)? { Ok(()) } else { Err(format!("expected `{text}`, the caller heard `{heard}`")) }
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
        let message = self.world.spoken.last().map(|spoken| spoken.id.clone()).ok_or("the bot has said nothing yet")?;
        if matches!(status, "failed" | "undelivered") {
            self.world.happen(Happening::Undelivered { message, status: status.to_owned(), code });
        }
        Ok(())
    }

    /// The world writes everything out and reads it back at every event and every text, so a process that dies here finds just that again.
    fn crash(&mut self, crash: Crash) -> Result<(), String> {
        self.world.crash = Some(crash);
        let person = self.world.person();
        if person.contact.phone.as_str() == self.test.phone { Ok(()) } else { Err("the contact was lost".to_owned()) }
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
        self.world.plans = set.with_pins(self.test.variants.clone());
        self.world.happen(Happening::Deployed { playbook: name });
        Ok(())
    }

    fn nothing_unread(&mut self) -> Result<(), String> {
        self.skip_agents();
        match self.world.spoken.get(self.world.read) {
            Some(spoken) => Err(format!("the bot said `{}`, which no line expects", spoken.text.body)),
            None => Ok(()),
        }
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

/// Whether a text holds a part (case ignored), or fits `~PATTERN` (case counts).
fn holds(text: &str, wanted: &str) -> Result<bool, String> {
    match wanted.strip_prefix('~') {
        Some(pattern) => {
            let regex = RegexBuilder::new(pattern).build().map_err(|_| format!("`{pattern}` is not a pattern"))?;
            Ok(regex.is_match(text))
        }
        None => Ok(text.to_lowercase().contains(&wanted.to_lowercase())),
    }
}

/// `Tue Mar 3, 2:00pm`.
fn shown(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    let zoned = zone.to_datetime(at);
    let (hour, half) = match zoned.hour() {
        0 => (12, "am"),
        hour @ 1..=11 => (hour, "am"),
        12 => (12, "pm"),
        hour => (hour - 12, "pm"),
    };
    format!("{} {}, {hour}:{:02}{half}", zoned.strftime("%a"), zoned.strftime("%b %-d"), zoned.minute())
}

/// Where the conversations stand, in a line; those of other playbooks with their name.
fn situation(world: &mut World, playbook: &str) -> String {
    let zone = world.zone();
    let state = world.person().state;
    let now = world.now.timestamp();
    let mut said = format!("it is {}", shown(now, &zone));
    let when = |at: Time| {
        let whole = shown(at.timestamp(), &zone);
        let today = zone.to_datetime(at.timestamp()).date() == zone.to_datetime(now).date();
        if today { whole.rsplit(", ").next().unwrap_or_default().to_owned() } else { whole }
    };
    for conversation in &state.live {
        let (rest, began) = match &conversation.rest {
            Rest::Question(open) if open.open => ("open", open.since.map(|since| format!("asked {}", when(since)))),
            Rest::Question(_) | Rest::Text | Rest::Running => ("sending", None),
            Rest::Person(talk) => ("with a person", talk.since.map(|since| format!("since {}", when(since)))),
            Rest::Line => ("waiting for the line", None),
            Rest::Stopped => ("waiting for its playbook to be resumed", None),
            Rest::Call { .. } => ("calling", None),
            Rest::Time { since } | Rest::Event { since } => ("waiting", Some(format!("since {}", when(*since)))),
        };
        let mut clocks: Vec<_> = state.clocks.iter().filter(|clock| clock.conversation == conversation.id).collect();
        clocks.sort_by_key(|clock| (clock.at, clock.n));
        let clocks = clocks.into_iter().map(|clock| {
            let at = when(clock.at);
            match clock.due {
                Due::Timeout => format!("time-out at {at}"),
                Due::Remind(_) => format!("reminder at {at}"),
                Due::Gather => format!("gathering until {at}"),
                Due::Wait => format!("until {at}"),
                Due::Held(slot) => {
                    let reminder = conversation.texts.iter().any(|text| text.slot == slot && matches!(text.role, Role::Remind(_)));
                    format!("{}held until {at}", if reminder { "reminder " } else { "" })
                }
                Due::Line => format!("gives up at {at}"),
                Due::Person => format!("time-out at {at}"),
                Due::Sla => format!("alarm at {at}"),
                Due::Idle => format!("idle at {at}"),
            }
        });
        let details: Vec<String> = began.into_iter().chain(clocks).collect();
        let name = if conversation.playbook == playbook { String::new() } else { format!("{} ", conversation.playbook) };
        let step = conversation.step.as_deref().unwrap_or("its start");
        let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
        said.push_str(&format!("; {name}{rest}: {step}{details}"));
    }
    if state.live.is_empty() {
        said.push_str("; no conversation is open");
    }
    said
}

/// Data for a `Value` comparison in `expect`: 5 equals 5.0.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right)),
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len() && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}
