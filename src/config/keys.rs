//! The settings as tables: which keys stand where, what each takes, and what it is for.
//!
//! Unknown keys and the JSON Schema for editors (`bridged schema config`) are made from these, so that they cannot disagree.

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Words.
    Text,
    /// A text with `{{ … }}`.
    Template,
    /// Text, or `{file: PATH}`.
    Secret,
    /// Several of these.
    Secrets,
    /// Some words, in a list.
    Words,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any of these words, in a list.
    Some(&'static [&'static str]),
    /// A number above 0.
    Speed,
    /// A whole number from 1 up to this.
    Count(u32),
    /// `5%`.
    Share,
    /// `365d`.
    Length,
    /// `9am-6pm`.
    Window,
    /// `mon-fri`.
    Days,
    /// `4 per week`.
    Cap,
    /// `0.0079` or `0.0079-0.0129`.
    Price,
    /// A map with the keys of a table.
    Form(&'static Form),
    /// A map of own names to maps with the keys of a table.
    Named(&'static Form),
    /// A map of own names to values of one kind.
    Each(&'static Kind),
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is for, shown by editors.
    pub about: &'static str,
}

/// A map with known keys.
pub type Form = [Key];

const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, about }
}

/// What a class of text may need from the contact.
pub const CONSENTS: &[&str] = &["marketing", "any"];
/// What is done about a text whose fate stays unknown.
pub const UNKNOWN: &[&str] = &["hold", "resend"];
/// What the first text of a class must hold.
pub const FIRST_NEEDS: &[&str] = &["brand", "opt_out"];
/// Kinds of number.
pub const SENDER_TYPES: &[&str] = &["long_code", "toll_free", "short_code", "whatsapp"];
/// Kinds of own data.
pub const FIELD_KINDS: &[&str] = &["text", "number", "time", "yes_no"];
/// How hand-offs are shared among the people of a queue.
pub const ASSIGN: &[&str] = &["least_busy", "round_robin"];
/// Which way texts go.
pub const DIRECTIONS: &[&str] = &["inbound", "outbound", "both"];
/// What travels.
pub const CHANNELS: &[&str] = &["sms", "whatsapp", "voice"];
/// What counts as an event.
pub const EVENTS: &[&str] = &["messages", "statuses", "both"];
/// Whether pictures and files are taken in and sent.
pub const MEDIA: &[&str] = &["enabled", "disabled"];
/// When the disk has a commit before it counts.
pub const DURABILITY: &[&str] = &["full", "normal"];
/// More requests at once than this no account is allowed, and each costs a connection.
pub const MAX_CONCURRENCY: u32 = 10_000;

/// All of `bridged.yaml`.
pub static SETTINGS: &Form = &[
    key("brand", Kind::Text, "who we are: `{{ brand }}` in texts"),
    key("timezone", Kind::Text, "zone of contacts whose own is unknown, and of the queues' hours"),
    key("language", Kind::Text, "language of texts where neither contact nor playbook names one"),
    key("listen", Kind::Text, "public side: webhooks and tracked links"),
    key("console", Kind::Text, "private side: console, API, metrics"),
    key("public_url", Kind::Text, "address of the public side, exactly as configured at Twilio"),
    key("store", Kind::Text, "`sqlite:FILE`, `redis://HOST:PORT/DB`, or `memory` for trials"),
    key("durability", Kind::OneOf(DURABILITY), "full: on disk before it counts; normal: survives a crash of the daemon, not of the machine"),
    key("playbooks", Kind::Text, "folder of playbooks"),
    key("templates", Kind::Text, "folder of texts in files"),
    key("console_token", Kind::Secret, "API token and console login; the file is made where it is absent"),
    key("retention", Kind::Length, "how long texts and ended conversations are kept"),
    key("links", Kind::Text, "base of tracked links; `public_url` by default"),
    key("twilio", Kind::Form(TWILIO), "the Twilio account"),
    key("sync", Kind::Form(SYNC), "which traffic playbooks take part in"),
    key("reply_reserve", Kind::Share, "share of a sender's speed that bulk may never use"),
    key("senders", Kind::Named(SENDER), "what we send from; the first is the default"),
    key("classes", Kind::Form(CLASSES), "what each class of text needs, and when it may go out"),
    key("opt_out", Kind::Form(WORDS), "words that opt out, and our answer"),
    key("opt_in", Kind::Form(WORDS), "words that opt in again, and our answer"),
    key("help", Kind::Form(WORDS), "words that ask for help, and our answer"),
    key("contact_fields", Kind::Each(&Kind::OneOf(FIELD_KINDS)), "own data of contacts beside the built-in fields"),
    key("secrets", Kind::Each(&Kind::Secret), "`{{ secret.NAME }}` in `http` steps"),
    key("http", Kind::Form(HTTP), "calls of playbooks"),
    key("prices", Kind::Form(PRICES), "what texts cost, for `bridged plan`"),
    key("queues", Kind::Named(QUEUE), "people who answer"),
];

