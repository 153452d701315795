//! Reads values out of the tree of settings. Everything wrong is noted in one sentence that names the key, and reading goes on, so
//! that one run reports all of it. No sentence repeats a value: it may be a secret in the wrong place.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::keys::{Form, Kind as Takes, SETTINGS};
use super::{Error, Problem, Source, environment, secrets};
use crate::playbook::yaml::{self, Kind, Node};
use crate::playbook::{Fault, did_you_mean};

/// The settings as written, with the environment over them.
pub(super) struct Reader<'s> {
    /// Where they come from.
    pub source: &'s Source,
    /// All of them.
    root: Node,
    /// Which variable stands behind which path.
    variables: BTreeMap<String, String>,
    /// What is wrong so far.
    problems: RefCell<Vec<Problem>>,
}

/// One value of the settings, there or not.
#[derive(Clone)]
pub(super) struct Setting<'r> {
    /// Where what is wrong is noted.
    reader: &'r Reader<'r>,
    /// Keys from the top, joined by dots.
    pub path: String,
    /// What is written there; none if nothing is.
    node: Option<&'r Node>,
}

impl<'s> Reader<'s> {
    /// Reads the file, lays the environment over it, and looks for keys that nobody knows.
    pub fn open(source: &'s Source, env: impl IntoIterator<Item = (String, String)>) -> Result<Reader<'s>, Error> {
        let tree = yaml::read(&Arc::from(source.shown.as_str()), &source.text);
        if !tree.faults.is_empty() {
            let at = |fault: &Fault| format!("{}:{}", source.shown, fault.span.line);
            let problem = |fault: &Fault| Problem { at: at(fault), sentence: fault.sentence() };
            return Err(Error { problems: tree.faults.iter().map(problem).collect() });
        }
        let mut root = tree.root.unwrap_or_else(|| Node { kind: Kind::Map(Vec::new()), span: Default::default() });
        let variables = environment::overlay(&mut root, env);
        let reader = Reader { source, root, variables, problems: RefCell::default() };
        reader.top().known(SETTINGS);
        Ok(reader)
    }

    /// The whole of the settings.
    fn top(&self) -> Setting<'_> {
        Setting { reader: self, path: String::new(), node: Some(&self.root) }
    }

    /// The settings at a key of the top.
    pub fn at(&self, key: &str) -> Setting<'_> {
        self.top().at(key)
    }

    /// What was read, if nothing is wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        let mut problems = self.problems.into_inner();
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ => {
                // A value that is looked at for two purposes is wrong once.
                problems.dedup();
                Err(Error { problems })
            }
        }
    }
}

