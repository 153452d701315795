//! Templates and expressions of playbooks: minijinja behind one door (language §2).
//!
//! Parsed once at load, with every fault that can be known then; rendered often. A contact's text is data and is never
//! parsed: a contact named `{{ config }}` prints as that.
//!
//! Three bounds hold for every render: fuel (no loop can stop a worker), 1,600 characters (what Twilio takes), and
//! strictness (an undefined value fails the text instead of leaving a hole in it). A failed render says which name was
//! to blame, so that the console can show more than "failed".
//!
//! A text without braces is never compiled: most reminders and questions are such, and cost a copy.

use std::fmt;
use std::sync::Arc;

use minijinja::{Environment, ErrorKind, Expression};
use serde_json::Value as Json;

use super::filters::TEXTS;
use super::names;
use super::render_error::explain;
use super::scope::Missing;
use super::uses::Uses;
use super::values::from_template;

pub use super::expr::Expr;
pub use super::render_error::RenderError;
pub use super::scope::{Fields, Scope};
pub use super::template_fault::{FaultKind, TemplateFault};
pub use super::uses::Name;

/// The longest text Twilio takes, in characters.
pub const MAX_CHARACTERS: usize = 1600;

/// What the one template of an environment is called.
const TEXT: &str = "text";

/// A tracked link that a text contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What stands behind `/l/` in the text.
    pub code: String,
    /// Where it leads.
    pub url: String,
}

/// A rendered text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// What is sent.
    pub text: String,
    /// The links in it, to be stored before it is sent.
    pub links: Vec<Link>,
}

/// A rendered value that kept its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// The value.
    pub value: Json,
    /// The links in it, to be stored before it is used.
    pub links: Vec<Link>,
}

/// A text with `{{ … }}`, parsed. Cheap to clone.
#[derive(Clone)]
pub struct Template(Arc<Parsed>);

/// What the clones of a template share.
struct Parsed {
    source: Box<str>,
    uses: Uses,
    /// Holds the compiled template; none if there is nothing to compile.
    markup: Option<Environment<'static>>,
    /// The expression, if the source is nothing but one `{{ … }}`.
    whole: Option<Expression<'static, 'static>>,
}

impl Template {
    /// Parses a text.
    pub fn parse(source: &str) -> Result<Template, TemplateFault> {
        let source: Box<str> = source.into();
        if !["{{", "{%", "{#"].iter().any(|mark| source.contains(mark)) {
            return Ok(Template(Arc::new(Parsed { source, uses: Uses::default(), markup: None, whole: None })));
        }
        let uses = names::of_template(&source)?;
        let mut markup = TEXTS.clone();
        markup.add_template_owned(TEXT, source.to_string()).map_err(|error| TemplateFault::of_syntax(&error, &source))?;
        let whole = uses.whole.clone().and_then(|range| source.get(range)).map(str::to_owned);
        let whole = whole.map(|whole| TEXTS.compile_expression_owned(whole)).transpose();
        let whole = whole.map_err(|error| TemplateFault::of_syntax(&error, &source))?;
        Ok(Template(Arc::new(Parsed { source, uses, markup: Some(markup), whole })))
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether the text is the same for everybody: nothing in it is rendered.
    pub fn is_plain(&self) -> bool {
        self.0.markup.is_none()
    }

    /// Every outside name used, in order of its place.
    pub fn names(&self) -> &[Name] {
        &self.0.uses.names
    }

    /// The ids that `clicked` asks about.
    pub fn clicked_steps(&self) -> &[String] {
        &self.0.uses.clicks
    }

    /// The text for this moment.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Rendered, RenderError> {
        let Some(markup) = &self.0.markup else {
            return Ok(Rendered { text: bounded(without_line_break(&self.0.source).to_owned())?, links: Vec::new() });
        };
        let context = scope.context(&self.0.uses, Missing::Undefined);
        let text = markup
            .get_template(TEXT)
            .and_then(|template| template.render(context.values.clone()))
            .map_err(|error| explain(&error, self.source(), 0, &self.0.uses, scope))?;
        Ok(Rendered { text: bounded(text)?, links: context.take_links() })
    }

