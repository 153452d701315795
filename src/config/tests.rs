//! Settings as people write them, right and wrong.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::model::Class;

/// The least a daemon needs.
const GOOD: &str = "\
public_url: https://sms.acme.example/
twilio: {account_sid: AC00000000000000000000000000000001, auth_token: 00000000000000000000000000000001}
senders:
  main: {number: \"+15005550006\", type: short_code, mps: 7}
  pool: {numbers: [\"+15125550101\", \"+15125550102\"]}
  service: {messaging_service: MG00000000000000000000000000000001, type: toll_free}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    folder
}

fn source(folder: &Path, yaml: &str) -> Source {
    let file = folder.join(FILE);
    fs::write(&file, yaml).unwrap();
    Source::named(&file).unwrap()
}

fn env(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What a daemon says to these settings: one sentence, without its place.
fn sentences(yaml: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let folder = folder();
    match Config::read(&source(folder.path(), yaml), env(variables), false) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.into_iter().map(|problem| problem.sentence).collect(),
    }
}

#[test]
fn the_least_settings_and_their_defaults() {
    let folder = folder();
    let config = Config::read(&source(folder.path(), GOOD), env(&[]), false).map_err(|e| e.to_string()).unwrap();
    assert_eq!(config.public_url, "https://sms.acme.example");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.store, StoreUrl::Sqlite(folder.path().join("bridged.db")));
    assert_eq!((config.durability, config.retention), (Durability::Full, RETENTION));
    // A token of digits only stays the text it is.
    assert_eq!(config.twilio.auth.secret, "00000000000000000000000000000001");
    assert_eq!(config.twilio.auth.user, "AC00000000000000000000000000000001");
    let speeds = config.speeds();
    let lanes: Vec<(&str, LaneSpeed)> = speeds.lanes.iter().map(|(lane, speed)| (lane.as_str(), *speed)).collect();
    let lane = |mps: f64, account| LaneSpeed { pace: Pace::per_second(mps), account };
    let service = "MG00000000000000000000000000000001";
    assert_eq!(
        lanes,
        [("+15005550006", lane(7.0, false)), ("+15125550101", lane(1.0, true)), ("+15125550102", lane(1.0, true)), (service, lane(3.0, false))]
    );
    let marketing = config.workspace.class(Class::Marketing).unwrap();
    assert!(marketing.needs_consent && marketing.first_needs_brand && !marketing.resend_unknown && marketing.cap.is_some());
    assert_eq!(config.workspace.links, "https://sms.acme.example");
    assert_eq!(config.workspace.senders.first().unwrap().name, "main");
    let warnings = config.warnings();
    assert_eq!(warnings, ["`brand` is not set: texts with `{{ brand }}` name nobody"]);
}

#[test]
fn a_class_that_is_written_replaces_the_built_in_one_whole() {
    let folder = folder();
    let yaml = format!("{GOOD}classes: {{transactional: {{consent: any}}}}\n");
    let config = Config::read(&source(folder.path(), &yaml), env(&[]), false).map_err(|e| e.to_string()).unwrap();
    let rules = config.workspace.class(Class::Transactional).unwrap();
    assert_eq!((rules.hours.window, rules.cap), (None, None));
    assert!(config.workspace.class(Class::Marketing).unwrap().hours.window.is_some());
}

/// Each wrong value, added to good settings, gives one sentence that names its key.
#[test]
fn wrong_values_are_told_by_their_key() {
    let table = [
        ("brnd: Acme", "`brnd` is not a setting; did you mean `brand`?"),
        ("timezone: America/Chigaco", "`timezone` must be an IANA time zone, like `America/Chicago`"),
        ("language: English", "`language` must be a language, like `en` or `es-MX`"),
        ("listen: here", "`listen` must be an address and a port, like `127.0.0.1:8080`"),
        ("console: 127.0.0.1:8080", "`console` is the same address as `listen`; the two sides need one each"),
        ("store: mysql://x", "`store` must be `sqlite:FILE`, `redis://HOST:PORT/DB` or `memory`"),
        ("durability: ful", "`durability` must be `full` or `normal`; did you mean `full`?"),
        ("retention: 1 year", "`retention` must be a length of time, like `365d`"),
        ("reply_reserve: 100%", "`reply_reserve` must be a share from `0%` to `99%`"),
        ("links: ftp://x", "`links` must be an address like `https://sms.acme.example`, without `?` and `#`"),
        ("sync: {direction: in}", "`sync.direction` must be `inbound`, `outbound` or `both`"),
        ("sync: {channels: sms}", "`sync.channels` must be a list, like `[a, b]`"),
        ("classes: {marketing: {cap: 4}}", "`classes.marketing.cap` must be a number of texts, like `4 per week`"),
        ("classes: {marketing: {send_window: 9-20}}", "`classes.marketing.send_window` must be a part of the day, like `9am-8pm`"),
        ("classes: {promotional: {}}", "`classes.promotional` is not a setting"),
        ("queues: {sales: {sla: soon}}", "`queues.sales.sla` must be a length of time, like `15m`"),
        ("queues: {sales: {assing: least_busy}}", "`queues.sales.assing` is not a setting; did you mean `assign`?"),
        ("contact_fields: {phone: text}", "`contact_fields.phone` is built in; give your own field another name"),
        ("contact_fields: {budget: money}", "`contact_fields.budget` must be `text`, `number`, `time` or `yes_no`"),
        ("opt_out: {say: \"{{ brand \"}", "`opt_out.say` can't be read: "),
        ("help: {say: \"{{ brnd }}: call us\"}", "`help.say` uses `brnd`, which has no value here; an answer knows `brand`, `now` and `contact`"),
        ("sync: {channels: []}", "`sync.channels` is empty, so nothing could be sent or taken in; leave it out for all channels"),
        ("templates: texts", "`templates` names `"),
        ("http: [a]", "`http` must be a map of keys to values"),
        ("secrets: {CRM: {file: crm.token}}", "`secrets.CRM` names `"),
    ];
    for (line, expected) in table {
        let said = sentences(&format!("{GOOD}{line}\n"), &[]);
        assert!(said.len() == 1 && said[0].starts_with(expected), "{line}: {said:?}");
    }
}

#[test]
fn wrong_senders_and_accounts_are_told_by_their_key() {
    let table = [
        ("SENDERS__MAIN__MPS", "0", "`senders.main.mps` must be a number above 0"),
        (
            "SENDERS__MAIN__TYPE",
            "shortcode",
            "`senders.main.type` must be `long_code`, `toll_free`, `short_code` or `whatsapp`; did you mean `short_code`?",
        ),
        ("SENDERS__MAIN__NUMBER", "5005550006", "`senders.main.number` must be a short code like `12345`, or a number like `+15125550100`"),
        ("SENDERS__MAIN__NUMBERS", "[\"+15005550007\"]", "`senders.main` needs one of `number`, `numbers`, `messaging_service`"),
        ("SENDERS__MAIN__NUMBER", "+15125550101", "`senders.pool` has a number that is also in `senders.main`"),
        ("SENDERS__SERVICE__MESSAGING_SERVICE", "MG1", "`senders.service.messaging_service` must be `MG` and 32 hexadecimal digits"),
        ("TWILIO__ACCOUNT_SID", "AC1", "`twilio.account_sid` must be `AC` and 32 hexadecimal digits"),
        ("TWILIO__ACCOUNT_MPS", "fast", "`twilio.account_mps` must be a number above 0"),
        ("TWILIO__CONCURRENCY", "0", "`twilio.concurrency` must be a whole number from 1 to 10000"),
        ("TWILIO__API_KEY", "SK00000000000000000000000000000001", "`twilio.api_secret` is missing, and `twilio.api_key` is of no use without it"),
    ];
    for (name, value, expected) in table {
        let name = format!("BRIDGED__{name}");
        assert_eq!(sentences(GOOD, &[(&name, value)]), [expected], "{name}");
    }
}

#[test]
fn a_daemon_needs_four_things_and_a_trial_none() {
    let said = sentences("brand: Acme\n", &[]);
    let keys: Vec<&str> = said.iter().filter_map(|sentence| sentence.split('`').nth(1)).collect();
    assert_eq!(keys, ["public_url", "twilio.account_sid", "twilio.auth_token", "senders"]);
    assert!(sentences("senders: {}\n", &[]).iter().any(|sentence| sentence.contains("`senders` is missing")));
    let folder = folder();
    let config = Config::read(&Source::sample(folder.path()), env(&[]), true).map_err(|e| e.to_string()).unwrap();
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.workspace.links, "http://127.0.0.1:8080");
    assert_eq!(config.twilio.account_sid, PRETEND_ACCOUNT);
    assert_eq!(config.warnings(), Vec::<String>::new());
}

