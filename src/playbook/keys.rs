//! The language as tables: which keys stand where and what kind of value each takes.
//!
//! The reader (`shape`), the JSON Schema (`schema`) and every "did you mean" are made from these tables, so that they cannot disagree.

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// What people are told: a text, one per language, or `{file: …}`.
    Text,
    /// A text of one language with `{{ … }}`, not sent to a contact: a note, a key, a header.
    Template,
    /// An expression, as in `if`.
    Expr,
    /// Words for people that run nothing.
    About,
    /// A name that is made here: an id, an outcome, a branch of `split`.
    Name,
    /// Where a value is kept: a name or `contact.NAME`.
    Target,
    /// Any word or words: an event, a tag, a list.
    Label,
    /// A tag or several, with `{{ … }}`.
    Tags,
    /// A milestone: names joined by dots.
    Milestone,
    /// A step to go to.
    Goto,
    /// A playbook to run.
    Playbook,
    /// A sender.
    Sender,
    /// A sender or several.
    Senders,
    /// A queue.
    Queue,
    /// A length of time.
    Duration,
    /// A length of time, also `0s`.
    Pause,
    /// A time of day.
    TimeOfDay,
    /// `9am-8pm`.
    Window,
    /// `mon-fri,sun`.
    Days,
    /// `2 per day`.
    Cap,
    /// `100/m`.
    Rate,
    /// `once per 90d`.
    Entry,
    /// `5%`.
    Percent,
    /// Five fields.
    Cron,
    /// An IANA time zone, or `contact`.
    Zone,
    /// A local time or date in a zone.
    Moment,
    /// A language tag.
    Language,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// `true`, which is all it may be.
    True,
    /// A whole number between two bounds.
    Count(u32, u32),
    /// A number above 0.
    Weight,
    /// Keyword texts.
    Keywords,
    /// Pictures and files: an address or up to ten.
    Media,
    /// Up to ten answers to tap.
    Buttons,
    /// A way to match, or several.
    Match,
    /// Whatever `as` saves.
    As,
    /// Any value, strings with `{{ … }}`.
    Value,
    /// A map of names to any values, strings with `{{ … }}`.
    Values,
    /// A map of names to texts with `{{ … }}`.
    Templates,
    /// A map of targets to any values.
    Set,
    /// A map of targets to paths in an HTTP answer.
    HttpSave,
    /// A map of targets to names of a sub-playbook.
    RunSave,
    /// A map of names to defaults.
    Params,
    /// A map of old step ids to new ones.
    Renamed,
    /// `METHOD https://…`.
    Call,
    /// A map with the keys of a form.
    Form(&'static Form),
    /// A list of such maps.
    Forms(&'static Form),
    /// A branch.
    Branch(&'static Form),
    /// A list of branches.
    Branches(&'static Form),
    /// A list of triggers.
    Triggers,
    /// A list of steps.
    Steps,
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether its map can't do without it.
    pub required: bool,
}

/// A map with known keys.
#[derive(Debug)]
pub struct Form {
    /// What messages call it.
    pub title: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// Of these keys one is required.
    pub one_of: &'static [&'static str],
}

/// A verb with the keys its step may have besides `id`, `about` and `if`.
#[derive(Debug)]
pub struct Verb {
    /// As written.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its other keys; the required ones are told by `missing-timeout` and its like.
    pub keys: &'static [Key],
    /// Whether the step must have a name: what is saved, counted or gone back to hangs on it.
    pub needs_id: bool,
}

const fn may(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, required: false }
}

const fn must(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, required: true }
}

/// The words for a class of text.
pub const CLASSES: &[&str] = &["marketing", "transactional", "conversational"];
/// More lines than ten to tap, or more pictures, no channel carries.
pub const MAX_LIST: usize = 10;
/// More reminders than three are nagging.
pub const MAX_REMINDERS: usize = 3;
/// More tries than five make a talk that never ends.
const MAX_RETRIES: u32 = 5;