impl<'r> Setting<'r> {
    /// The value of a key below this one.
    pub fn at(&self, key: &str) -> Setting<'r> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        // A key without a value is as good as none.
        let node = self.node.and_then(|node| node.get(key)).filter(|node| !node.is_null());
        Setting { reader: self.reader, path, node }
    }

    /// Whether it is written.
    pub fn is_there(&self) -> bool {
        self.node.is_some()
    }

    /// Whether it is not written, or as an empty map.
    pub fn is_empty(&self) -> bool {
        self.node.is_none_or(|node| matches!(&node.kind, Kind::Map(entries) if entries.is_empty()) || node.is_null())
    }

    /// Notes that something is wrong here: `` `path` `` and what it must be, or is.
    pub fn wrong(&self, what: &str) {
        self.note(format!("`{}` {what}", self.path));
    }

    /// Notes a sentence with its place: the variable, else the line, else the file.
    fn note(&self, sentence: String) {
        let line = self.node.map(|node| node.span.line).filter(|line| *line > 0);
        let below = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        // What has no line was made by the variables below it, as where a section is misspelt.
        let variable = self.reader.variables.iter().find(|(path, _)| below(path, &self.path) || (line.is_none() && below(&self.path, path)));
        let at = match (variable, line, &self.reader.source.file) {
            (Some((_, variable)), ..) => variable.clone(),
            (None, Some(line), _) => format!("{}:{line}", self.reader.source.shown),
            (None, None, _) => self.reader.source.shown.clone(),
        };
        self.reader.problems.borrow_mut().push(Problem { at, sentence });
    }

    /// Reports keys that are not in the table, here and below.
    fn known(&self, form: &Form) {
        let Some(node) = self.node else { return };
        if !self.is_map() {
            return;
        }
        for entry in node.entries() {
            match form.iter().find(|key| key.name == entry.key) {
                Some(key) => match key.kind {
                    Takes::Form(inner) => self.at(key.name).known(inner),
                    Takes::Named(inner) => {
                        let names = self.at(key.name);
                        names.entries().for_each(|(_, named)| named.known(inner));
                    }
                    Takes::Each(_) => {
                        self.at(key.name).is_map();
                    }
                    _ => {}
                },
                None => {
                    let guess = did_you_mean(&entry.key, form.iter().map(|key| key.name));
                    let guess = guess.map(|guess| format!("; did you mean `{guess}`?")).unwrap_or_default();
                    let unknown = Setting { node: Some(&entry.value), ..self.at(&entry.key) };
                    unknown.wrong(&format!("is not a setting{guess}"));
                }
            }
        }
    }

    /// Whether it is a map or not there at all; else that is noted.
    fn is_map(&self) -> bool {
        let fits = self.node.is_none_or(|node| matches!(node.kind, Kind::Map(_)) || node.is_null());
        if !fits {
            self.wrong(if self.path.is_empty() { "the settings must be a map of keys to values" } else { "must be a map of keys to values" });
        }
        fits
    }

    /// The names and values of a map, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&'r str, Setting<'r>)> {
        let entries = self.node.map(Node::entries).unwrap_or_default();
        let path = self.path.clone();
        let reader = self.reader;
        entries.iter().map(move |entry| (entry.key.as_str(), Setting { reader, path: format!("{path}.{}", entry.key), node: Some(&entry.value) }))
    }

    /// The members of a list; a value alone is noted.
    fn members(&self) -> Vec<Setting<'r>> {
        let Some(node) = self.node else { return Vec::new() };
        if !matches!(node.kind, Kind::List(_)) {
            self.wrong("must be a list, like `[a, b]`");
        }
        node.members().iter().map(|node| Setting { node: Some(node), ..self.clone() }).collect()
    }

    /// A text, as written: numbers and `yes` are text where text is wanted.
    pub fn text(&self) -> Option<&'r str> {
        let node = self.node?;
        let text = node.text().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.wrong("must be text");
        }
        text
    }

    /// A text that something can be made of; `expected` tells what it must be.
    pub fn parsed<T>(&self, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let node = self.node?;
        let value = node.text().and_then(|text| parse(text.trim()));
        if value.is_none() {
            self.wrong(&format!("must be {expected}"));
        }
        value
    }

    /// One of some words.
    pub fn one_of(&self, words: &'static [&'static str]) -> Option<&'static str> {
        let node = self.node?;
        let written = node.text().unwrap_or_default();
        let found = words.iter().copied().find(|word| *word == written);
        if found.is_none() {
            let guess = did_you_mean(written, words.iter().copied()).map(|guess| format!("; did you mean `{guess}`?")).unwrap_or_default();
            self.wrong(&format!("must be {}{guess}", one_of(words)));
        }
        found
    }

    /// Whether a list is written and nothing stands in it.
    pub fn is_empty_list(&self) -> bool {
        self.node.is_some_and(|node| matches!(&node.kind, Kind::List(members) if members.is_empty()))
    }

    /// Any of some words, in a list.
    pub fn some_of(&self, words: &'static [&'static str]) -> Option<Vec<&'static str>> {
        self.node?;
        self.members().iter().map(|member| member.one_of(words)).collect()
    }

    /// Texts in a list.
    pub fn words(&self) -> Option<Vec<&'r str>> {
        self.node?;
        self.members().iter().map(Setting::text).collect()
    }

    /// A number above 0.
    pub fn speed(&self) -> Option<f64> {
        self.parsed("a number above 0", |text| text.parse().ok().filter(|speed: &f64| *speed > 0.0 && speed.is_finite()))
    }

    /// A whole number from 1 to `most`.
    pub fn count(&self, most: u32) -> Option<u32> {
        self.parsed(&format!("a whole number from 1 to {most}"), |text| text.parse().ok().filter(|count| (1..=most).contains(count)))
    }

    /// A path, from the folder of the settings.
    pub fn path(&self) -> Option<std::path::PathBuf> {
        self.text().map(|path| self.reader.source.root.join(path))
    }

    /// The file of `{file: PATH}`; none if it is not written so.
    pub fn file(&self) -> Option<std::path::PathBuf> {
        self.at("file").path()
    }

    /// A secret: text, or the content of a file.
    pub fn secret(&self) -> Option<String> {
        let node = self.node?;
        if let Kind::Map(entries) = &node.kind {
            if entries.len() != 1 || node.get("file").is_none() {
                self.wrong("must be text or `{file: PATH}`");
                return None;
            }
            return self.read_secret(&self.file()?);
        }
        self.text().map(|text| text.trim().to_owned())
    }

    /// Secrets in a list.
    pub fn secrets(&self) -> Option<Vec<String>> {
        self.node?;
        self.members().iter().map(Setting::secret).collect()
    }

    /// The content of a secret's file.
    pub fn read_secret(&self, file: &Path) -> Option<String> {
        secrets::read(file).map_err(|why| self.wrong(&why.to_string())).ok()
    }
}

/// `full or normal`, `sms, whatsapp or voice`.
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
