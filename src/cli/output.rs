//! What commands print: whole texts at once, so that a reader who has seen enough (`| head`) ends nothing with an error.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

/// The forms in which data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Prints data.
pub(super) fn print(text: &str) {
    // A closed pipe is the reader's wish; what was to be said is said.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Prints data for programs.
pub(super) fn print_json(value: &impl Serialize) {
    // Only values of our own come here, which always have a JSON form.
    print(&(serde_json::to_string_pretty(value).unwrap_or_default() + "\n"));
}

/// Says something to whoever watches.
pub(super) fn talk(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Says why a command could not run.
pub(super) fn error(text: &str) {
    let (red, plain) = if is_coloured(&std::io::stderr()) { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    talk(&format!("{red}error{plain}: {text}"));
}

/// Says what is worth a look, by the code under which `explain` tells more.
pub(super) fn warning(code: &str, text: &str) {
    let (yellow, plain) = if is_coloured(&std::io::stderr()) { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
    talk(&format!("{yellow}warning[{code}]{plain}: {text}"));
}

/// Whether a stream shows colours: a terminal, and the user has not asked for none (no-color.org).
pub(super) fn is_coloured(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A word in a colour of the terminal, for stdout.
pub(super) fn coloured(word: &str, colour: Colour) -> String {
    let number = match colour {
        Colour::Red => 31,
        Colour::Yellow => 33,
        Colour::Green => 32,
    };
    if is_coloured(&std::io::stdout()) { format!("\x1b[{number}m{word}\x1b[0m") } else { word.to_owned() }
}

/// What colours mean: red wrong, yellow look at it, green done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Colour {
    /// Wrong.
    Red,
    /// Look at it.
    Yellow,
    /// Done.
    Green,
}

/// `1 playbook`, `2 playbooks`.
pub(super) fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}
