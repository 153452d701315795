//! `bridged test`: transcripts at virtual time.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::output::{self, Colour, Format, coloured, print, talk};
use super::workspaces::{Group, Loaded, group};
use super::{Error, Result, Status, coverage, explored, junit};
use crate::engine::script::{self, Coverage, Exchange, Mismatch, Outcome, Part, Stage, Transcript};
use crate::playbook::{Level, PlanSet, show};
use crate::work::{files, schedules};

/// `bridged test`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders, searched downwards for `*.test.yaml`; the `playbooks` folder of the settings by default
    paths: Vec<PathBuf>,
    /// Only tests with this in their name
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Also write a report in JUnit's form
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Also say which ways of the playbooks no test takes
    #[arg(long)]
    coverage: bool,
    /// Exit with 1 if the tests take less than this share of all ways, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    coverage_min: Option<u8>,
    /// Also write the coverage as JSON
    #[arg(long, value_name = "FILE")]
    coverage_json: Option<PathBuf>,
    /// Also walk every way of the playbooks by itself, and prove what no test should have to
    #[arg(long)]
    explore: bool,
    /// text, or json: a list of all tests
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How one test went.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Its file, as shown.
    pub file: String,
    /// Its line there.
    pub line: usize,
    /// Its name.
    pub test: String,
    /// The playbook under test.
    pub playbook: String,
    /// Whether nothing was wrong.
    pub passed: bool,
    /// What was wrong.
    pub failures: Vec<Failure>,
    /// How long it took the contact.
    pub seconds_virtual: i64,
    /// Where the conversation stood when it failed.
    #[serde(skip)]
    pub situation: String,
    /// The text expected beside the one said.
    #[serde(skip)]
    mismatch: Option<Mismatch>,
    /// What was said last.
    #[serde(skip)]
    talk: Vec<Exchange>,
}

/// One thing wrong.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    /// Line of the script, or of the expectation.
    pub line: usize,
    /// What was expected and what was there.
    pub message: String,
}

/// All that a run gathers.
struct Run<'a> {
    /// What was asked for.
    args: &'a Args,
    /// What went how, in order.
    reports: Vec<Report>,
    /// Some file or playbook could not be used.
    not_all: bool,
    /// Test files that were found.
    files: usize,
    /// Ways taken, by playbook.
    coverage: coverage::Report,
    /// What explorations say, and whether they found a fault.
    explored: explored::Report,
}

/// Tests.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let mut run = Run { args, reports: Vec::new(), not_all: false, files: 0, coverage: Default::default(), explored: Default::default() };
    for group in group(&args.paths, config)? {
        if let Err(error) = run.group(&group) {
            output::error(&error.to_string());
            run.not_all = true;
        }
    }
    let Run { reports, mut not_all, files, coverage, explored, .. } = run;
    if args.explore && reports.is_empty() {
        // Walks need no tests.
    } else if files == 0 && !not_all {
        talk("there is no `*.test.yaml` here");
        not_all = true;
    } else if reports.is_empty() && !not_all {
        talk("no test has this in its name");
        not_all = true;
    }
    if let Some(file) = &args.junit {
        let written = std::fs::write(file, junit::xml(&reports));
        written.map_err(|why| Error::File { file: file.display().to_string(), why })?;
    }
    if let Some(file) = &args.coverage_json {
        let written = std::fs::write(file, serde_json::to_string_pretty(&coverage).unwrap_or_default() + "\n");
        written.map_err(|why| Error::File { file: file.display().to_string(), why })?;
    }
    let uncovered = if args.coverage { coverage.text() } else { String::new() };
    let too_little = args.coverage_min.filter(|least| coverage.percent < usize::from(*least));
    if let Some(least) = too_little {
        talk(&format!("the tests take {} % of all ways, which is less than {least} %", coverage.percent));
    }
    let failed = reports.iter().filter(|report| !report.passed).count();
    // Always there and always last, for people and for scripts.
    let last = format!("{} passed, {failed} failed", reports.len() - failed);
    match args.format {
        Format::Text => print(&format!("{uncovered}{}{last}\n", explored.text)),
        Format::Json => {
            output::print_json(&reports);
            talk(&format!("{uncovered}{}{last}", explored.text));
        }
    }
    Ok(if not_all { Status::NotAll } else { Status::fine_if(failed == 0 && too_little.is_none() && !explored.found) })
}