/// A playbook.
pub static PLAYBOOK: Form = Form {
    title: "a playbook",
    keys: &[
        must("playbook", Kind::Name),
        may("about", Kind::About),
        must("message_class", Kind::OneOf(CLASSES)),
        may("from", Kind::Sender),
        may("language", Kind::Language),
        may("triggers", Kind::Triggers),
        may("audience", Kind::Form(&AUDIENCE)),
        may("entry", Kind::Entry),
        may("if_busy", Kind::OneOf(&["wait", "skip", "interrupt"])),
        may("send_window", Kind::Window),
        may("days", Kind::Days),
        may("cap", Kind::Cap),
        may("spread_over", Kind::Duration),
        may("max_rate", Kind::Rate),
        may("goal", Kind::Form(&GOAL)),
        may("exit", Kind::Forms(&EXIT)),
        may("anytime", Kind::Branches(&REPLY)),
        may("late_replies", Kind::Duration),
        may("params", Kind::Params),
        may("upgrade", Kind::OneOf(&["pin", "move"])),
        may("renamed", Kind::Renamed),
        must("steps", Kind::Steps),
    ],
    one_of: &[],
};

/// Who of all contacts a broadcast reaches.
pub static AUDIENCE: Form = Form {
    title: "an audience",
    keys: &[
        may("where", Kind::Expr),
        may("list", Kind::Label),
        may("exclude_recent", Kind::Duration),
        may("holdout", Kind::Percent),
        may("limit", Kind::Count(1, u32::MAX)),
    ],
    one_of: &[],
};

/// What counts as success.
pub static GOAL: Form = Form {
    title: "a goal",
    keys: &[must("event", Kind::Label), may("where", Kind::Expr), must("within", Kind::Duration), may("exit", Kind::Bool)],
    one_of: &[],
};

/// What ends a conversation wherever it stands.
pub static EXIT: Form = Form {
    title: "an exit",
    keys: &[
        may("event", Kind::Label),
        may("tagged", Kind::Label),
        may("key", Kind::Template),
        may("if", Kind::Expr),
        may("say", Kind::Text),
        must("end", Kind::Name),
    ],
    one_of: &["event", "tagged"],
};

/// The triggers, each named by its first key.
pub static TRIGGERS: [Form; 7] = [
    Form {
        title: "an `event` trigger",
        keys: &[
            must("event", Kind::Label),
            may("where", Kind::Expr),
            may("key", Kind::Template),
            may("if_running", Kind::OneOf(&["ignore", "restart", "update", "parallel"])),
        ],
        one_of: &[],
    },
    Form {
        title: "a `keyword` trigger",
        keys: &[must("keyword", Kind::Keywords), may("if_running", Kind::OneOf(&["ignore", "restart"])), may("to", Kind::Senders)],
        one_of: &[],
    },
    Form { title: "a `message` trigger", keys: &[must("message", Kind::OneOf(&["any"])), may("to", Kind::Senders)], one_of: &[] },
    Form { title: "a `call` trigger", keys: &[must("call", Kind::OneOf(&["any"])), may("say", Kind::Text), may("to", Kind::Senders)], one_of: &[] },
    Form { title: "a `tagged` trigger", keys: &[must("tagged", Kind::Label)], one_of: &[] },
    Form { title: "a `cron` trigger", keys: &[must("cron", Kind::Cron), must("timezone", Kind::Zone), may("until", Kind::Moment)], one_of: &[] },
    Form { title: "an `at` trigger", keys: &[must("at", Kind::Moment), must("timezone", Kind::Zone)], one_of: &[] },
];

/// `replies` and `anytime`.
pub static REPLY: Form = Form {
    title: "a reply rule",
    keys: &[
        must("match", Kind::Match),
        may("as", Kind::As),
        may("say", Kind::Text),
        may("do", Kind::Steps),
        may("goto", Kind::Goto),
        may("end", Kind::Name),
        may("again", Kind::True),
    ],
    one_of: &[],
};