#[test]
fn the_environment_wins_and_keeps_texts_as_they_are() {
    let folder = folder();
    let variables = env(&[
        ("TWILIO_AUTH_TOKEN", "12345678901234567890123456789012"),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000009"),
        ("BRIDGED__TWILIO__ACCOUNT_SID", "AC00000000000000000000000000000008"),
        ("BRIDGED__SENDERS__MAIN__NUMBER", "+15005550009"),
        ("BRIDGED__SECRETS__CRM_TOKEN", "s3cret"),
        ("BRIDGED__HTTP__ALLOW", "[crm.internal]"),
        ("BRIDGED__LISTEN", "localhost:0"),
        ("BRIDGED__BRAND", "  "),
        ("BRIDGED", "/usr/bin/bridged"),
    ]);
    let config = Config::read(&source(folder.path(), GOOD), variables, false).map_err(|e| e.to_string()).unwrap();
    assert_eq!(config.twilio.auth_token.reveal(), "12345678901234567890123456789012");
    assert_eq!(config.twilio.account_sid, "AC00000000000000000000000000000008");
    assert_eq!(config.workspace.senders[0].numbers[0].0, "+15005550009");
    assert_eq!(config.workspace.secrets.get("CRM_TOKEN").map(String::as_str), Some("s3cret"));
    assert_eq!(config.workspace.http_allow, ["crm.internal"]);
    assert_eq!(config.listen.to_string(), "127.0.0.1:0");
}

