//! The engine inside another program: compile a folder of playbooks, move one contact by events, print what would be texted.
//!
//! The engine has no clock, network or store. It is handed the contact, what is remembered of it, and an event with its time; it hands
//! back the contact, what to remember, and the texts to send. Keeping and sending them is up to you. Try it: `cargo run --example embed`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use bridged::config::{Language, Source};
use bridged::engine::{Person, State, step};
use bridged::model::event::TextIn;
use bridged::model::{Address, Channel, Contact, Event, Happening, Payload, Phone, Time};
use bridged::playbook::{PlanSet, Sources, compile};
use serde_json::json;

/// Our contact, an invented number.
const ANA: &str = "+15125550100";
/// Ten in the morning in Chicago. Time is handed in like everything else.
const MORNING: &str = "2026-03-03T16:00:00Z";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Brand, numbers, classes and queues as in `bridged.yaml`; no account is needed.
    let workspace = Arc::new(Language::read(&Source::sample(root), [])?.workspace);
    let mut sources = Sources::default();
    for (name, text) in files(&root.join("playbooks"))?.into_iter().filter(|(name, _)| !name.ends_with(".test.yaml")) {
        sources.playbooks.push((name, text));
    }
    sources.templates.extend(files(&root.join("templates"))?);
    let mut now = Time::from(MORNING.parse::<jiff::Timestamp>()?);
    let compiled = compile(&sources, &workspace, now.timestamp());
    for fault in &compiled.faults {
        eprintln!("{}:{}: {}", fault.path, fault.span.line, fault.message);
    }
    let plans = compiled.set.ok_or("the playbooks have faults")?;

    let mut contact = Contact::new(Phone::from(ANA), now);
    contact.set("first_name", json!("Ana"));
    let mut person = Person { contact, state: State::default() };
    let event = Happening::Api { name: "lead.created".into(), data: json!({"sms_consent": true}), key: None };
    person = happen(&plans, person, now, event);
    for (number, body) in ["yes please", "about $8,500"].into_iter().enumerate() {
        println!("     Ana: {body}");
        now = Time::from(now.timestamp() + jiff::SignedDuration::from_mins(5));
        let to = workspace.sender(Some("marketing")).and_then(|sender| sender.numbers.first()).ok_or("no such sender")?.clone();
        let (sid, from) = (format!("SM{number}"), Address::new(Channel::Sms, ANA));
        let text = TextIn { sid, from, to, body: body.into(), media: vec![], button: None, opt_out_type: None, profile_name: None };
        person = happen(&plans, person, now, Happening::Text(text));
    }
    Ok(())
}

/// One event and all that follows from it at once. A real program stores the person and the texts in one transaction, then sends.
fn happen(plans: &PlanSet, mut person: Person, now: Time, what: Happening) -> Person {
    let mut inbox = vec![what];
    while let Some(what) = inbox.pop() {
        let done = step(plans, person, &Event::new(now, what), &|_| None, now);
        person = done.person;
        for outgoing in done.effects.queue {
            if let Payload::Text(text) = outgoing.payload {
                println!("{}: {}", plans.workspace.brand, text.body);
                // That Twilio took it is an event, too: only then does the conversation go on.
                inbox.push(Happening::Sent { message: outgoing.id, sid: None });
            }
        }
    }
    person
}

/// Names and contents of a folder's files.
fn files(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let file = |entry: std::fs::DirEntry| Ok((entry.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(entry.path())?));
    std::fs::read_dir(folder)?.map(|entry| file(entry?)).collect()
}
