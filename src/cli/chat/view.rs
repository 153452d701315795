//! How a chat looks: what the bot says on the left, the contact on the right, time and ends between them; plain characters only.

use crate::engine::script::{Spoken, Stand, Standing};
use crate::model::Time;
use crate::text::segments;

/// Columns of a talk: narrow enough for any terminal.
const WIDTH: usize = 76;

/// Columns of a bubble.
const BUBBLE: usize = 52;

/// What the bot, or a person, says.
pub(super) fn left(spoken: &Spoken, at: &str) -> String {
    let Spoken { text, by_agent, outgoing, .. } = spoken;
    let who = if *by_agent { "agent" } else { "bot" };
    let cost = segments(&text.body).segments;
    let cost = if cost > 1 { format!(", {cost} segments") } else { String::new() };
    let step = outgoing.step.as_ref().map(|step| format!(", {step}")).unwrap_or_default();
    let template = text.content.as_ref().map(|content| format!(", template {}", content.sid)).unwrap_or_default();
    let mut shown = String::new();
    for line in wrapped(&text.body) {
        shown.push_str(&format!("  | {line}\n"));
    }
    for url in &text.media {
        shown.push_str(&format!("  | [{url}]\n"));
    }
    shown + &format!("  '- {who}, {at}{step}{cost}{template}\n")
}

/// What the contact writes.
pub(super) fn right(text: &str) -> String {
    let lines = wrapped(text);
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let indent = WIDTH.saturating_sub(width + 2);
    lines.iter().map(|line| format!("{}{line}{} |\n", " ".repeat(indent), " ".repeat(width - line.chars().count()))).collect()
}

/// A word between the bubbles.
pub(super) fn between(text: &str) -> String {
    format!("  -- {text}\n")
}

/// What is open and what falls due next, a line each.
pub(super) fn waits(standing: &Standing) -> String {
    let line = |stand: &Stand| {
        let due = stand.due.iter().map(|falls| {
            let what = if falls.what.is_empty() { "goes on" } else { falls.what };
            let word = if falls.word == "until" && !falls.what.is_empty() { "for" } else { "in" };
            format!("{what} {word} {}", length(standing.now, falls.at))
        });
        let due: Vec<String> = due.collect();
        let name = stand.other.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
        let step = stand.step.as_deref().unwrap_or("its start");
        let due = if due.is_empty() { String::new() } else { format!(": {}", due.join(", ")) };
        format!("  ... {name}{step} {}{due}\n", if stand.doing == "open" { "listens" } else { stand.doing })
    };
    standing.open.iter().map(line).collect()
}

/// `3h 20m`, `2d 4h`: the two largest units are enough.
fn length(from: Time, to: Time) -> String {
    let seconds = from.until(to).as_secs();
    let parts = [(seconds / 86_400, "d"), (seconds % 86_400 / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s")];
    let shown: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).take(2).map(|(count, unit)| format!("{count}{unit}")).collect();
    if shown.is_empty() { "no time".to_owned() } else { shown.join(" ") }
}

/// Broken into lines at spaces; longer words stay whole.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > BUBBLE {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}