#[test]
fn a_problem_says_where_it_stands() {
    let folder = folder();
    let error = |yaml: &str, variables: &[(&str, &str)]| Language::read(&source(folder.path(), yaml), env(variables)).err().unwrap().problems;
    let file = folder.path().join(FILE).display().to_string();
    assert_eq!(error("brand: A\nlanguage: English\n", &[])[0].at, format!("{file}:2"));
    assert_eq!(error("brand: A\n", &[("BRIDGED__LANGUAGE", "English")])[0].at, "BRIDGED__LANGUAGE");
    assert_eq!(error("brand: A\n", &[("BRIDGED__TWILO__ACCOUNT_SID", "AC1")])[0].at, "BRIDGED__TWILO__ACCOUNT_SID");
    assert_eq!(error("brand: A\nbrand: B\n", &[])[0], Problem { at: format!("{file}:2"), sentence: "`brand` is written twice".to_owned() });
}

#[test]
fn secrets_come_from_files_that_only_their_owner_reads() {
    let folder = folder();
    let write = |name: &str, text: &str, mode: u32| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    write("own", " s3cret\n", 0o600);
    write("open", "s3cret\n", 0o644);
    write("empty", "\n", 0o600);
    let read = |value: &str| {
        let yaml = format!("{GOOD}secrets: {{A: {value}}}\n");
        Config::read(&source(folder.path(), &yaml), env(&[]), false)
            .map(|config| config.workspace.secrets["A"].clone())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read("{file: own}").unwrap(), "s3cret");
    assert!(read("{file: open}").unwrap_err().contains("which others can read; run `chmod 600 "));
    assert!(read("{file: empty}").unwrap_err().ends_with("which is empty"));
    assert!(read("{fil: own}").unwrap_err().ends_with("`secrets.A` must be text or `{file: PATH}`"));
    // A rehearsal knows the name and opens nothing.
    let named = Language::read(&source(folder.path(), "secrets: {A: {file: none}}\n"), env(&[])).map_err(|e| e.to_string()).unwrap();
    assert_eq!(named.workspace.secrets["A"], "");
}

