//! Goes through the lines of a test.

use regex::RegexBuilder;
use serde_json::Value;

use super::rehearsal::Rehearsal;
use super::talk::{Mismatch, told};
use super::{Act, Line, Outcome, Said, Stage, Transcript, expect};

/// Plays one test against the playbooks of its workspace.
pub fn play(stage: &Stage<'_>, test: &Transcript) -> Outcome {
    let mut on = match Rehearsal::new(stage, test) {
        Ok(rehearsal) => rehearsal,
        Err(why) => return Outcome { failures: vec![(test.line, why)], ..Outcome::default() },
    };
    let mut player = Player { on: &mut on, mismatch: None };
    let mut failures = Vec::new();
    if let Some(start) = &test.start
        && let Err(why) = player.on.start(start)
    {
        failures.push((test.line, why));
    }
    failures.extend(player.on.take_troubles().into_iter().map(|why| (test.line, why)));
    let mut done = 0;
    for line in &test.script {
        if !failures.is_empty() {
            break;
        }
        let wrong = player.line(line).err();
        done += usize::from(wrong.is_none());
        failures.extend(wrong.into_iter().chain(player.on.take_troubles()).map(|why| (line.at, why)));
    }
    let last = test.script.last().map_or(test.line, |line| line.at);
    if failures.is_empty()
        && let Err(why) = player.nothing_unread()
    {
        failures.push((last, why));
    }
    let mismatch = player.mismatch;
    failures.extend(expect::look(&mut on.world, test));
    let seconds = (on.world.now.0 - on.world.began.0) / 1_000_000;
    if failures.is_empty() {
        let (decisions, journal) = (on.world.decisions, on.world.journal);
        return Outcome { seconds, decisions, journal, ..Outcome::default() };
    }
    let talk = told(&mut on, test.script.get(..done).unwrap_or_default());
    Outcome { failures, mismatch, talk, situation: on.standing().to_string(), seconds, decisions: on.world.decisions, journal: on.world.journal }
}

struct Player<'p, 's> {
    on: &'p mut Rehearsal<'s>,
    /// What was expected and what was said instead, if that is what was wrong.
    mismatch: Option<Mismatch>,
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
            act => {
                self.on.act(act)?;
                if matches!(act, Act::Silent(_)) { self.nothing_unread() } else { Ok(()) }
            }
        }
    }

    /// What a person wrote needs no `bot` line.
    fn skip_agents(&mut self) {
        while self.on.world.spoken.get(self.on.world.read).is_some_and(|spoken| spoken.by_agent) {
            self.on.world.read += 1;
        }
    }

    fn bot(&mut self, said: &Said) -> Result<(), String> {
        self.skip_agents();
        let Some(spoken) = self.on.world.spoken.get(self.on.world.read).cloned() else {
            return Err(match &said.text {
                Some(text) => format!("expected `{text}`, the bot said nothing"),
                None => "expected a text, the bot said nothing".to_owned(),
            });
        };
        self.on.world.read += 1;
        if let Some(text) = &said.text
            && !holds(&spoken.text.body, text)?
        {
            self.mismatch = Some(Mismatch::new(text, &spoken.text.body));
            return Err(format!("expected `{text}`, the bot said `{}`", spoken.text.body));
        }
        if let Some(name) = &said.from {
            let from = self.on.world.plans.workspace.sender_of(&spoken.text.from).map_or(spoken.text.from.0.as_str(), |sender| &sender.name);
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
        if self.on.world.heard.is_empty() {
            return Err(format!("expected `{text}`, nobody called"));
        }
        let heard = self.on.world.heard.remove(0);
        if holds(&heard, text)? { Ok(()) } else { Err(format!("expected `{text}`, the caller heard `{heard}`")) }
    }

    fn nothing_unread(&mut self) -> Result<(), String> {
        self.skip_agents();
        match self.on.world.spoken.get(self.on.world.read) {
            Some(spoken) => Err(format!("the bot said `{}`, which no line expects", spoken.text.body)),
            None => Ok(()),
        }
    }
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
