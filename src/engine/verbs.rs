//! The verbs that decide, remember or rest: `set tag untag record choose split wait wait_until wait_for`.

use jiff::Timestamp;
use serde_json::Value;

use super::run::Flow;
use super::state::{Due, Rest};
use super::turn::{C, Turn};
use super::{Decision, Way, draw};
use crate::model::Time;
use crate::playbook::plan::{Arm, Choice, Ix, Past, Plan, Shift, Step, Target, Verb, WaitFor, WaitUntil};
use crate::text::{Length, parse_when};

impl Turn<'_> {
    /// `set`, `tag`, `untag`, `record`: done at once, also in side branches.
    pub fn note_down(&mut self, c: C, level: usize, verb: &Verb) {
        match verb {
            Verb::Set(pairs) => {
                for (target, value) in pairs {
                    let value = self.value(c, level, value);
                    self.keep(c, level, target, value);
                }
            }
            Verb::Tag(names) => {
                for name in names {
                    let tag = self.line_of_text(c, level, name);
                    if !tag.is_empty() && self.contact.tags.insert(tag.clone()) {
                        self.tagged(&tag);
                    }
                }
            }
            Verb::Untag(names) => {
                for name in names {
                    let tag = self.line_of_text(c, level, name);
                    self.contact.tags.remove(&tag);
                }
            }
            Verb::Record { name, data } => {
                let data = data.as_ref().map_or(Value::Null, |data| self.value(c, level, data));
                let conversation = self.at(c).id.clone();
                let playbook = self.at(c).playbook.clone();
                self.out.counts.push((format!("playbook/{playbook}/recorded/{name}"), 1));
                self.decide(Decision::Recorded { conversation, name: name.clone(), data });
            }
            _ => {}
        }
    }

    /// Keeps a value under a bare name or in a field of the contact.
    pub fn keep(&mut self, c: C, level: usize, target: &Target, value: Value) {
        match target {
            Target::Contact(field) => {
                self.contact.set(field, value);
                if field == "timezone" {
                    self.zones = super::zones(&self.contact, &self.ws.timezone);
                }
            }
            Target::Name(name) => {
                if let Some(vars) = self.vars_mut(c, level) {
                    vars.insert(name.clone(), value);
                }
            }
        }
    }

    /// `choose`: the first true branch; none: go on.
    pub fn choose(&mut self, c: C, level: usize, ix: Ix, step: &Step, choices: &[Choice]) -> Flow {
        for (number, choice) in choices.iter().enumerate() {
            if choice.cond.as_ref().is_none_or(|cond| self.is_true(c, level, cond)) {
                self.took(c, level, ix, Way::Branch(number));
                return Flow::Go(choice.to.clone());
            }
        }
        Flow::Go(step.next.clone())
    }

    /// `split`: the first branch whose share of the whole reaches beyond the contact's draw.
    pub fn split(&mut self, c: C, level: usize, ix: Ix, plan: &Plan, step: &Step, arms: &[Arm]) -> Flow {
        let id = step.id.as_deref().unwrap_or_default();
        let pinned = self.plans.pins.get(id);
        let drawn = draw(self.contact.phone.as_str(), &plan.name, id) * arms.iter().map(|arm| arm.weight).sum::<f64>();
        let mut reached = 0.0;
        let by_draw = arms.iter().position(|arm| {
            reached += arm.weight;
            reached > drawn
        });
        let taken = pinned.and_then(|name| arms.iter().position(|arm| arm.name == *name)).or(by_draw);
        let Some((number, arm)) = taken.and_then(|number| arms.get(number).map(|arm| (number, arm))) else {
            return Flow::Go(step.next.clone());
        };
        self.took(c, level, ix, Way::Branch(number));
        self.out.counts.push((format!("playbook/{}/split/{id}/{}", plan.name, arm.name), 1));
        if let Some(vars) = self.vars_mut(c, level) {
            vars.insert(id.to_owned(), Value::from(arm.name.as_str()));
        }
        Flow::Go(arm.to.clone())
    }

    /// `wait`: rests from the moment the step is reached.
    pub fn wait(&mut self, c: C, length: Length) -> Flow {
        let at = length.after(self.now.timestamp(), self.zone()).into();
        self.rest_until(c, at)
    }

    /// Rests until then, without the line.
    fn rest_until(&mut self, c: C, at: Time) -> Flow {
        self.at_mut(c).rest = Rest::Time { since: self.now };
        self.set_clock(c, Due::Wait, at);
        self.release_line(c);
        Flow::Rest
    }

    /// `wait_until`: the value, moved, then set to a time of its day.
    pub fn wait_until(&mut self, c: C, level: usize, ix: Ix, step: &Step, until: &WaitUntil) -> Flow {
        match self.moment(c, level, until) {
            None => {
                let id = step.id.as_deref().unwrap_or_default();
                self.stumbled(c, format!("`{id}` can't be read as a time"));
                self.end(c, "failed");
                Flow::Rest
            }
            Some(at) if Time::from(at) > self.now => self.rest_until(c, at.into()),
            Some(_) => {
                self.took(c, level, ix, Way::Past);
                match &until.past {
                    Past::Skip(next) => Flow::Go(next.clone()),
                    Past::Run => Flow::Go(step.next.clone()),
                    Past::End => {
                        self.end(c, "past");
                        Flow::Rest
                    }
                }
            }
        }
    }

    /// The moment a `wait_until` means.
    pub fn moment(&mut self, c: C, level: usize, until: &WaitUntil) -> Option<Timestamp> {
        let text = self.line_of_text(c, level, &until.value);
        let zone = self.zone().clone();
        let base = parse_when(text.trim(), &zone)?;
        let moved = match until.shift {
            Shift::None => base,
            Shift::Before(length) => length.before(base, &zone),
            Shift::After(length) => length.after(base, &zone),
        };
        Some(until.at.map_or(moved, |time| at_time_of_day(moved, time, &zone)))
    }

    /// `wait_for`: an event remembered is taken at once, else it rests.
    pub fn wait_for(&mut self, c: C, level: usize, ix: Ix, step: &Step, wait: &WaitFor) -> Flow {
        let early = std::mem::take(&mut self.at_mut(c).early);
        let mut kept = Vec::with_capacity(early.len());
        let mut taken = None;
        for (name, data) in early {
            if taken.is_none() && name == wait.event && self.awaited(c, level, wait, &data) {
                taken = Some(data);
            } else {
                kept.push((name, data));
            }
        }
        self.at_mut(c).early = kept;
        if let Some(data) = taken {
            return Flow::Go(self.take_awaited(c, level, ix, step, data));
        }
        self.at_mut(c).rest = Rest::Event { since: self.now };
        let at = wait.timeout.after(self.now.timestamp(), self.zone()).into();
        self.set_clock(c, Due::Wait, at);
        self.release_line(c);
        Flow::Rest
    }

    /// Whether an event is the one a `wait_for` means: same key for it and for the conversation's own event, and its filter holds.
    pub fn awaited(&mut self, c: C, level: usize, wait: &WaitFor, data: &Value) -> bool {
        if let Some(key) = &wait.key {
            let theirs = self.key_with(c, level, key, Some(data));
            let own = self.at(c).event.clone();
            let ours = self.key_with(c, level, key, own.as_ref());
            if theirs.is_none() || theirs != ours {
                return false;
            }
        }
        wait.filter.as_ref().is_none_or(|filter| self.is_true_with(c, level, filter, data))
    }

    /// The awaited event came: its data is the step's.
    pub fn take_awaited(&mut self, c: C, level: usize, ix: Ix, step: &Step, data: Value) -> crate::playbook::plan::Next {
        self.took(c, level, ix, Way::Done);
        if let (Some(id), Some(vars)) = (&step.id, self.vars_mut(c, level)) {
            vars.insert(id.clone(), data);
        }
        step.next.clone()
    }
}

/// That time of that day; one that does not exist is taken as far after the gap as it stood within it.
fn at_time_of_day(moment: Timestamp, time: jiff::civil::Time, zone: &jiff::tz::TimeZone) -> Timestamp {
    let day = zone.to_datetime(moment).date();
    zone.to_timestamp(day.to_datetime(time)).unwrap_or(moment)
}
