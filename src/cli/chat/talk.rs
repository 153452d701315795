//! What is typed in a chat, and what comes of it. Every line that does something is kept as a line of a script, so that a chat can be saved
//! as a test.

use std::path::Path;

use serde_json::Value;

use super::{view, why};
use crate::engine::Decision;
use crate::engine::script::explore::part;
use crate::engine::script::{Act, Line, Prepared, Rehearsal, Stage, Start, Transcript, Wrote, shown, write};
use crate::engine::script::{Crash, Said as Expected};
use crate::playbook::plan::{Plan, TriggerKind};
use crate::text::{Length, parse_when};

/// Calls of one line that nobody prepared; each is taken as refused and the line done again.
const MAX_CALLS: usize = 8;

/// What comes of a line.
pub(super) enum Said {
    /// This is shown.
    Text(String),
    /// Enough.
    Quit,
}

/// A talk under way.
pub(super) struct Chat<'s> {
    stage: &'s Stage<'s>,
    /// The contact and the playbook, with all that happened as its script.
    test: Transcript,
    on: Rehearsal<'s>,
    /// Decisions made before the latest line: `/why` tells those behind.
    decided: usize,
}

const HELP: &str = "\
  Whatever you type is a text of the contact, but for these:
  /start [JSON]            set the playbook's first trigger off; JSON is an event's data
  /advance 4h              let time pass; also `/advance until 2026-03-05 09:00`
  /next                    let time pass until the next thing falls due
  /event NAME [JSON]       a program tells of something
  /agent TEXT              a person answers
  /close OUTCOME           a person closes the hand-off
  /click STEP              open the link of that step
  /tap LABEL               tap a button
  /photo [URL]             send a picture
  /tag TAG                 a tag is set from outside
  /call                    call the bot's number
  /fail CODE               Twilio refuses the next text with this code
  /delivery failed 30003   the last text did not arrive
  /http POST https://HOST/PATH STATUS [JSON]   prepare the answer of the next such call; STATUS or `timeout`
  /crash before_send       the process dies at the next text (`after_send`, `any`)
  /why  /vars  /where      what was decided just now; what is known; what is open
  /save FILE               as a test, into FILE.test.yaml
  /restart  /quit
";

