//! `bridged test --explore`: what walks through the playbooks came to.

use super::output::{Colour, coloured};
use crate::engine::script::explore::{Explored, Found, explore};
use crate::engine::script::{Coverage, Stage, Transcript, write};

/// What all walks came to.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// In words.
    pub text: String,
    /// Some walk found a fault.
    pub found: bool,
}

impl Report {
    /// Walks one playbook.
    pub fn add(&mut self, stage: &Stage<'_>, playbook: &str, tests: &[Transcript]) {
        let mut taken = Coverage::default();
        let Explored { points, moves, crashes, complete, left_out, found } = explore(stage, playbook, tests, &mut taken);
        if points == 0 && found.is_empty() {
            left_out.iter().for_each(|why| self.text.push_str(&format!("left out  {why}\n")));
            return;
        }
        let (all, missing) = stage.plans.by_name(playbook).map(|plan| taken.of(plan)).unwrap_or_default();
        let word = if found.is_empty() { coloured("walked", Colour::Green) } else { coloured("FOUND ", Colour::Red) };
        let end = if complete { "" } else { "; it gave up there, so not everything was seen" };
        let ways = format!("{} of {all} ways", all - missing.len());
        self.text.push_str(&format!("{word}  {playbook}  {points} points, {moves} moves, {crashes} crashes, {ways}{end}\n"));
        for Found { what, line, path, way, .. } in found {
            self.found = true;
            let place = path.zip(line).map(|(path, line)| format!("{path}:{line}: ")).unwrap_or_default();
            self.text.push_str(&format!("      {place}{what}\n      a test that comes there, to copy:\n---\n{}---\n", write(&way)));
        }
    }
}
