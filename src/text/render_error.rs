//! Why a parsed template gave no text at run time, and which name was to blame.
//!
//! minijinja says where it stumbled but not over what. The names of the template are known with their places, and the
//! scope knows which of them have a value, so the two together name the culprit: `event.order_nr` and not "undefined".

use std::ops::Range;

use minijinja::ErrorKind;
use thiserror::Error;

use super::scope::Scope;
use super::uses::{Name, Uses};

/// Why a template gave no text at run time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RenderError {
    /// A value that does not exist now.
    #[error("`{name}` has no value here")]
    Undefined {
        /// The name as written.
        name: String,
    },
    /// More characters than a text may have.
    #[error("the text is longer than 1,600 characters")]
    TooLong,
    /// More work than a text may take.
    #[error("the template takes too much work; look for loops over long lists")]
    Fuel,
    /// Anything else, such as a filter that can't use a value.
    #[error("{message}")]
    Other {
        /// What happened.
        message: String,
    },
}

/// Retells an error of a render. `start` is where the rendered part begins in the source.
pub(super) fn explain(error: &minijinja::Error, source: &str, start: usize, uses: &Uses, scope: &Scope<'_>) -> RenderError {
    let place = error.range().map(|range| range.start + start..range.end + start);
    match error.kind() {
        ErrorKind::OutOfFuel => RenderError::Fuel,
        ErrorKind::UndefinedError => RenderError::Undefined { name: undefined_name(place, source, uses, scope) },
        // Operators report the kinds of their operands instead.
        ErrorKind::InvalidOperation if error.detail().is_some_and(|detail| detail.contains("undefined")) => {
            RenderError::Undefined { name: undefined_name(place, source, uses, scope) }
        }
        kind => RenderError::Other { message: error.detail().map_or_else(|| kind.to_string(), str::to_owned) },
    }
}

/// The error knows a place but not the name, and the place may be the filter or operator behind the name. So it is the
/// undefined name at the place, else the nearest before it that nothing guards, else what is written at the place.
fn undefined_name(place: Option<Range<usize>>, source: &str, uses: &Uses, scope: &Scope<'_>) -> String {
    let place = place.unwrap_or(0..source.len());
    let written = source.get(place.clone()).unwrap_or_default().trim();
    let undefined = uses.names.iter().filter(|name| name.range.start < place.end && !scope.is_defined(&name.path));
    let nearest: Vec<&Name> = undefined.rev().collect();
    let at_place = nearest.iter().find(|name| place.start < name.range.end);
    let named = at_place.or_else(|| nearest.iter().find(|name| !name.guarded));
    // An item of a loop is no outside name, but it is written with its field.
    let named = named.or_else(|| if written.contains('.') { None } else { nearest.first() });
    named.map_or(written, |name| name.path.as_str()).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::scope::sample::Sample;
    use super::super::template::Template;
    use super::*;

    /// Renders in the sample conversation.
    fn render(source: &str) -> Result<String, RenderError> {
        Template::parse(source).unwrap().render(&Sample::new().scope()).map(|rendered| rendered.text)
    }

    /// The error that names a value.
    fn undefined(name: &str) -> RenderError {
        RenderError::Undefined { name: name.to_owned() }
    }

    #[test]
    fn undefined_is_never_sent_and_is_named() {
        assert_eq!(render("Order {{ event.order_nr }}"), Err(undefined("event.order_nr")));
        assert_eq!(render("{{ event.vip | default('') }}{{ event.order_nr | upper }}"), Err(undefined("event.order_nr")));
        assert_eq!(render("{{ event.customer.age }}"), Err(undefined("event.customer.age")));
        assert_eq!(render("{{ order.id }}"), Err(undefined("order.id")));
        assert_eq!(render("{% if event.vip %}x{% endif %}"), Err(undefined("event.vip")));
        assert_eq!(render("{{ brand }}{% if not event.vip %}x{% endif %}"), Err(undefined("event.vip")));
        assert_eq!(render("{{ event.sum + 1 }}"), Err(undefined("event.sum")));
        assert_eq!(render("{% for item in event.items %}{{ item.price }}{% endfor %}"), Err(undefined("item.price")));
        assert_eq!(render("{{ secret.CRM_TOKEN }}"), Err(undefined("secret.CRM_TOKEN")));
        assert_eq!(render("{{ link(event.url) }}"), Err(undefined("event.url")));
    }
}
