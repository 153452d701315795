//! Every template and expression of a file, whether it stands in the YAML or in a text file, with the place of each of its parts.

use std::ops::Range;
use std::sync::Arc;

use super::compile::files_of;
use super::fault::{Fault, Span};
use super::keys::Kind;
use super::rules::{Checked, Context};
use super::shape::{File, Leaf};
use super::yaml::Node;

/// Where text files stand, as shown.
pub const TEMPLATES: &str = "templates/";

/// A template or an expression.
#[derive(Clone)]
pub struct Piece<'a> {
    /// Its source.
    pub text: &'a str,
    /// The value it belongs to.
    pub leaf: Leaf<'a>,
    /// Its language, if it is one of several.
    pub language: Option<&'a str>,
    /// Where it stands.
    home: Home<'a>,
}

/// Where a piece stands.
#[derive(Clone)]
enum Home<'a> {
    /// In the YAML.
    Yaml(File<'a>, &'a Node),
    /// In a file of its own.
    Text(Arc<str>),
}

impl Piece<'_> {
    /// Whether it is an expression, not a text.
    pub fn is_expression(&self) -> bool {
        matches!(self.leaf.kind, Kind::Expr)
    }

    /// Whether the contact reads it.
    pub fn is_for_contact(&self) -> bool {
        matches!(self.leaf.kind, Kind::Text)
    }

    /// The file it stands in, as shown.
    pub fn path(&self) -> &Arc<str> {
        match &self.home {
            Home::Yaml(file, _) => file.path,
            Home::Text(path) => path,
        }
    }

    /// The place of all of it.
    pub fn span(&self) -> Span {
        match &self.home {
            Home::Yaml(_, node) => node.span,
            Home::Text(_) => Span::of(self.text, 0..self.text.len()),
        }
    }

    /// The place of a part, by its bytes in the piece.
    pub fn part(&self, range: Range<usize>) -> Span {
        match &self.home {
            Home::Yaml(file, node) => node.part(file.source, range),
            Home::Text(_) => Span::of(self.text, range),
        }
    }

    /// A fault at a place in it.
    pub fn error(&self, code: &'static str, span: Span, message: impl Into<String>) -> Fault {
        Fault::error(self.path(), code, span, message)
    }

    /// A warning at a place in it.
    pub fn warning(&self, code: &'static str, span: Span, message: impl Into<String>) -> Fault {
        Fault::warning(self.path(), code, span, message)
    }
}

/// All pieces of a file.
pub fn of_file<'a>(context: &Context<'a>, file: &Checked<'a>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for leaf in &file.reading.leaves {
        of_leaf(context, file.file, *leaf, &mut pieces);
    }
    pieces
}

/// The pieces of a text, one for each language.
pub fn of_text<'a>(context: &Context<'a>, file: File<'a>, node: &'a Node) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let leaf = Leaf { key: "", at: node.span, kind: Kind::Text, node, step: None, list: 0, owner: "" };
    of_leaf(context, file, leaf, &mut pieces);
    pieces
}

fn of_leaf<'a>(context: &Context<'a>, file: File<'a>, leaf: Leaf<'a>, pieces: &mut Vec<Piece<'a>>) {
    let mut add = |node: &'a Node, language| {
        if let Some(text) = node.text() {
            pieces.push(Piece { text, leaf, language, home: Home::Yaml(file, node) });
        }
    };
    match leaf.kind {
        Kind::Text => match leaf.node.get_text("file") {
            Some(name) => {
                for found in files_of(context.templates, name) {
                    let path = Arc::from(format!("{TEMPLATES}{}", found.name));
                    pieces.push(Piece { text: found.text, leaf, language: found.language, home: Home::Text(path) });
                }
            }
            None if leaf.node.entries().is_empty() => add(leaf.node, None),
            None => leaf.node.entries().iter().for_each(|entry| add(&entry.value, Some(entry.key.as_str()))),
        },
        Kind::Template
        | Kind::Expr
        | Kind::Call
        | Kind::Tags
        | Kind::Media
        | Kind::Buttons
        | Kind::Templates
        | Kind::Value
        | Kind::Values
        | Kind::Set => {
            add(leaf.node, None);
        }
        _ => {}
    }
}
