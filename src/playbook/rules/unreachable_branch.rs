//! `unreachable-branch`: a rule or branch that another one hides.

use super::super::fault::Fault;
use super::super::yaml::Node;
use super::{Checked, Context};
use crate::text::words::words;

/// Rules of questions and of `anytime`, and branches of `choose` behind an `otherwise`.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let anytime = file.file.root.get("anytime").into_iter();
    for list in anytime.chain(file.reading.steps.iter().filter_map(|step| step.node.get("replies"))) {
        rules(file, list.members(), faults);
    }
    for step in file.reading.steps.iter().filter(|step| step.verb.name == "choose") {
        let branches = step.entry.value.members();
        let all = branches.iter().position(|branch| branch.get("otherwise").is_some());
        for branch in branches.iter().skip(all.map_or(branches.len(), |all| all + 1)) {
            let place = branch.entry("if").or_else(|| branch.entry("otherwise")).map_or(branch.span, |entry| entry.at);
            let fault = file.warning("unreachable-branch", place, "this branch can never be taken").label("`otherwise` above takes everything");
            faults.push(fault.note("branches are tried from top to bottom; the first one that is true wins"));
        }
    }
}

/// One way to match, as far as it can hide another.
fn signs(way: &Node) -> Vec<String> {
    if let Some(value) = way.bool() {
        return vec![if value { "yes" } else { "no" }.to_owned()];
    }
    if let Some(word) = way.text() {
        return vec![word.to_owned()];
    }
    let texts = |node: &Node| node.one_or_many().iter().filter_map(Node::text).map(|text| words(text).join(" ")).collect::<Vec<_>>();
    way.entries()
        .iter()
        .flat_map(|entry| match entry.key.as_str() {
            // A whole reply that is the word also holds it: `words` above hides `any_of` below, not the other way round.
            "words" => texts(&entry.value).into_iter().map(|text| format!("words {text}")).collect(),
            "any_of" => texts(&entry.value).into_iter().map(|text| format!("any_of {text}")).collect(),
            "button" => texts(&entry.value).into_iter().map(|text| format!("button {text}")).collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// Compares each rule with those above it. Patterns, phrases and number ranges hide each other in ways that are not decided here;
/// a rule with one of them is never called unreachable.
fn rules(file: &Checked<'_>, rules: &[Node], faults: &mut Vec<Fault>) {
    let mut above: Vec<(String, &Node)> = Vec::new();
    for rule in rules {
        let Some(node) = rule.get("match") else { continue };
        let ways = node.one_or_many();
        let hides = |sign: &String| {
            let word = sign.strip_prefix("any_of ");
            above.iter().find(|(taken, _)| taken == sign || taken == "any" || word.is_some_and(|word| taken.strip_prefix("words ") == Some(word)))
        };
        let signs: Vec<(Vec<String>, &Node)> = ways.iter().map(|way| (signs(way), way)).collect();
        let hidden: Vec<_> = signs.iter().flat_map(|(signs, _)| signs).map(hides).collect();
        let any_above = above.iter().find(|(taken, _)| taken == "any");
        let is_plain = signs.iter().all(|(signs, _)| !signs.is_empty());
        // `other` is tried last wherever it stands, so nothing hides it but another `other`.
        let all_hidden = is_plain && !hidden.is_empty() && hidden.iter().all(Option::is_some);
        if let Some((taken, place)) = any_above.or_else(|| hidden.first().copied().flatten().filter(|_| all_hidden)) {
            let word = taken.split_once(' ').map_or(taken.as_str(), |(_, word)| word);
            let fault = file
                .warning("unreachable-branch", node.span, "this branch can never be taken")
                .label(format!("`{word}` is already taken above"))
                .second(place.span, format!("first branch that answers `{word}`"))
                .note("branches are tried from top to bottom; the first one that matches wins");
            faults.push(fault);
        }
        for (signs, way) in signs {
            above.extend(signs.into_iter().map(|sign| (sign, way)));
        }
    }
}