impl<'s> Chat<'s> {
    /// Before anything has happened.
    pub fn new(stage: &'s Stage<'s>, test: Transcript) -> Result<Chat<'s>, String> {
        Ok(Chat { stage, on: Rehearsal::new(stage, &test)?, test, decided: 0 })
    }

    fn plan(&self) -> Option<&'s Plan> {
        self.stage.plans.by_name(&self.test.playbook).map(AsRef::as_ref)
    }

    /// What can be done first.
    pub fn welcome(&self) -> String {
        let triggers = self.plan().map(|plan| plan.triggers.as_slice()).unwrap_or_default();
        let ways: Vec<String> = triggers.iter().map(|trigger| trigger_told(&trigger.kind)).collect();
        let ways = if ways.is_empty() { "nothing; other playbooks run it".to_owned() } else { ways.join(", ") };
        format!("  {} starts by {ways}\n  /start starts it, /help tells the rest\n\n", self.test.playbook)
    }

    /// Virtual time with its zone.
    pub fn prompt(&mut self) -> String {
        let (zone, now) = (self.on.zone(), self.on.now().timestamp());
        let name = now.to_zoned_datetime(zone.clone()).strftime("%Z").to_string();
        format!("{} {name} > ", shown(now, &zone))
    }

    /// Does what was typed.
    pub fn take(&mut self, line: &str, is_live: bool) -> Result<Said, String> {
        let Some(command) = line.strip_prefix('/').filter(|rest| !rest.starts_with('/')) else {
            if line.is_empty() {
                return Ok(Said::Text(String::new()));
            }
            // `//` is a text that begins with a stroke.
            let text = line.strip_prefix('/').unwrap_or(line);
            // On a terminal the bubble takes the place of what was typed.
            let typed = if is_live { "\x1b[1A\x1b[2K" } else { "" };
            let bubble = view::right(text);
            let came = self.do_it(Act::Contact(Wrote { text: text.to_owned(), ..Wrote::default() }))?;
            return Ok(Said::Text(format!("{typed}{bubble}{came}")));
        };
        let (name, rest) = command.split_once(char::is_whitespace).map_or((command, ""), |(name, rest)| (name, rest.trim()));
        Ok(Said::Text(match name {
            "quit" | "q" | "exit" => return Ok(Said::Quit),
            "help" | "h" => HELP.to_owned(),
            "why" => self.why(),
            "vars" => self.vars(),
            "where" => format!("  {}\n", self.on.standing()),
            "restart" => {
                self.test.script.clear();
                self.decided = 0;
                self.on = Rehearsal::new(self.stage, &self.test)?;
                view::between("from the beginning")
            }
            "save" => self.save(need(rest, "/save FILE")?)?,
            _ => {
                let act = self.act(name, rest)?;
                self.do_it(act)?
            }
        }))
    }

    /// A command as a line of a script.
    fn act(&mut self, name: &str, rest: &str) -> Result<Act, String> {
        let word = |how: &str| need(rest, how).map(str::to_owned);
        Ok(match name {
            "start" => self.start(rest)?,
            "advance" if rest == "until next" => self.next()?,
            "next" => self.next()?,
            "advance" => match rest.strip_prefix("until ") {
                Some(when) => {
                    let zone = self.on.zone();
                    parse_when(when, &zone).ok_or_else(|| format!("`{when}` is not a time; write it like `2026-03-05 09:00`"))?;
                    Act::AdvanceTo(when.trim().to_owned())
                }
                None => Act::Advance(Length::parse(rest).ok_or_else(|| format!("`{rest}` is not a length of time; write it like `1h30m` or `2d`"))?),
            },
            "event" => {
                let (event, data) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                Act::Event(need(event, "/event NAME {json}")?.to_owned(), json(data)?)
            }
            "agent" => Act::Agent(word("/agent TEXT")?),
            "close" => Act::AgentCloses(word("/close OUTCOME")?),
            "click" => Act::Click(word("/click STEP")?),
            "tap" => Act::Contact(Wrote { button: Some(word("/tap LABEL")?), ..Wrote::default() }),
            "photo" => {
                let url = if rest.is_empty() { "https://example.com/photo.jpg" } else { rest };
                Act::Contact(Wrote { media: vec![url.to_owned()], ..Wrote::default() })
            }
            "tag" => Act::Tagged(word("/tag TAG")?),
            "call" => Act::Call(None),
            "fail" => Act::Refuse(rest.parse().map_err(|_| "write `/fail CODE` with an error code of Twilio, like 21614".to_owned())?),
            "delivery" => {
                let (status, code) = rest.split_once(' ').unwrap_or((rest, ""));
                if !["delivered", "read", "failed", "undelivered"].contains(&status) {
                    return Err("write `/delivery delivered`, `read`, `failed 30003` or `undelivered 30003`".to_owned());
                }
                Act::Delivery(status.to_owned(), code.parse().ok())
            }
            "http" => Act::Http(prepared(rest)?),
            "crash" => Act::Crash(match rest {
                "before_send" => Crash::BeforeSend,
                "after_send" => Crash::AfterSend,
                "any" => Crash::Any,
                _ => return Err("write `/crash before_send`, `after_send` or `any`".to_owned()),
            }),
            _ => return Err(format!("there is no `/{name}`; `/help` tells what there is")),
        })
    }

    /// Sets the first trigger off.
    fn start(&self, rest: &str) -> Result<Act, String> {
        let trigger = self.plan().and_then(|plan| plan.triggers.first()).ok_or("this playbook has no trigger; other playbooks run it")?;
        let to = |to: &[String]| to.first().cloned();
        Ok(match &trigger.kind {
            TriggerKind::Event { name, .. } => Act::Event(name.clone(), json(rest)?),
            TriggerKind::Keyword { words, to: senders, .. } => {
                Act::Contact(Wrote { text: words.first().cloned().unwrap_or_default(), to: to(senders), ..Wrote::default() })
            }
            TriggerKind::Message { to: senders } => Act::Contact(Wrote { text: "Hello".to_owned(), to: to(senders), ..Wrote::default() }),
            TriggerKind::Call { to: senders, .. } => Act::Call(to(senders)),
            TriggerKind::Tagged(tag) => Act::Tagged(tag.clone()),
            TriggerKind::Cron { .. } | TriggerKind::At { .. } => Act::Start(Start::Cron(None)),
        })
    }

    /// To the next thing that falls due.
    fn next(&mut self) -> Result<Act, String> {
        let wake = self.on.wake().ok_or("nothing falls due; nobody waits")?;
        let zone = self.on.zone();
        let local = zone.to_datetime(wake.timestamp()).strftime("%Y-%m-%d %H:%M").to_string();
        // The wall clock says it all unless there are seconds, or the hour comes twice.
        let exact = parse_when(&local, &zone) == Some(wake.timestamp());
        Ok(Act::AdvanceTo(if exact { local } else { wake.timestamp().to_string() }))
    }

    /// Does a line and shows what came of it. A call that no answer was prepared for is refused, and the chat says so.
    fn do_it(&mut self, act: Act) -> Result<String, String> {
        let before = self.on.clone();
        let (said, decided) = (before.spoken().len(), before.decisions().len());
        let mut lines: Vec<Act> = Vec::new();
        let mut shown_text = String::new();
        for _ in 0..=MAX_CALLS {
            self.on = before.clone();
            if let Err(why) = lines.iter().chain([&act]).try_for_each(|act| self.on.act(act)) {
                self.on = before;
                return Err(why);
            }
            let unprepared = self.on.take_unprepared();
            let Some(call) = unprepared.first().filter(|_| lines.len() < MAX_CALLS) else { break };
            shown_text.push_str(&view::between(&format!("`{call}` was called, and nobody answered; next time say before: /http {call} 200 {{}}")));
            lines.push(Act::Http(Prepared { call: call.clone(), answer: Err("refused".to_owned()), times: None }));
        }
        self.decided = decided;
        lines.push(act);
        self.test.script.extend(lines.into_iter().map(|act| Line { at: 0, act }));
        shown_text.push_str(&self.came(said, decided));
        Ok(shown_text)
    }

    /// What was said and decided, in order; what is heard goes into the script.
    fn came(&mut self, said: usize, decided: usize) -> String {
        let zone = self.on.zone();
        let mut text = String::new();
        for heard in self.on.take_heard() {
            text.push_str(&view::between(&if heard.is_empty() { "the call is refused".to_owned() } else { format!("the caller hears: {heard}") }));
            self.test.script.push(Line { at: 0, act: Act::Voice(part(&heard)) });
        }
        for spoken in self.on.spoken().iter().skip(said) {
            text.push_str(&view::left(spoken, &shown(spoken.at.timestamp(), &zone)));
            if !spoken.by_agent {
                let words = Expected { text: Some(part(&spoken.text.body)), ..Expected::default() };
                self.test.script.push(Line { at: 0, act: Act::Bot(words) });
            }
        }
        for decision in self.on.decisions().get(decided..).unwrap_or_default() {
            // The rest is for `/why`.
            if let Decision::Ended { .. } | Decision::NotStarted { .. } | Decision::Skipped { .. } | Decision::HandedOff { .. } = decision
                && let Some(sentence) = why::sentence(decision, self.on.plans(), &zone)
            {
                text.push_str(&view::between(&sentence));
            }
        }
        self.on.take_troubles().iter().for_each(|trouble| text.push_str(&view::between(trouble)));
        text + &view::waits(&self.on.standing())
    }

    fn why(&mut self) -> String {
        let zone = self.on.zone();
        let decisions = self.on.decisions().get(self.decided..).unwrap_or_default();
        let sentences: Vec<String> = decisions.iter().filter_map(|decision| why::sentence(decision, self.on.plans(), &zone)).collect();
        if sentences.is_empty() { view::between("nothing was decided") } else { sentences.iter().map(|sentence| view::between(sentence)).collect() }
    }

    fn vars(&mut self) -> String {
        let contact = self.on.contact();
        let vars = self.on.newest().map(|row| row.vars.clone()).unwrap_or_default();
        let vars = vars.iter().map(|(name, value)| format!("{name} = {value}"));
        let fields = contact.fields.iter().map(|(name, value)| format!("contact.{name} = {value}"));
        let tags = contact.tags.iter().map(|tag| format!("tag {tag}"));
        let consent = contact.consent.iter().map(|class| format!("agreed to {class}")).chain(contact.opted_out.then(|| "opted out".to_owned()));
        vars.chain(fields).chain(tags).chain(consent).map(|line| format!("  {line}\n")).collect()
    }

    /// Writes the chat as a test, behind those that the file has.
    fn save(&self, file: &str) -> Result<String, String> {
        let file = if file.ends_with(".test.yaml") { file.to_owned() } else { format!("{}.test.yaml", file.trim_end_matches(".yaml")) };
        let path = Path::new(&file);
        let there = if path.exists() { std::fs::read_to_string(path).map_err(|why| format!("`{file}`: {why}"))? } else { String::new() };
        let mut test = self.test.clone();
        let named = |name: &str| there.lines().any(|line| line == format!("test: {name}"));
        let mut number = 1;
        while named(&test.name) {
            number += 1;
            test.name = format!("{} {number}", self.test.name);
        }
        let bot = self.on.spoken().iter().filter(|spoken| !spoken.by_agent).count();
        let outcome = self.on.newest().and_then(|row| row.outcome.clone()).map_or(Value::Null, Value::from);
        test.expect = vec![("outcome".to_owned(), 0, outcome), ("sent".to_owned(), 0, Value::from(bot))];
        let join = if there.trim().is_empty() { "" } else { "---\n" };
        std::fs::write(path, format!("{there}{join}{}", write(&test))).map_err(|why| format!("`{file}`: {why}"))?;
        Ok(view::between(&format!("saved as the test `{}` in {file}", test.name)))
    }
}

