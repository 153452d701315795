//! Playbooks edited under the feet of people in mid-conversation: nobody is lost, nobody is texted twice.
//!
//! Every text carries a mark that goes with its step through all edits, renamed or not. Steps keep their order, and what is deleted never
//! comes back, so that a text heard twice is our fault and not the author's.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// Conversations rehearsed, and edits made under each: 10,000 edits.
const TALKS: u32 = 1_000;
/// See `TALKS`.
const EDITS: usize = 10;

/// What a step does; its place in this list is chosen by an edit.
const VERBS: [&str; 6] = ["send", "ask", "listen", "wait", "wait_for", "handoff"];

/// A step as the author sees it.
#[derive(Clone, Debug)]
struct Written {
    /// Goes with it through all edits: what its texts begin with.
    mark: usize,
    /// Its id, which an edit may change.
    id: String,
    /// Which of `VERBS`.
    verb: usize,
    /// Raised by every change of its words.
    wording: usize,
    /// Minutes of its time-out or wait.
    minutes: u64,
    /// Its reminders.
    reminders: usize,
    /// Whether it says something before a person comes, or asks again.
    says: bool,
}

/// A playbook as the author sees it.
#[derive(Clone, Debug)]
struct Book {
    steps: Vec<Written>,
    /// Marks and ids are never used again.
    next: usize,
    renamed: BTreeMap<String, String>,
    moves: bool,
}

impl Book {
    fn new(verbs: &[usize]) -> Book {
        let mut book = Book { steps: Vec::new(), next: 0, renamed: BTreeMap::new(), moves: true };
        verbs.iter().for_each(|verb| book.insert(book.steps.len(), *verb));
        book
    }

    fn insert(&mut self, place: usize, verb: usize) {
        let mark = self.next;
        self.next += 1;
        let step = Written { mark, id: format!("s{mark}"), verb, wording: 0, minutes: 60, reminders: mark % 3, says: mark.is_multiple_of(2) };
        self.steps.insert(place.min(self.steps.len()), step);
    }

    fn yaml(&self) -> String {
        let mut yaml = format!(
            "playbook: edited\nmessage_class: transactional\ntriggers: [{{event: edited.go}}]\nupgrade: {}\n",
            if self.moves { "move" } else { "pin" }
        );
        if !self.renamed.is_empty() {
            let renamed: Vec<String> = self.renamed.iter().map(|(old, new)| format!("{old}: {new}")).collect();
            yaml.push_str(&format!("renamed: {{{}}}\n", renamed.join(", ")));
        }
        yaml.push_str("steps:\n");
        self.steps.iter().for_each(|step| yaml.push_str(&step.yaml()));
        yaml.push_str("  - end: done\n");
        yaml
    }
}

impl Written {
    fn yaml(&self) -> String {
        let Written { mark, id, minutes, wording, .. } = self;
        let text = |kind: &str| format!("\"<{mark}{kind}> words {wording}\"");
        let after = format!("    timeout: {minutes}m\n    on_timeout: {{do: [{{record: late}}]}}\n");
        let mut answers = "    replies: [{match: yes}]\n".to_owned();
        if self.says {
            answers.push_str(&format!("    retry: {{max: 1, say: {}}}\n", text("t")));
        }
        answers.push_str("    on_no_match: {do: [{record: unclear}]}\n");
        let reminders: Vec<String> =
            (0..self.reminders).map(|n| format!("{{after: {}s, say: {}}}", minutes * 12 * (n as u64 + 1), text(&format!("r{n}")))).collect();
        if !reminders.is_empty() {
            answers.push_str(&format!("    remind: [{}]\n", reminders.join(", ")));
        }
        let body = match VERBS[self.verb] {
            "send" => format!("    send: {}\n", text("")),
            "ask" => format!("    ask: {}\n{answers}{after}", text("")),
            "listen" => format!("    listen: {minutes}m\n{answers}    on_timeout: {{do: [{{record: late}}]}}\n"),
            "wait" => format!("    wait: {minutes}m\n"),
            "wait_for" => format!("    wait_for: edited.done\n{after}"),
            _ => format!("    handoff: sales\n{}{after}", if self.says { format!("    say: {}\n", text("h")) } else { String::new() }),
        };
        format!("  - id: {id}\n{body}")
    }
}

/// One change to the file.
#[derive(Clone, Debug)]
enum Edit {
    Words(usize),
    Minutes(usize, u64),
    Reminders(usize, usize),
    Says(usize),
    Verb(usize, usize),
    Rename(usize),
    Delete(usize),
    Insert(usize, usize),
    Moves(bool),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = || 0..8usize;
    prop_oneof![
        2 => at().prop_map(Edit::Words),
        2 => (at(), 1..600u64).prop_map(|(at, minutes)| Edit::Minutes(at, minutes)),
        2 => (at(), 0..4usize).prop_map(|(at, count)| Edit::Reminders(at, count)),
        1 => at().prop_map(Edit::Says),
        2 => (at(), 0..VERBS.len()).prop_map(|(at, verb)| Edit::Verb(at, verb)),
        2 => at().prop_map(Edit::Rename),
        1 => at().prop_map(Edit::Delete),
        2 => (at(), 0..VERBS.len()).prop_map(|(at, verb)| Edit::Insert(at, verb)),
        1 => any::<bool>().prop_map(Edit::Moves),
    ]
}