/// `twilio:`.
pub static TWILIO: &Form = &[
    key("account_sid", Kind::Text, "`AC…`"),
    key("api_key", Kind::Text, "`SK…`, preferred for sending"),
    key("api_secret", Kind::Secret, "the key's secret"),
    key("auth_token", Kind::Secret, "verifies webhooks; sends where there is no API key"),
    key("webhook_auth_tokens", Kind::Secrets, "further tokens accepted during a rotation"),
    key("api_base", Kind::Text, "another base for regions, proxies, tests"),
    key("account_mps", Kind::Speed, "segments a second over all long codes of the account"),
    key("concurrency", Kind::Count(MAX_CONCURRENCY), "requests under way at once"),
];

/// `sync:`.
static SYNC: &Form = &[
    key("direction", Kind::OneOf(DIRECTIONS), "inbound: nothing is sent; outbound: what contacts write moves nothing"),
    key("channels", Kind::Some(CHANNELS), "channels playbooks may use"),
    key("events", Kind::OneOf(EVENTS), "what counts as an event"),
    key("media", Kind::OneOf(MEDIA), "pictures and files"),
];

/// An entry of `senders:`.
pub static SENDER: &Form = &[
    key("number", Kind::Text, "one number: `+1…`, a short code, `whatsapp:+1…`"),
    key("numbers", Kind::Words, "a pool; a contact keeps its number"),
    key("messaging_service", Kind::Text, "`MG…`, which picks the number"),
    key("type", Kind::OneOf(SENDER_TYPES), "decides the default speed, and who answers STOP"),
    key("mps", Kind::Speed, "segments a second of each number"),
];

static CLASSES: &Form = &[
    key("marketing", Kind::Form(CLASS), "offers and news"),
    key("transactional", Kind::Form(CLASS), "what the contact expects from us"),
    key("conversational", Kind::Form(CLASS), "part of a talk"),
];

static CLASS: &Form = &[
    key("consent", Kind::OneOf(CONSENTS), "what the contact must have agreed to"),
    key("send_window", Kind::Window, "when, by the contact's clock"),
    key("cap", Kind::Cap, "how many one contact may get"),
    key("first_message_needs", Kind::Some(FIRST_NEEDS), "what the first text must hold"),
    key("on_unknown", Kind::OneOf(UNKNOWN), "a text whose fate stays unknown"),
];

static WORDS: &Form =
    &[key("words", Kind::Words, "the words, in any case"), key("say", Kind::Template, "our answer, only where Twilio does not answer itself")];

static HTTP: &Form = &[key("allow", Kind::Words, "hosts that calls may reach although private or without TLS")];

static PRICES: &Form = &[
    key("currency", Kind::Text, "of all amounts, like `USD`"),
    key("max_cost", Kind::Speed, "a broadcast that may cost more is refused"),
    key("per_segment", Kind::Named(PRICE), "by the beginning of the contact's number, like `+1`"),
];

static PRICE: &Form = &[
    key("long_code", Kind::Price, "a segment from a long code"),
    key("toll_free", Kind::Price, "a segment from a toll-free number"),
    key("short_code", Kind::Price, "a segment from a short code"),
    key("whatsapp", Kind::Price, "a message by WhatsApp"),
];

static QUEUE: &Form = &[
    key("hours", Kind::Window, "when people are there"),
    key("days", Kind::Days, "on which days"),
    key("assign", Kind::OneOf(ASSIGN), "how work is shared"),
    key("sla", Kind::Length, "how soon somebody answers, in opening hours"),
];