/// What stands behind a command that needs something.
fn need<'r>(rest: &'r str, how: &str) -> Result<&'r str, String> {
    if rest.is_empty() { Err(format!("write it as `{how}`")) } else { Ok(rest) }
}

/// Data; none is an empty map.
fn json(text: &str) -> Result<Value, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|why| format!("`{text}` is not JSON: {why}"))
}

/// `POST https://host/path 200 {json}`.
fn prepared(rest: &str) -> Result<Prepared, String> {
    let how = "write it as `/http POST https://HOST/PATH 200 {json}`, or with `timeout` or `refused` for 200";
    let mut words = rest.splitn(4, char::is_whitespace);
    let (Some(method), Some(url)) = (words.next(), words.next()) else { return Err(how.to_owned()) };
    let answer = match words.next().unwrap_or("200") {
        fail @ ("timeout" | "refused") => Err(fail.to_owned()),
        status => Ok((status.parse().map_err(|_| how.to_owned())?, words.next().map_or(Ok(Value::Null), json)?)),
    };
    Ok(Prepared { call: format!("{method} {url}"), answer, times: None })
}

/// A trigger in words.
fn trigger_told(kind: &TriggerKind) -> String {
    match kind {
        TriggerKind::Event { name, .. } => format!("the event `{name}`"),
        TriggerKind::Keyword { words, .. } => format!("the text {}", words.iter().map(|word| word.to_uppercase()).collect::<Vec<_>>().join(" or ")),
        TriggerKind::Message { .. } => "any text".to_owned(),
        TriggerKind::Call { .. } => "a call".to_owned(),
        TriggerKind::Tagged(tag) => format!("the tag `{tag}`"),
        TriggerKind::Cron { line, .. } => format!("the schedule `{line}`"),
        TriggerKind::At { when, .. } => format!("the broadcast of {when}"),
    }
}
