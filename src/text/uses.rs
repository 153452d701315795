//! What one template uses of the world outside: what `check` asks about, and what a render must bring.

use std::collections::HashSet;
use std::ops::Range;

/// A name from outside that a template uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name as written, with its fields: `contact.first_name`.
    pub path: String,
    /// Where it stands, in bytes of the template's source.
    pub range: Range<usize>,
    /// Whether it is only asked about (`default`, `is defined`, a condition) and never printed as it is.
    pub guarded: bool,
}

/// All that one template or expression uses.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Outside names, in order of their place.
    pub(super) names: Vec<Name>,
    /// The values a render needs, by first part of their names.
    pub(super) roots: Vec<Root>,
    /// Functions called.
    pub(super) functions: HashSet<&'static str>,
    /// Steps that `clicked` asks about.
    pub(super) clicks: Vec<String>,
    /// Whether a filter shows times and needs zone and language.
    pub(super) shows_time: bool,
    /// The place of the expression, if the source is nothing but one `{{ … }}`.
    pub(super) whole: Option<Range<usize>>,
}

/// One first part of names, such as `contact`, and what is wanted of it.
#[derive(Debug)]
pub(super) struct Root {
    /// The first part.
    pub(super) name: String,
    /// How the value itself is used, if it is: then all of it is wanted.
    pub(super) whole: Option<Manner>,
    /// The fields used by name, where nothing else is.
    pub(super) fields: Vec<(String, Manner)>,
}

/// How a value is used, over all its places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Somewhere it stands where text is wanted (`~`, `upper`): null is then an empty text and not the word `None`.
    pub(super) as_text: bool,
    /// Everywhere only fields of it are used, and those with `default`: it may be missing itself.
    pub(super) may_be_absent: bool,
}

impl Manner {
    /// The manner of two places together.
    pub(super) fn and(self, other: Manner) -> Manner {
        Manner { as_text: self.as_text || other.as_text, may_be_absent: self.may_be_absent && other.may_be_absent }
    }
}
