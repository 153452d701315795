//! What each key of the language is for, in a sentence: editors show it while somebody types, and the reference is made of it.

use super::keys::{self, Form, TRIGGERS, Verb};

/// A key's sentence, and what holds where it is not written.
#[derive(Debug)]
pub struct About {
    /// The key.
    key: &'static str,
    /// What holds without it; empty where nothing does.
    pub default: &'static str,
    /// What it is for.
    pub text: &'static str,
}

const fn about(key: &'static str, default: &'static str, text: &'static str) -> About {
    About { key, default, text }
}

/// Keys of the playbook itself.
const PLAYBOOK: &[About] = &[
    about("playbook", "", "its name, the same as the file's"),
    about("about", "", "a sentence for people"),
    about("message_class", "", "what its texts are: decides consent, hours and caps"),
    about("from", "the first sender", "what conversations that we start are sent from"),
    about("language", "the workspace's", "of texts where the contact names none"),
    about("triggers", "", "what starts a conversation; without any it is run by another playbook or started by the API"),
    about("audience", "", "who of all contacts a broadcast reaches"),
    about("entry", "always", "how often one contact may start, counted for each key from the last start"),
    about("if_busy", "wait", "what to do when another conversation listens to the contact"),
    about("send_window", "the class's", "hours of the contact's clock in which our own ideas go out; can only be narrower than the class's"),
    about("days", "all", "days on which they go out"),
    about("cap", "", "how many of this playbook's texts one contact gets at most"),
    about("spread_over", "", "a broadcast goes out evenly over this time"),
    about("max_rate", "", "a broadcast goes out no faster than this"),
    about("goal", "", "what counts as success, also after the end"),
    about("exit", "", "events or tags that end a conversation wherever it stands"),
    about("anytime", "", "reply rules understood at every question, after the question's own"),
    about("late_replies", "off", "how long after an unanswered end a text still counts as the answer"),
    about("params", "", "values that `run … with` may give, and what they are otherwise"),
    about("upgrade", "pin", "whether live conversations move to a new version of the file"),
    about("renamed", "", "steps that were renamed, old name first, for `upgrade: move`"),
    about("steps", "", "what happens, in order"),
];

/// Keys of a map that stands in one place only, by its title.
const MAPS: &[(&str, &[About])] = &[
    (
        "an audience",
        &[
            about("where", "", "a condition on each contact"),
            about("list", "", "an imported list"),
            about("exclude_recent", "", "skips whoever had any bulk text from us in that time"),
            about("holdout", "", "share that never gets it, always the same people, to compare with"),
            about("limit", "", "how many contacts at most"),
        ],
    ),
    (
        "a goal",
        &[
            about("event", "", "the event that counts"),
            about("where", "", "a condition on its data"),
            about("within", "", "how long after the start it still counts"),
            about("exit", "false", "whether it ends a live conversation, with outcome `goal`"),
        ],
    ),
    (
        "an exit",
        &[
            about("event", "", "the event that ends it"),
            about("tagged", "", "the tag that ends it"),
            about("key", "", "only conversations with this key; the event at hand is `event`"),
            about("if", "", "a condition"),
            about("say", "", "a last text"),
            about("end", "", "the outcome"),
        ],
    ),
    (
        "an `event` trigger",
        &[
            about("event", "", "the event that starts it; its data is `event`"),
            about("where", "", "a condition on its data"),
            about("key", "", "tells several conversations of one contact apart, an order's number for example"),
            about(
                "if_running",
                "ignore",
                "what to do when one with this key is live: no start, a new one instead, the new data for the old one, or one more",
            ),
        ],
    ),
    (
        "a `keyword` trigger",
        &[
            about("keyword", "", "words that start it when they are the whole text"),
            about("if_running", "ignore", "no start while one is live, or a new one instead"),
            about("to", "any", "only texts to these senders"),
        ],
    ),
    ("a `message` trigger", &[about("message", "", "every text that nobody else claims"), about("to", "any", "only texts to these senders")]),
    (
        "a `call` trigger",
        &[
            about("call", "", "a call to one of our numbers"),
            about("say", "a busy tone", "what the caller hears before we hang up"),
            about("to", "any", "only calls to these senders"),
        ],
    ),
    ("a `tagged` trigger", &[about("tagged", "", "the contact gets this tag, which it did not have")]),
    (
        "a `cron` trigger",
        &[
            about("cron", "", "a broadcast at each of these times: minute, hour, day, month, weekday"),
            about("timezone", "", "whose clock: `contact`, or the name of a zone"),
            about("until", "", "the last day"),
        ],
    ),
    ("an `at` trigger", &[about("at", "", "one broadcast at this time"), about("timezone", "", "whose clock: `contact`, or the name of a zone")]),
    (
        "`retry`",
        &[about("max", "", "how many answers we can't read are met with another try"), about("say", "the question again", "what is said then")],
    ),
    ("a reminder", &[about("after", "", "how long after the question went out"), about("say", "", "what is said then")]),
];