#[test]
fn the_console_token_is_made_once() {
    let folder = folder();
    let settings = source(folder.path(), GOOD);
    // Commands that speak to a daemon make none.
    assert!(Console::read(&settings, env(&[])).unwrap_err().to_string().ends_with("no daemon has run with these settings yet"));
    let made = Config::read(&settings, env(&[]), false).map_err(|e| e.to_string()).unwrap().console_token;
    let file = folder.path().join("console.token");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(made.reveal().len(), 64);
    assert_eq!(Console::read(&settings, env(&[])).unwrap().token, made);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn no_error_and_no_debug_output_holds_a_secret() {
    const CANARY: &str = "c4nary5ecret";
    let folder = folder();
    let yaml = format!(
        "public_url: https://u:{CANARY}@x\nstore: mysql://u:{CANARY}@h\nconsole_token: [{CANARY}]\nlanguage: {CANARY}\nsecrets: {{A: [{CANARY}]}}\n\
         twilio: {{account_sid: {CANARY}, api_key: {CANARY}, auth_token: {{a: {CANARY}}}, api_base: {CANARY}, account_mps: {CANARY}}}\n\
         senders: {{main: {{number: {CANARY}}}}}\n"
    );
    let error = Config::read(&source(folder.path(), &yaml), env(&[("BRIDGED__SYNC__MEDIA", CANARY)]), false).err().unwrap();
    assert!(error.problems.len() >= 10, "{error}");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    let good = format!("{GOOD}console_token: {CANARY}\nstore: redis://u:{CANARY}@h/0\n");
    let config = Config::read(&source(folder.path(), &good), env(&[("TWILIO_AUTH_TOKEN", CANARY)]), false).map_err(|e| e.to_string()).unwrap();
    assert!(!format!("{:?} {:?} {:?}", config.store, config.twilio, config.console_token).contains(CANARY));
}

#[test]
fn the_nearest_file_upwards_is_found() {
    let folder = folder();
    assert_eq!(Source::in_folder(folder.path()).unwrap(), None);
    source(folder.path(), GOOD);
    let found = Source::nearest(&folder.path().join("playbooks")).unwrap().unwrap();
    assert_eq!(found.root, folder.path().canonicalize().unwrap());
    assert!(Source::named(&folder.path().join("none.yaml")).unwrap_err().to_string().contains("the settings can't be read"));
}

/// Editors know every key that the reader knows, and the sample has each of them, written or behind a `#`.
#[test]
fn schema_and_sample_have_every_key() {
    let schema = schema();
    for key in keys::SETTINGS {
        assert!(schema["properties"][key.name]["description"].is_string(), "{}", key.name);
        let starts = [format!("{}:", key.name), format!("# {}:", key.name)];
        assert!(SAMPLE.lines().any(|line| starts.iter().any(|start| line.starts_with(start.as_str()))), "{}", key.name);
    }
    for key in keys::TWILIO {
        assert!(SAMPLE.contains(&format!("#   {}: ", key.name)), "{}", key.name);
    }
    assert!(keys::SENDER.iter().all(|key| SAMPLE.contains(&format!("{}: ", key.name))));
}

/// The settings are read as playbooks are, and told in the same words.
#[test]
fn what_is_no_yaml_is_told_with_its_repair() {
    let said = |yaml: &str| sentences(yaml, &[]);
    assert_eq!(said("brand: {{ us }}\n"), ["text that starts with `{{` must be in quotes; put the whole message in quotes"]);
    assert_eq!(said("brand: Acme: we sell\n"), ["`: ` inside text needs quotes; put the whole text in quotes"]);
    assert_eq!(said("http: {allow: [a, b}\n"), ["this `[` is never closed; write `]` where it ends"]);
}