    /// The value for this moment: exactly one `{{ … }}` keeps its type, anything else is text.
    pub fn typed(&self, scope: &Scope<'_>) -> Result<Typed, RenderError> {
        let (Some(whole), Some(range)) = (&self.0.whole, &self.0.uses.whole) else {
            let Rendered { text, links } = self.render(scope)?;
            return Ok(Typed { value: Json::String(text), links });
        };
        let context = scope.context(&self.0.uses, Missing::Undefined);
        let value = whole
            .eval(context.values.clone())
            .and_then(|value| if value.is_undefined() { Err(minijinja::Error::from(ErrorKind::UndefinedError)) } else { Ok(value) });
        let value = value.map_err(|error| explain(&error, self.source(), range.start, &self.0.uses, scope))?;
        Ok(Typed { value: from_template(&value), links: context.take_links() })
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source()).finish()
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Template) -> bool {
        self.source() == other.source()
    }
}

/// The value of a template whose links nobody needs.
pub fn typed(template: &Template, scope: &Scope<'_>) -> Result<Json, RenderError> {
    template.typed(scope).map(|typed| typed.value)
}

/// minijinja drops one line break at the end of a template; a plain text loses it likewise.
fn without_line_break(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

/// Holds a text to what Twilio takes.
fn bounded(text: String) -> Result<String, RenderError> {
    // Bytes first: most texts are far too short to be counted.
    if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS { Err(RenderError::TooLong) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::scope::sample::Sample;
    use super::*;
    use serde_json::json;

    /// Renders in the sample conversation.
    fn render(source: &str) -> Result<String, RenderError> {
        Template::parse(source).unwrap().render(&Sample::new().scope()).map(|rendered| rendered.text)
    }

    /// The error that names a value.
    fn undefined(name: &str) -> RenderError {
        RenderError::Undefined { name: name.to_owned() }
    }

    #[test]
    fn texts_are_rendered() {
        let table = [
            ("plain { text }\n", "plain { text }"),
            ("Hi {{ contact.first_name }}, {{ brand }}!", "Hi Ana, Acme Home!"),
            ("Hi{{ ' ' ~ contact.first_name if contact.first_name else '' }}", "Hi Ana"),
            ("Hi{{ ' ' ~ contact.last_name if contact.last_name else '' }}", "Hi"),
            ("{% if queue.open %}now{% else %}later{% endif %}", "later"),
            ("{% for item in event.items %}{{ loop.index }} {{ item.name }} {% endfor %}", "1 tap 2 sink "),
            ("{% set total = event.total %}{{ total }}{# note #}", "42.5"),
            ("{{ contact.last_name }}|{{ contact.tags[0] }}|{{ tries }}|{{ offer }}|{{ reply.value }}", "|lead|1|discount|yes"),
            ("{{ event['customer']['name'] }}", "Bo"),
            ("{{ transcript(2) }}", "line 24\nline 25"),
            ("{{ 'y' if clicked('offer') else 'n' }}{{ 'y' if clicked('other') else 'n' }}", "yn"),
        ];
        for (source, text) in table {
            assert_eq!(render(source).as_deref(), Ok(text), "{source}");
        }
        assert_eq!(render("{{ transcript(99) }}").unwrap().lines().count(), 20);
    }

    #[test]
    fn what_contacts_say_is_never_a_template() {
        let mut sample = Sample::new();
        sample.contact.insert("first_name".to_owned(), json!("{{ config }}"));
        let rendered = Template::parse("Hi {{ contact.first_name }} & co").unwrap().render(&sample.scope()).unwrap();
        assert_eq!(rendered.text, "Hi {{ config }} & co");
    }

    #[test]
    fn secrets_only_where_they_are_given() {
        let sample = Sample::new();
        let template = Template::parse("Bearer {{ secret.CRM_TOKEN }}").unwrap();
        let scope = Scope { secrets: Some(&sample.secrets), ..sample.scope() };
        assert_eq!(template.render(&scope).unwrap().text, "Bearer s3cret");
    }

    #[test]
    fn links_are_short_and_remembered() {
        let template = Template::parse("{{ link(shipping.tracking_url) }} {{ link('https://b.example') }}").unwrap();
        let sample = Sample::new();
        let rendered = template.render(&sample.scope()).unwrap();
        let [first, second] = rendered.links.as_slice() else { panic!("two links") };
        assert_eq!((first.url.as_str(), second.url.as_str()), ("https://t.example/77", "https://b.example"));
        assert_eq!(rendered.text, format!("https://sms.acme.example/l/{} https://sms.acme.example/l/{}", first.code, second.code));
        assert_eq!(template.render(&sample.scope()).unwrap(), rendered);
        let other = Scope { link_seed: "m2", ..sample.scope() };
        assert_ne!(template.render(&other).unwrap().links, rendered.links);
        assert!(matches!(render("{{ link('javascript:x') }}"), Err(RenderError::Other { .. })));
    }

    #[test]
    fn work_and_length_are_bounded() {
        assert_eq!(render(&"a".repeat(1601)), Err(RenderError::TooLong));
        assert_eq!(render(&"ä".repeat(1600)).unwrap().len(), 3200);
        assert_eq!(render("{{ 'a' * 1601 }}"), Err(RenderError::TooLong));
        let doubling = format!("{{% set x = 'aaaaaaaaaa' %}}{}{{{{ x }}}}", "{% set x = x ~ x %}".repeat(40));
        assert_eq!(render(&doubling), Err(RenderError::Fuel));
    }

    #[test]
    fn one_pair_of_braces_keeps_the_type() {
        let sample = Sample::new();
        let value = |source: &str| typed(&Template::parse(source).unwrap(), &sample.scope());
        assert_eq!(value("{{ contact.budget }}"), Ok(json!(8500)));
        assert_eq!(value("{{- contact.tags -}}"), Ok(json!(["lead"])));
        assert_eq!(value("{{ contact.last_name }}"), Ok(Json::Null));
        assert_eq!(value("{{ event.customer }}"), Ok(json!({"name": "Bo", "note": null})));
        assert_eq!(value("{{ contact.score > 70 }}"), Ok(json!(true)));
        assert_eq!(value("{{ contact.budget }} "), Ok(json!("8500 ")));
        assert_eq!(value("{{ tries }}{{ tries }}"), Ok(json!("11")));
        assert_eq!(value("plain"), Ok(json!("plain")));
        assert_eq!(value("{{ event.nothing }}"), Err(undefined("event.nothing")));
    }

    #[test]
    fn names_stand_where_they_are_written() {
        let source = "é {{ contact.first_name | default('x') }} {% for i in event.items %}{{ i.name ~ offer }}{% endfor %}{% if a.b %}{{ contact['x'] }}{% endif %}";
        let template = Template::parse(source).unwrap();
        let found: Vec<(&str, &str, bool)> =
            template.names().iter().map(|name| (name.path.as_str(), &source[name.range.clone()], name.guarded)).collect();
        assert_eq!(
            found,
            [
                ("contact.first_name", "contact.first_name", true),
                ("event.items", "event.items", false),
                ("offer", "offer", false),
                ("a.b", "a.b", true),
                ("contact.x", "contact['x']", false),
            ]
        );
        assert!(Template::parse("no braces").unwrap().is_plain() && !template.is_plain());
        assert_eq!(Template::parse("{{ clicked('offer') }}").unwrap().clicked_steps(), ["offer"]);
    }
}