/// `on_no_match`: a branch that may ask again.
pub static NO_MATCH: Form = Form {
    title: "`on_no_match`",
    keys: &[may("say", Kind::Text), may("do", Kind::Steps), may("goto", Kind::Goto), may("end", Kind::Name), may("again", Kind::True)],
    one_of: &[],
};

/// A branch that may leave, but not ask again.
pub static BRANCH: Form =
    Form { title: "a branch", keys: &[may("say", Kind::Text), may("do", Kind::Steps), may("goto", Kind::Goto), may("end", Kind::Name)], one_of: &[] };

/// `on_sla`: a side branch.
pub static SIDE: Form = Form { title: "`on_sla`", keys: &[may("say", Kind::Text), may("do", Kind::Steps)], one_of: &[] };

/// A branch of `choose`.
pub static CHOICE: Form = Form {
    title: "a branch of `choose`",
    keys: &[
        may("if", Kind::Expr),
        may("otherwise", Kind::True),
        may("say", Kind::Text),
        may("do", Kind::Steps),
        may("goto", Kind::Goto),
        may("end", Kind::Name),
    ],
    one_of: &["if", "otherwise"],
};

/// A branch of `split`.
pub static ARM: Form = Form {
    title: "a branch of `split`",
    keys: &[
        must("name", Kind::Name),
        must("weight", Kind::Weight),
        may("say", Kind::Text),
        may("do", Kind::Steps),
        may("goto", Kind::Goto),
        may("end", Kind::Name),
    ],
    one_of: &[],
};

/// Another try.
pub static RETRY: Form = Form { title: "`retry`", keys: &[must("max", Kind::Count(0, MAX_RETRIES)), may("say", Kind::Text)], one_of: &[] };

/// A reminder.
pub static REMIND: Form = Form { title: "a reminder", keys: &[must("after", Kind::Duration), must("say", Kind::Text)], one_of: &[] };

/// What every step may have.
pub static STEP_KEYS: [Key; 3] = [may("id", Kind::Name), may("about", Kind::About), may("if", Kind::Expr)];

const MEDIA: Key = may("media", Kind::Media);
const BUTTONS: Key = may("buttons", Kind::Buttons);
const TEMPLATE: Key = may("template", Kind::Label);
const VARS: Key = may("vars", Kind::Templates);
const CLASS: Key = may("class", Kind::OneOf(CLASSES));
const URGENT: Key = may("urgent", Kind::Bool);
const FROM: Key = may("from", Kind::Sender);
const ON_FAILED: Key = may("on_failed", Kind::Branch(&BRANCH));
const REPLIES: Key = may("replies", Kind::Branches(&REPLY));
const SAVE: Key = may("save", Kind::Target);
const RETRY_KEY: Key = may("retry", Kind::Form(&RETRY));
const ON_NO_MATCH: Key = may("on_no_match", Kind::Branch(&NO_MATCH));
const REMIND_KEY: Key = may("remind", Kind::Forms(&REMIND));
const GATHER: Key = may("gather", Kind::Pause);
const TIMEOUT: Key = must("timeout", Kind::Duration);
const ON_TIMEOUT: Key = must("on_timeout", Kind::Branch(&BRANCH));