/// Keys of every kind of branch.
const BRANCH: &[About] = &[
    about("match", "", "what the answer must be; of a list one member is enough"),
    about("as", "the value understood", "what is saved instead of the value"),
    about("if", "", "the condition under which this branch is taken"),
    about("otherwise", "", "taken when no branch before it was"),
    about("name", "", "what statistics and tests call this branch"),
    about("weight", "", "its share, beside the weights of the others"),
    about("say", "", "a text, sent first"),
    about("do", "", "steps, after the text"),
    about("goto", "", "then on to this step"),
    about("end", "", "then the end, with this outcome"),
    about("again", "", "then the question once more, all its clocks anew"),
];

/// The verbs, each with what it does.
const VERB: &[About] = &[
    about("send", "", "sends a text; goes on when Twilio has taken it"),
    about("ask", "", "sends a text and waits for the answer"),
    about("listen", "", "waits so long for a text, without sending one"),
    about("wait", "", "waits so long"),
    about("wait_until", "", "waits for a point in time"),
    about("wait_for", "", "waits for an event; its data is then under the step's id"),
    about("choose", "", "takes the first branch that is true"),
    about("split", "", "takes a branch by lot, for one contact always the same"),
    about("set", "", "keeps values; `null` clears"),
    about("tag", "", "gives the contact a tag or several"),
    about("untag", "", "takes tags away"),
    about("record", "", "notes a milestone for history and statistics"),
    about("http", "", "calls a server"),
    about("handoff", "", "gives the contact to the people of a queue; the bot is silent until they close it"),
    about("run", "", "runs another playbook as a part of this one"),
    about("goto", "", "goes on at another step"),
    about("end", "", "ends the conversation with this outcome"),
];

/// Keys of steps.
const STEP: &[About] = &[
    about("id", "", "its name: for `goto`, tests, statistics and new versions"),
    about("about", "", "a note for people"),
    about("if", "", "passed over where this is false"),
    about("media", "", "pictures or files by address, up to ten"),
    about("buttons", "", "answers to tap, up to ten; numbered lines where the channel has none"),
    about("template", "", "WhatsApp's approved template, for contacts that did not write for 24 hours"),
    about("vars", "", "values for the places of the template"),
    about("class", "the playbook's", "the class of this text alone"),
    about("urgent", "false", "goes out at any hour; not in marketing"),
    about("from", "the conversation's", "another sender for this text"),
    about("on_failed", "go on; an `ask` ends as `failed`", "what to do when the text can't be sent or delivered"),
    about("replies", "any text", "what is understood, the first that fits wins"),
    about("save", "", "keeps the answer, under a name or in `contact.NAME`"),
    about("retry", "no other try", "what to do with answers that no rule fits"),
    about("on_no_match", "the next step", "what to do when the tries are used up"),
    about("remind", "", "up to three reminders"),
    about("gather", "", "waits for this pause and takes several texts as one answer"),
    about("timeout", "", "how long it waits"),
    about("on_timeout", "", "what to do then"),
    about("before", "", "so long before that time"),
    about("after", "", "so long after that time"),
    about("at", "", "at this time of that day"),
    about("if_past", "skip", "what to do when the time is over: pass over the next step as well, run it at once, or end"),
    about("key", "", "only an event with this key"),
    about("where", "", "a condition on the event's data"),
    about("data", "", "values kept with the milestone"),
    about("note", "", "what the agent should know"),
    about("say", "", "what the contact is told first"),
    about("priority", "normal", "which hand-offs are shown first"),
    about("sla", "the queue's", "how soon a person should answer, in opening hours"),
    about("on_sla", "", "a text or a note when they did not, once"),
    about("idle", "24h", "how long after the agent's text a silent contact goes back to the bot"),
    about("with", "", "values for the `params` of that playbook"),
];

