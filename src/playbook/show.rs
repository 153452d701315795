//! How faults look: the long form with the lines and the repair, the short form for editors, JSON. The only file that knows
//! annotate-snippets.

use annotate_snippets::{AnnotationKind, Group, Level as Severity, Patch as Change, Renderer, Snippet};

use super::Sources;
use super::fault::{Fault, Level};
use super::pieces::TEMPLATES;

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines, marks and repairs, for people.
    Long {
        /// With colours of the terminal.
        colour: bool,
    },
    /// One line a fault, for editors.
    Short,
    /// A list, for machines.
    Json,
    /// Notes at the lines of a change, as GitHub's workflows show them.
    Github,
}

/// All faults in one form, each with a line break behind it.
pub fn report(faults: &[Fault], sources: &Sources, form: Form) -> String {
    match form {
        Form::Json => serde_json::to_string_pretty(faults).map(|text| text + "\n").unwrap_or_default(),
        Form::Short => faults.iter().map(|fault| short(fault) + "\n").collect(),
        Form::Github => faults.iter().map(|fault| github(fault) + "\n").collect(),
        Form::Long { colour } => faults.iter().map(|fault| long(fault, source(sources, &fault.path), colour) + "\n\n").collect(),
    }
}

/// `file:line:column: severity[code]: message`, with the guess behind it.
pub fn short(fault: &Fault) -> String {
    let Fault { path, span, level, code, message, .. } = fault;
    let guess = fault.guess.as_ref().map(|guess| format!(" (did you mean `{guess}`?)")).unwrap_or_default();
    format!("{path}:{}:{}: {}[{code}]: {message}{guess}", span.line, span.column, level.as_str())
}

/// A workflow command: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
pub fn github(fault: &Fault) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let Fault { path, span, level, code, message, .. } = fault;
    let help = fault.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    let (file, title) = (property(path), property(code));
    format!("::{} file={file},line={},col={},title={title}::{}", level.as_str(), span.line, span.column, data(&format!("{message}{help}")))
}

/// The fault with its lines, what follows from it, and the lines as they should be.
pub fn long(fault: &Fault, source: &str, colour: bool) -> String {
    let severity = match fault.level {
        Level::Error => Severity::ERROR,
        Level::Warning => Severity::WARNING,
    };
    let snippet = || Snippet::source(source).path(&*fault.path);
    // A place behind the end (an empty file) is shown at the end.
    let clamp = |range: std::ops::Range<usize>| range.start.min(source.len())..range.end.min(source.len());
    let mut marks = snippet().annotation(AnnotationKind::Primary.span(clamp(fault.span.range())).label(label(&fault.label)));
    if let Some(second) = &fault.second {
        marks = marks.annotation(AnnotationKind::Context.span(clamp(second.span.range())).label(second.label.as_str()));
    }
    let mut main = severity.primary_title(fault.message.as_str()).id(fault.code).element(marks);
    for note in &fault.notes {
        main = main.element(Severity::NOTE.message(note.as_str()));
    }
    let help = fault.help.as_deref().unwrap_or("write it like this");
    let mut groups: Vec<Group<'_>> = Vec::new();
    if fault.patches.is_empty() {
        groups.push(if fault.help.is_some() { main.element(Severity::HELP.message(help)) } else { main });
    } else {
        let changes = fault.patches.iter().map(|patch| Change::new(clamp(patch.start..patch.end), patch.text.as_str()));
        groups.push(main);
        groups.push(Severity::HELP.secondary_title(help).element(Snippet::source(source).path(&*fault.path).patches(changes)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups)
}

/// An empty label would draw a mark without words.
fn label(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The line under all faults; none without faults.
pub fn summary(faults: &[Fault], files: usize) -> Option<String> {
    let first = faults.iter().find(|fault| fault.level == Level::Error).or_else(|| faults.first())?;
    let mut paths: Vec<&str> = faults.iter().map(|fault| &*fault.path).collect();
    paths.dedup();
    let problems = if faults.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", faults.len()) };
    Some(format!("{problems} in {} of {files} playbooks · bridged explain {} tells more", paths.len().min(files), first.code))
}

/// The text of a file as shown.
fn source<'a>(sources: &'a Sources, path: &str) -> &'a str {
    let playbook = sources.playbooks.iter().find(|(known, _)| known == path).map(|(_, text)| text);
    let template = || path.strip_prefix(TEMPLATES).and_then(|name| sources.templates.get(name));
    playbook.or_else(template).map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::fault::Span;
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_three_forms_of_a_fault() {
        let source = "steps:\n  - goto: nudgee\n  - id: nudge\n";
        let at = |word: &str| source.find(word).map(|at| Span::of(source, at..at + word.len())).unwrap_or_default();
        let fault = Fault::error(&Arc::from("a.yaml"), "unknown-step", at("nudgee"), "there is no step named `nudgee`")
            .label("not a step in this playbook")
            .guess("nudgee", ["nudge"])
            .second(Span::of(source, 32..37), "a step with a similar name is here");
        assert_eq!(short(&fault), "a.yaml:2:11: error[unknown-step]: there is no step named `nudgee` (did you mean `nudge`?)");
        let expected = "\
error[unknown-step]: there is no step named `nudgee`
 --> a.yaml:2:11
  |
2 |   - goto: nudgee
  |           ^^^^^^ not a step in this playbook
3 |   - id: nudge
  |         ----- a step with a similar name is here
  |
help: did you mean `nudge`?
  |
2 -   - goto: nudgee
2 +   - goto: nudge
  |";
        assert_eq!(long(&fault, source, false), expected);
        assert_eq!(github(&fault), "::error file=a.yaml,line=2,col=11,title=unknown-step::there is no step named `nudgee`; did you mean `nudge`?");
        let strange = Fault { path: Arc::from("a,b:c.yaml"), message: "100% `a`\n`b`".to_owned(), help: None, ..fault.clone() };
        assert_eq!(github(&strange), "::error file=a%2Cb%3Ac.yaml,line=2,col=11,title=unknown-step::100%25 `a`%0A`b`");
        let faults = [fault];
        assert_eq!(summary(&faults, 4).as_deref(), Some("1 problem in 1 of 4 playbooks · bridged explain unknown-step tells more"));
        let sources = Sources::default();
        assert!(report(&faults, &sources, Form::Json).contains("\"column\": 11"));
    }
}