/// The seventeen verbs.
pub static VERBS: [Verb; 17] = [
    Verb { name: "send", kind: Kind::Text, keys: &[MEDIA, BUTTONS, TEMPLATE, VARS, CLASS, URGENT, FROM, ON_FAILED], needs_id: false },
    Verb {
        name: "ask",
        kind: Kind::Text,
        keys: &[
            MEDIA,
            BUTTONS,
            TEMPLATE,
            VARS,
            CLASS,
            URGENT,
            FROM,
            ON_FAILED,
            REPLIES,
            SAVE,
            RETRY_KEY,
            ON_NO_MATCH,
            REMIND_KEY,
            GATHER,
            TIMEOUT,
            ON_TIMEOUT,
        ],
        needs_id: true,
    },
    Verb { name: "listen", kind: Kind::Duration, keys: &[REPLIES, SAVE, RETRY_KEY, ON_NO_MATCH, REMIND_KEY, GATHER, ON_TIMEOUT], needs_id: true },
    Verb { name: "wait", kind: Kind::Duration, keys: &[], needs_id: true },
    Verb {
        name: "wait_until",
        kind: Kind::Template,
        keys: &[
            may("before", Kind::Duration),
            may("after", Kind::Duration),
            may("at", Kind::TimeOfDay),
            may("if_past", Kind::OneOf(&["skip", "run", "end"])),
        ],
        needs_id: true,
    },
    Verb { name: "wait_for", kind: Kind::Label, keys: &[may("key", Kind::Template), may("where", Kind::Expr), TIMEOUT, ON_TIMEOUT], needs_id: true },
    Verb { name: "choose", kind: Kind::Branches(&CHOICE), keys: &[], needs_id: false },
    Verb { name: "split", kind: Kind::Branches(&ARM), keys: &[], needs_id: true },
    Verb { name: "set", kind: Kind::Set, keys: &[], needs_id: false },
    Verb { name: "tag", kind: Kind::Tags, keys: &[], needs_id: false },
    Verb { name: "untag", kind: Kind::Tags, keys: &[], needs_id: false },
    Verb { name: "record", kind: Kind::Milestone, keys: &[may("data", Kind::Values)], needs_id: false },
    Verb {
        name: "http",
        kind: Kind::Call,
        keys: &[
            may("headers", Kind::Templates),
            may("json", Kind::Value),
            may("form", Kind::Values),
            may("timeout", Kind::Duration),
            may("retries", Kind::Count(0, MAX_RETRIES)),
            may("save", Kind::HttpSave),
            must("on_error", Kind::Branch(&BRANCH)),
        ],
        needs_id: true,
    },
    Verb {
        name: "handoff",
        kind: Kind::Queue,
        keys: &[
            may("note", Kind::Template),
            may("say", Kind::Text),
            may("priority", Kind::OneOf(&["low", "normal", "high"])),
            may("sla", Kind::Duration),
            may("on_sla", Kind::Branch(&SIDE)),
            may("idle", Kind::Duration),
            TIMEOUT,
            ON_TIMEOUT,
        ],
        needs_id: true,
    },
    Verb { name: "run", kind: Kind::Playbook, keys: &[may("with", Kind::Values), may("save", Kind::RunSave)], needs_id: false },
    Verb { name: "goto", kind: Kind::Goto, keys: &[], needs_id: false },
    Verb { name: "end", kind: Kind::Name, keys: &[], needs_id: false },
];

/// What a side branch may hold: nothing that rests, asks or branches.
pub const SIDE_VERBS: [&str; 5] = ["send", "set", "tag", "untag", "record"];

/// Ways to match that stand alone.
pub const MATCH_WORDS: [&str; 10] = ["yes", "no", "number", "date", "time", "email", "phone", "media", "any", "other"];
/// Ways to match that take a value.
pub const MATCH_KEYS: [&str; 6] = ["words", "any_of", "phrase", "regex", "number", "button"];

/// The verb of a name.
pub fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

/// Whether a word is a key anywhere in a playbook.
pub fn is_key(word: &str) -> bool {
    let forms = [&PLAYBOOK, &AUDIENCE, &GOAL, &EXIT, &REPLY, &NO_MATCH, &CHOICE, &ARM, &RETRY, &REMIND];
    let of_forms = forms.into_iter().chain(&TRIGGERS).flat_map(|form| form.keys);
    of_forms.chain(&STEP_KEYS).chain(VERBS.iter().flat_map(|verb| verb.keys)).any(|key| key.name == word)
}