/// Keys whose meaning hangs on the verb.
const OF_VERB: &[(&str, &[About])] = &[
    (
        "http",
        &[
            about("headers", "", "headers of the call; secrets are allowed here"),
            about("json", "", "the body, as JSON"),
            about("form", "", "the body, as a form"),
            about("timeout", "10s", "how long one try may take, 30 seconds at most"),
            about("retries", "2, but 0 for POST and PATCH", "further tries when the server is away or too busy"),
            about("save", "", "takes the answer apart: `status`, `headers.NAME`, `body`, `body.PATH`"),
            about("on_error", "", "what to do when there is no good answer"),
        ],
    ),
    ("run", &[about("save", "", "copies its values back: ours, then its name")]),
    ("handoff", &[about("timeout", "", "how long the contact waits for a person, each time")]),
];

/// What is known of a key in a map.
pub fn of_form(form: &Form, key: &str) -> Option<&'static About> {
    let table = match MAPS.iter().find(|(title, _)| *title == form.title) {
        Some((_, table)) => table,
        None if std::ptr::eq(form, &keys::PLAYBOOK) => PLAYBOOK,
        None => BRANCH,
    };
    find(table, key)
}

/// What is known of a key beside a verb, or of the verb itself.
pub fn of_step(verb: &Verb, key: &str) -> Option<&'static About> {
    let own = OF_VERB.iter().find(|(name, _)| *name == verb.name).and_then(|(_, table)| find(table, key));
    if key == verb.name { of_verb(verb) } else { own.or_else(|| find(STEP, key)) }
}

/// What a verb does.
pub fn of_verb(verb: &Verb) -> Option<&'static About> {
    find(VERB, verb.name)
}

fn find(table: &'static [About], key: &str) -> Option<&'static About> {
    table.iter().find(|about| about.key == key)
}

/// The maps in the order in which the reference tells of them, after the playbook itself.
pub fn forms() -> impl Iterator<Item = &'static Form> {
    let parts = [&keys::AUDIENCE, &keys::GOAL, &keys::EXIT];
    let branches = [&keys::REPLY, &keys::NO_MATCH, &keys::BRANCH, &keys::SIDE, &keys::CHOICE, &keys::ARM, &keys::RETRY, &keys::REMIND];
    TRIGGERS.iter().chain(parts).chain(branches)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key has its sentence, and no sentence is of a key that is gone.
    #[test]
    fn nothing_is_missing_and_nothing_left_over() {
        for form in forms().chain([&keys::PLAYBOOK]) {
            for key in form.keys {
                assert!(of_form(form, key.name).is_some(), "{}: {}", form.title, key.name);
            }
        }
        for verb in &keys::VERBS {
            for key in keys::STEP_KEYS.iter().chain(verb.keys).map(|key| key.name).chain([verb.name]) {
                assert!(of_step(verb, key).is_some(), "{}: {key}", verb.name);
            }
        }
        let known = |table: &[About]| table.iter().all(|about| keys::is_key(about.key) || keys::verb(about.key).is_some());
        assert!([PLAYBOOK, BRANCH, VERB, STEP].into_iter().all(known) && MAPS.iter().chain(OF_VERB).all(|(_, table)| known(table)));
        assert!(MAPS.iter().all(|(title, _)| forms().any(|form| form.title == *title)));
    }
}
