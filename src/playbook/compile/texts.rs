//! Texts, templates and values of a playbook, compiled.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::plan::{Target, TextSource, TypedValue};
use super::super::values::is_language;
use super::super::yaml::{Kind, Node, Style};
use super::Compiler;
use crate::text::{Expr, Template};

/// A text from `templates/`, in one language.
pub struct FileText<'a> {
    /// Language tag; none for the file without one.
    pub language: Option<&'a str>,
    /// Its file.
    pub name: &'a str,
    /// Its words, without the line break at the end.
    pub text: &'a str,
}

/// A file and its language variants: `offer.txt`, `offer.es.txt`, `offer.es-MX.txt`.
pub fn files_of<'a>(templates: &'a BTreeMap<String, String>, name: &str) -> Vec<FileText<'a>> {
    let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    templates
        .iter()
        .filter_map(|(file, text)| {
            let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
            let language = file.strip_prefix(stem)?.strip_suffix(ending.as_str())?;
            match language.strip_prefix('.') {
                None if language.is_empty() => Some(FileText { language: None, name: file, text }),
                Some(tag) if is_language(tag) => Some(FileText { language: Some(tag), name: file, text }),
                _ => None,
            }
        })
        .collect()
}

impl Compiler<'_> {
    /// A text for a contact in all its languages.
    pub(super) fn text(&mut self, node: &Node) -> Option<TextSource> {
        if let Some(name) = node.get_text("file") {
            let files = files_of(self.templates, name);
            let mut variants = Vec::new();
            let mut fallback = None;
            for file in &files {
                self.used.insert(file.name.to_owned(), self.templates.get(file.name)?.clone());
                match file.language {
                    Some(language) => variants.push((language.to_owned(), template(file.text)?)),
                    None => fallback = template(file.text),
                }
            }
            let fallback = fallback.or_else(|| template(""))?;
            return Some(TextSource { variants, fallback });
        }
        if let Kind::Map(entries) = &node.kind {
            let variants: Vec<(String, Template)> =
                entries.iter().filter_map(|entry| Some((entry.key.clone(), template(entry.value.text()?)?))).collect();
            let fallback = variants.first().map(|(_, text)| text.clone()).or_else(|| template(""))?;
            return Some(TextSource { variants, fallback });
        }
        Some(TextSource { variants: Vec::new(), fallback: template(node.text().unwrap_or_default())? })
    }
}

/// A template; of one that can't be read an empty one.
pub(super) fn template(text: &str) -> Option<Template> {
    Template::parse(text).or_else(|_| Template::parse("")).ok()
}

/// The template of a key.
pub(super) fn template_of(node: &Node, key: &str) -> Option<Template> {
    node.get_text(key).and_then(template)
}

/// The templates of a list, or of a single text.
pub(super) fn templates_of(node: &Node, key: &str) -> Vec<Template> {
    node.get(key).map(|node| node.one_or_many().iter().filter_map(Node::text).filter_map(template).collect()).unwrap_or_default()
}

/// The templates of a map, in order; numbers stand for their digits.
pub(super) fn named_templates(node: &Node, key: &str) -> Vec<(String, Template)> {
    let entries = node.get(key).map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.clone(), template(entry.value.text()?)?))).collect()
}

/// The expression of a key; one that can't be read is never true.
pub(super) fn expr(node: &Node, key: &str) -> Option<Expr> {
    node.get_text(key).and_then(|text| Expr::parse(text).or_else(|_| Expr::parse("false")).ok())
}

/// Where a value is kept.
pub(super) fn target(name: &str) -> Target {
    match name.strip_prefix("contact.") {
        Some(field) => Target::Contact(field.to_owned()),
        None => Target::Name(name.to_owned()),
    }
}

/// What `as` saves: a number if it is written as one, else the word itself.
pub(super) fn as_value(node: &Node) -> Option<Value> {
    match node.number() {
        Some(number) => Some(Value::Number(number)),
        None => node.text().map(|text| Value::String(text.to_owned())),
    }
}

/// A value without templates.
pub(super) fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::Map(entries) => Value::Object(entries.iter().map(|entry| (entry.key.clone(), value(&entry.value))).collect::<Map<_, _>>()),
        Kind::List(members) => Value::Array(members.iter().map(value).collect()),
        Kind::Text { text, style } => match style {
            Style::Plain => plain(node).unwrap_or_else(|| Value::String(text.clone())),
            Style::Quoted | Style::Block => Value::String(text.clone()),
        },
        Kind::Reported => Value::Null,
    }
}

/// A number, boolean or null, written bare.
fn plain(node: &Node) -> Option<Value> {
    if node.is_null() {
        return Some(Value::Null);
    }
    node.bool().map(Value::Bool).or_else(|| node.number().map(Value::Number))
}

/// A value whose strings are templates.
pub(super) fn typed(node: &Node) -> Option<TypedValue> {
    match &node.kind {
        Kind::Map(_) => Some(TypedValue::Map(typed_entries(node))),
        Kind::List(members) => Some(TypedValue::List(members.iter().filter_map(typed).collect())),
        Kind::Text { text, style } => match plain(node).filter(|_| *style == Style::Plain) {
            Some(value) => Some(TypedValue::Plain(value)),
            None => template(text).map(TypedValue::Text),
        },
        Kind::Reported => None,
    }
}

/// The entries of such a map, in order.
pub(super) fn typed_entries(node: &Node) -> Vec<(String, TypedValue)> {
    node.entries().iter().filter_map(|entry| Some((entry.key.clone(), typed(&entry.value)?))).collect()
}
