//! Whatever is wrong with the settings ends `serve` at once, with exit 2 and a sentence that names the key, the file or the port.

use std::net::TcpListener;

use super::{HELLO, Place, acme};

/// What a daemon needs beside the playbooks.
const GOOD: &str = "\
brand: Acme
store: memory
public_url: https://sms.acme.example
twilio: {account_sid: AC00000000000000000000000000000001, auth_token: t0ken}
senders:
  main: {number: \"+15005550006\", type: short_code}
";

fn serve(settings: &str) -> String {
    Place::with(&[("bridged.yaml", settings), ("playbooks/hello.yaml", HELLO)]).run(&["serve"])
}

#[test]
fn each_wrong_key_is_named() {
    let table = [
        ("durabilty: full", "bridged.yaml:7: `durabilty` is not a setting; did you mean `durability`?"),
        ("listen: 8080", "bridged.yaml:7: `listen` must be an address and a port, like `127.0.0.1:8080`"),
        ("templates: texts", "bridged.yaml:7: `templates` names `texts`, which is not a folder"),
        (
            "console_token: {file: none/token}",
            "bridged.yaml:7: `console_token` names `none/token`, which can't be made: No such file or directory (os error 2)",
        ),
        (
            "secrets: {CRM: {file: crm.token}}",
            "bridged.yaml:7: `secrets.CRM` names `crm.token`, which can't be read: No such file or directory (os error 2)",
        ),
        ("brand: Other", "bridged.yaml:7: `brand` is written twice"),
    ];
    for (line, expected) in table {
        assert_eq!(serve(&format!("{GOOD}{line}\n")), format!("exit 2\n--- stderr\nerror: {expected}\n"), "{line}");
    }
}

#[test]
fn each_missing_key_is_named() {
    let said = serve("brand: Acme\n");
    for key in ["public_url", "twilio.account_sid", "twilio.auth_token", "senders"] {
        assert!(said.contains(&format!("error: bridged.yaml: `{key}` is missing: ")), "{said}");
    }
    assert!(said.starts_with("exit 2\n--- stderr\n"));
}

#[test]
fn a_wrong_variable_is_named() {
    let place = acme();
    let said = place.run_with(&["check"], &[("BRIDGED__QUEUES__DESK__SLA", "soon")]);
    assert_eq!(said, "exit 2\n--- stderr\nerror: BRIDGED__QUEUES__DESK__SLA: `queues.desk.sla` must be a length of time, like `15m`\n");
}

#[test]
fn the_settings_file_that_is_named_must_exist() {
    let expected = "exit 2\n--- stderr\nerror: none.yaml: the settings can't be read: No such file or directory (os error 2)\n";
    for args in [["--config", "none.yaml", "check"], ["check", "--config", "none.yaml"], ["serve", "--config", "none.yaml"]] {
        assert_eq!(acme().run(&args), expected);
    }
    // And may stand anywhere: its paths begin at its own folder.
    let file = acme();
    let settings = file.path("bridged.yaml");
    let settings = settings.to_str().unwrap();
    assert!(Place::with(&[]).run(&["--config", settings, "test"]).ends_with("2 passed, 0 failed\n"));
}

#[test]
fn a_missing_folder_and_a_taken_port_are_named() {
    let place = Place::with(&[("bridged.yaml", GOOD)]);
    assert_eq!(place.run(&["serve"]), "exit 2\n--- stderr\nerror: bridged.yaml: `playbooks` names `playbooks`, which is not a folder\n");
    place.write("playbooks/hello.yaml", HELLO);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = place.run_with(&["serve"], &[("BRIDGED__LISTEN", &address)]);
    assert!(said.starts_with("exit 2\n") && said.contains("`listen`") && said.contains(&address), "{said}");
}

#[test]
fn commands_that_work_alone_open_no_secret() {
    let place = acme();
    let settings = format!("{}secrets: {{CRM: {{file: crm.token}}}}\nconsole_token: {{file: none/token}}\n", super::SETTINGS);
    place.write("bridged.yaml", &settings);
    assert!(place.run(&["check"]).starts_with("exit 0\n"));
    assert!(place.run(&["test"]).starts_with("exit 0\n"));
}
