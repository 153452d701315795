//! `bridged why` and `stats`: what the running daemon decided about a person, and how people fare in a playbook.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use super::daemon::Daemon;
use super::output::{self, Format, print};
use super::{Result, Status};

/// `bridged why`
#[derive(Debug, clap::Args)]
pub(super) struct WhyArgs {
    /// The contact, like +15125550100
    phone: String,
    /// Only what bears on this playbook
    playbook: Option<String>,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// `bridged stats`
#[derive(Debug, clap::Args)]
pub(super) struct StatsArgs {
    /// Its name
    playbook: String,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A piece of an address, written so that it stays one piece.
pub(super) fn piece(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Tells each rule that decided.
pub(super) fn why(args: &WhyArgs, config: Option<&Path>) -> Result {
    let (daemon, _) = Daemon::of(config)?;
    let playbook = args.playbook.as_deref().map(|playbook| format!("?playbook={}", piece(playbook))).unwrap_or_default();
    let told = daemon.send(Method::GET, &format!("/v1/contacts/{}/why{playbook}", piece(&args.phone)), &Value::Null)?.good()?;
    match args.format {
        Format::Json => output::print_json(&told),
        Format::Text => {
            let lines = told["items"].as_array().into_iter().flatten().map(|reason| {
                let text = |key: &str| reason[key].as_str().unwrap_or_default();
                let at: String = text("at").chars().take("2026-03-03T10:00:00".len()).collect();
                let playbook = if text("playbook").is_empty() { String::new() } else { format!("{}: ", text("playbook")) };
                format!("{:19}  {playbook}{}\n", at.replace('T', " "), text("sentence"))
            });
            let said: String = lines.collect();
            print(if said.is_empty() { "nothing was decided about this contact\n" } else { &said });
        }
    }
    Ok(Status::Fine)
}

/// Prints the funnel.
pub(super) fn stats(args: &StatsArgs, config: Option<&Path>) -> Result {
    let (daemon, _) = Daemon::of(config)?;
    let stats = daemon.send(Method::GET, &format!("/v1/playbooks/{}/stats", piece(&args.playbook)), &Value::Null)?.good()?;
    match args.format {
        Format::Json => output::print_json(&stats),
        Format::Text => print(&funnel(&stats)),
    }
    Ok(Status::Fine)
}

/// The funnel for people.
fn funnel(stats: &Value) -> String {
    let listed = |counts: &Value| {
        let counts: Vec<String> = counts.as_object().into_iter().flatten().map(|(name, count)| format!("{name} {count}")).collect();
        counts.join(", ")
    };
    let mut said = format!("{}: {} started, {} reached the goal\n", stats["playbook"].as_str().unwrap_or_default(), stats["started"], stats["goals"]);
    for (name, counts) in [("not started", listed(&stats["not_started"])), ("outcomes", listed(&stats["outcomes"]))] {
        if !counts.is_empty() {
            said.push_str(&format!("  {name}: {counts}\n"));
        }
    }
    for step in stats["steps"].as_array().into_iter().flatten() {
        said.push_str(&format!("  {:20} {} reached", step["step"].as_str().unwrap_or_default(), step["reached"]));
        for way in step["ways"].as_array().into_iter().flatten() {
            said.push_str(&format!(", {} {}", way[1], way[0].as_str().unwrap_or_default()));
        }
        for (key, words) in [("retried", "asked again"), ("timed_out", "timed out")] {
            if step[key] != 0 {
                said.push_str(&format!(", {} {words}", step[key]));
            }
        }
        said.push('\n');
        for reply in step["unmatched"].as_array().into_iter().flatten() {
            said.push_str(&format!("      not understood: {} ({} times)\n", reply[0].as_str().unwrap_or_default(), reply[1]));
        }
        if let Some(rule) = step["rule"].as_str() {
            said.push_str("      a rule for these, to paste under `replies`:\n");
            rule.lines().for_each(|line| said.push_str(&format!("        {line}\n")));
        }
    }
    said
}