impl Run<'_> {
    /// Runs the tests of one workspace.
    fn group(&mut self, group: &Group) -> Result<()> {
        let folder = [group.language.playbooks.clone()];
        let paths = if group.paths.is_empty() { &folder } else { group.paths.as_slice() };
        let mut tests: Vec<(PathBuf, Vec<Transcript>)> = Vec::new();
        for path in paths {
            for file in files::find(path, files::is_test)? {
                self.files += 1;
                let transcripts = self.read(&file);
                tests.push((file, transcripts));
            }
        }
        let Loaded { compiled, folder, .. } = group.whole().load()?;
        for trouble in &folder.troubles {
            output::error(&format!("`{}` can't be read: {}", trouble.path, trouble.why));
        }
        // A test speaks of the whole workspace, so one broken playbook makes all results doubtful.
        let Some(plans) = compiled.set.filter(|_| folder.troubles.is_empty()) else {
            let errors = compiled.faults.iter().filter(|fault| fault.level == Level::Error);
            errors.for_each(|fault| talk(&show::short(fault)));
            output::error("the playbooks have faults, so nothing was tested; `bridged check` shows them at length");
            self.not_all = true;
            return Ok(());
        };
        let mut taken = Coverage::default();
        for (file, transcripts) in &tests {
            let read = |name: &str| read_beside(file, name);
            let stage = Stage { plans: &plans, sources: &folder.sources, file: &read, next_time: &schedules::next_time };
            for test in transcripts {
                self.play(&stage, file, test, &mut taken);
            }
        }
        self.coverage.add(&plans, &taken);
        if self.args.explore {
            let all: Vec<Transcript> = tests.iter().flat_map(|(_, transcripts)| transcripts.iter().cloned()).collect();
            let read = |name: &str| Err(format!("`{name}` is not read here"));
            let stage = Stage { plans: &plans, sources: &folder.sources, file: &read, next_time: &schedules::next_time };
            // With paths, the playbooks that the tests there speak of.
            let asked = |name: &str| group.paths.is_empty() || all.iter().any(|test| test.playbook == name);
            plans.iter().filter(|plan| asked(&plan.name)).for_each(|plan| self.explored.add(&stage, &plan.name, &all));
        }
        Ok(())
    }

    /// The tests of a file that are asked for. One that can't be read is told and left out.
    fn read(&mut self, file: &Path) -> Vec<Transcript> {
        let path = files::shown(file);
        let read = files::read_text(file).map_err(|why| vec![format!("`{path}` can't be read: {why}")]).and_then(|text| {
            let lines =
                |problems: Vec<script::Problem>| problems.iter().map(|problem| format!("{path}:{}: {}", problem.line, problem.message)).collect();
            script::read(&path, &text).map_err(lines)
        });
        match read {
            Ok(tests) => tests.into_iter().filter(|test| self.is_asked_for(test)).collect(),
            Err(problems) => {
                problems.iter().for_each(|problem| talk(problem));
                self.not_all = true;
                Vec::new()
            }
        }
    }

    /// By `--filter`, in any case.
    fn is_asked_for(&self, test: &Transcript) -> bool {
        self.args.filter.as_ref().is_none_or(|part| test.name.to_lowercase().contains(&part.to_lowercase()))
    }

    /// Plays one test and tells how it went.
    fn play(&mut self, stage: &Stage<'_>, file: &Path, test: &Transcript, taken: &mut Coverage) {
        let path = files::shown(file);
        if stage.plans.by_name(&test.playbook).is_none() {
            talk(&format!("{path}:{}: there is no playbook `{}`{}", test.line, test.playbook, guess(stage.plans, &test.playbook)));
            self.not_all = true;
            return;
        }
        let Outcome { failures, mismatch, talk, situation, seconds, decisions, .. } = script::play(stage, test);
        taken.count(&decisions);
        let report = Report {
            file: path,
            line: test.line,
            test: test.name.clone(),
            playbook: test.playbook.clone(),
            passed: failures.is_empty(),
            failures: failures.into_iter().map(|(line, message)| Failure { line, message }).collect(),
            seconds_virtual: seconds,
            situation,
            mismatch,
            talk,
        };
        // At once, test by test: a long run shows how far it is.
        if self.args.format == Format::Text {
            print(&told(&report));
        }
        self.reports.push(report);
    }
}

/// A test in a line, and under it what was wrong, where the conversation stood, and what was said before.
fn told(report: &Report) -> String {
    let word = if report.passed { coloured("ok  ", Colour::Green) } else { coloured("FAIL", Colour::Red) };
    let mut text = format!("{word}  {}  {}\n", report.playbook, report.test);
    for (nth, failure) in report.failures.iter().enumerate() {
        text.push_str(&format!("      {}:{}: {}\n", report.file, failure.line, failure.message));
        if let (0, Some(Mismatch { expected, said })) = (nth, &report.mismatch) {
            text.push_str(&format!("          expected  {}\n", marked(expected, ("[-", "-]"), Colour::Red)));
            text.push_str(&format!("          bot said  {}\n", marked(said, ("{+", "+}"), Colour::Green)));
        }
    }
    if !report.passed && !report.situation.is_empty() {
        text.push_str(&format!("      {}\n", report.situation));
    }
    for Exchange { who, text: words, at } in &report.talk {
        let at = at.as_deref().map(|at| format!("  ({at})")).unwrap_or_default();
        text.push_str(&format!("        {who:>7} | {}{at}\n", one_line(words)));
    }
    text
}

/// A text with the parts that differ between marks, as `git diff --word-diff` has them; in colour on a terminal.
fn marked(parts: &[Part], (open, close): (&str, &str), colour: Colour) -> String {
    let part = |part: &Part| match part.differs {
        true => coloured(&format!("{open}{}{close}", one_line(&part.text)), colour),
        false => one_line(&part.text),
    };
    parts.iter().map(part).collect()
}

/// Line breaks of a text as a sign, so that it stays in its line.
fn one_line(text: &str) -> String {
    text.replace('\n', "⏎")
}

/// The nearest known playbook, as a question.
fn guess(plans: &PlanSet, written: &str) -> String {
    let guess = crate::playbook::did_you_mean(written, plans.iter().map(|plan| plan.name.as_str()));
    guess.map(|guess| format!(" (did you mean `{guess}`?)")).unwrap_or_default()
}

/// A file that a test names, from the test's own folder.
fn read_beside(test: &Path, name: &str) -> std::result::Result<(String, String), String> {
    let file = test.parent().unwrap_or(Path::new("")).join(name);
    let path = files::shown(&file);
    let text = files::read_text(&file).map_err(|why| format!("`{path}` can't be read: {why}"))?;
    Ok((path, text))
}
