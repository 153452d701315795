//! Whatever stands in a file: `check` answers, soon, and `--fix` comes to an end.

#![allow(clippy::unwrap_used)]

use bridged::playbook::fix::fix;
use bridged::playbook::{Sources, compile, show};
use proptest::prelude::*;

use super::mistakes::{now, shipped, workspace};

/// Checks, shows every report, and repairs twice: the second time there is nothing to do.
fn answers(mut sources: Sources) -> Result<(), TestCaseError> {
    let workspace = workspace();
    let compiled = compile(&sources, &workspace, now());
    for form in [show::Form::Short, show::Form::Json, show::Form::Github, show::Form::Long { colour: false }] {
        show::report(&compiled.faults, &sources, form);
    }
    for fault in &compiled.faults {
        let text = sources.playbooks.iter().find(|(path, _)| **path == *fault.path).map(|(_, text)| text.as_str());
        if let Some(text) = text {
            // YAML ends a line at a lone carriage return, too.
            let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count();
            prop_assert!((1..=lines).contains(&fault.span.line), "{}: line {} of {lines}", fault.code, fault.span.line);
        }
    }
    fix(&mut sources, &workspace, now(), |_| true);
    let once = sources.playbooks.clone();
    let (made, _) = fix(&mut sources, &workspace, now(), |_| true);
    prop_assert_eq!(made, Vec::new());
    prop_assert_eq!(sources.playbooks, once);
    Ok(())
}

/// Pieces that break files, put where no author would.
const PIECES: [&str; 24] = [
    "\t", "\"", "'", ": ", ":", "{", "}", "[", "]", "{{", "}}", "{%", "- ", "\n", "\r\n", " #", "&a", "*a", "!x", "|", ">", "---\n", "\u{feff}", "’",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text(text in "(?s).{0,400}") {
        answers(Sources { playbooks: vec![("a.yaml".to_owned(), text)], ..Sources::default() })?;
    }

    #[test]
    fn any_marks(words in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60)) {
        let text = format!("playbook: a\nmessage_class: marketing\nsteps:\n  - send: {}", words.concat());
        answers(Sources { playbooks: vec![("a.yaml".to_owned(), text)], ..Sources::default() })?;
    }

    #[test]
    fn shipped_playbooks_with_pieces_in_them_or_missing(
        edits in prop::collection::vec((0_usize..5, any::<prop::sample::Index>(), 0_usize..12, prop::sample::select(PIECES.to_vec())), 1..4),
    ) {
        let mut sources = shipped();
        for (file, place, cut, piece) in edits {
            let text = &mut sources.playbooks[file].1;
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = place.index(places.len());
            let end = places.get(at + cut).copied().unwrap_or(text.len());
            text.replace_range(places[at]..end, piece);
        }
        answers(sources)?;
    }
}