fn apply(book: &mut Book, edit: &Edit) {
    let count = book.steps.len();
    let at = |place: &usize| place % count.max(1);
    match edit {
        Edit::Insert(place, verb) => book.insert(*place, *verb),
        Edit::Moves(moves) => book.moves = *moves,
        // A playbook without steps is none.
        Edit::Delete(place) if count > 1 => {
            let gone = book.steps.remove(at(place));
            book.renamed.retain(|_, new| *new != gone.id);
        }
        Edit::Delete(_) => {}
        Edit::Words(place) => book.steps[at(place)].wording += 1,
        Edit::Minutes(place, minutes) => book.steps[at(place)].minutes = *minutes,
        Edit::Reminders(place, reminders) => book.steps[at(place)].reminders = *reminders,
        Edit::Says(place) => book.steps[at(place)].says ^= true,
        Edit::Verb(place, verb) => book.steps[at(place)].verb = *verb,
        Edit::Rename(place) => {
            let new = format!("n{}", book.next);
            book.next += 1;
            let old = std::mem::replace(&mut book.steps[at(place)].id, new.clone());
            // Whoever stands in a version before the last is found too.
            book.renamed.values_mut().filter(|known| **known == old).for_each(|known| known.clone_from(&new));
            book.renamed.insert(old, new);
        }
    }
}

/// What the world does between two edits.
#[derive(Clone, Debug)]
enum Act {
    /// Twilio takes the first text that waits.
    Takes,
    /// The first text that waits is being posted.
    Posts,
    /// The contact says one of these.
    Says(usize),
    /// The awaited event.
    Told,
    /// Minutes pass.
    Passes(u64),
    /// A person closes.
    Closes,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Takes),
        2 => Just(Act::Posts),
        2 => (0..2usize).prop_map(Act::Says),
        1 => Just(Act::Told),
        3 => (1..900u64).prop_map(Act::Passes),
        1 => Just(Act::Closes),
    ]
}

/// Takes a text: no mark may come twice.
fn take(bench: &mut Bench, heard: &mut Vec<String>) -> bool {
    if bench.out.is_empty() {
        return false;
    }
    let outgoing = bench.out.remove(0).0;
    let mark = body(&outgoing).split(' ').next().unwrap().to_owned();
    assert!(!heard.contains(&mark), "{mark} went out twice: {heard:?}");
    heard.push(mark);
    bench.happens(Happening::Sent { message: outgoing.id, sid: None });
    true
}

fn does(bench: &mut Bench, act: &Act, heard: &mut Vec<String>) {
    match act {
        Act::Takes => drop(take(bench, heard)),
        Act::Posts => {
            if let Some((_, flight)) = bench.out.first_mut() {
                *flight = Flight::Posting;
            }
        }
        Act::Says(which) => drop(bench.wrote(["yes", "hm"][*which])),
        Act::Told => drop(bench.event("edited.done", serde_json::json!({}))),
        Act::Passes(minutes) => bench.passes(minutes * 60),
        Act::Closes => {
            if let Some(handoff) = open_handoff(bench) {
                bench.happens(Happening::AgentClosed { handoff, outcome: "done".to_owned(), agent: "Sam".to_owned() });
            }
        }
    }
}

/// The edited file comes into force, as a reload does it.
fn deploy(bench: &mut Bench, book: &Book) {
    let sources = Sources { playbooks: vec![("edited.yaml".to_owned(), book.yaml())], templates: BTreeMap::new() };
    let compiled = compile(&sources, &bench.plans.workspace, Time::default().timestamp());
    let Some(mut set) = compiled.set else { panic!("{}\n{:#?}", book.yaml(), compiled.faults) };
    for plan in bench.plans.plans.values().chain(bench.plans.old.values()) {
        set = set.with_old(plan.clone());
    }
    bench.plans = set;
    bench.happens(Happening::Deployed { playbook: "edited".to_owned() });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: TALKS, ..ProptestConfig::default() })]

    #[test]
    fn edits_in_mid_conversation_lose_and_double_nobody(
        verbs in prop::collection::vec(0..VERBS.len(), 3..7),
        edits in prop::collection::vec((prop::collection::vec(act(), 0..4), edit()), EDITS),
    ) {
        let mut book = Book::new(&verbs);
        let mut bench = Bench::new(&[&book.yaml()], "2026-03-03 10:00");
        bench.event("edited.go", serde_json::json!({}));
        let mut heard = Vec::new();
        for (acts, edit) in &edits {
            acts.iter().for_each(|act| does(&mut bench, act, &mut heard));
            apply(&mut book, edit);
            deploy(&mut bench, &book);
            storms::in_order(&bench);
        }
        // Left alone, every conversation comes to its end, and to one end only.
        for _ in 0..1_000 {
            if !take(&mut bench, &mut heard) {
                if bench.person.state.live.is_empty() {
                    break;
                }
                bench.passes(Duration::from_secs(24 * 3600).as_secs());
            }
        }
        let ends = bench.decisions.iter().filter(|decision| matches!(decision, Decision::Ended { .. })).count();
        prop_assert_eq!((ends, bench.outcome()), (1, Some("done")), "{:#?}", bench.person.state);
    }
}
