//! `new`, and what shells and manuals are told.

use super::Place;

/// Nothing in a folder but what `new` makes.
fn empty() -> Place {
    Place::with(&[])
}

const MODELS: [&str; 6] = ["starter", "activation", "appointments", "nurture", "qualification", "support"];

/// What it makes is clean and rehearsed as it is, whatever it began as and whatever it is called.
#[test]
fn a_workspace_from_nothing() {
    for (model, name) in MODELS.iter().flat_map(|model| [(*model, "spring_offer"), (*model, "b2")]) {
        let place = empty();
        let said = place.run(&["new", name, "--from", model, "--workspace", "acme"]);
        let wanted = format!("exit 0\n--- stderr\nmade acme/playbooks/{name}.yaml\nit passes `bridged check`; `bridged test` rehearses it\n");
        assert_eq!(said, wanted, "{model}");
        assert!(place.run(&["check", "acme/playbooks", "--strict"]).starts_with("exit 0\n"), "{model}");
        let tested = place.run(&["test", "acme/playbooks"]);
        assert!(tested.starts_with("exit 0\n") && tested.contains(" passed, 0 failed"), "{model}: {tested}");
        let (playbook, test) = (format!("playbooks/{name}.yaml"), format!("playbooks/{name}.test.yaml"));
        for (file, schema) in [("bridged.yaml", "bridged"), (playbook.as_str(), "playbook"), (test.as_str(), "transcript")] {
            let file = place.path("acme").join(file);
            let text = std::fs::read_to_string(&file).unwrap();
            let line = format!("# yaml-language-server: $schema={schema}.schema.json");
            assert_eq!(text.lines().next(), Some(line.as_str()), "{model}");
            let schema = std::fs::read_to_string(file.with_file_name(format!("{schema}.schema.json"))).unwrap();
            assert!(serde_json::from_str::<serde_json::Value>(&schema).unwrap()["$schema"].is_string());
        }
    }
}

#[test]
fn what_is_there_stays() {
    let place = empty();
    assert!(place.run(&["new", "--workspace", "."]).starts_with("exit 0\n"));
    let hello = place.write("playbooks/hello.test.yaml", "mine");
    let again = "exit 2\n--- stderr\nerror: `playbooks/hello.yaml` is there already; nothing was written\n";
    assert_eq!(place.run(&["new", "hello"]), again);
    assert_eq!(std::fs::read_to_string(&hello).unwrap(), "mine");
    let whole = "exit 2\n--- stderr\nerror: `bridged.yaml` is there already; nothing was written\n";
    assert_eq!(place.run(&["new", "other", "--workspace", "."]), whole);
    assert!(!place.path("playbooks/other.yaml").exists());
    assert!(place.run(&["new", "other"]).starts_with("exit 0\n"));
    assert!(place.path("playbooks/other.test.yaml").exists());
}

#[test]
fn names_that_can_not_be() {
    let said = empty().run(&["new", "Spring-Offer"]);
    assert!(said.starts_with("exit 2\n--- stderr\nerror: `Spring-Offer` can't be the name of a playbook"), "{said}");
    assert!(empty().run(&["new"]).starts_with("exit 2\n"));
}

/// Where two playbooks want the same word, it says so at once.
#[test]
fn what_stands_in_its_way_is_told() {
    let place = empty();
    place.run(&["new", "first", "--from", "support", "--workspace", "."]);
    let said = place.run(&["new", "second", "--from", "support"]);
    assert!(said.starts_with("exit 0\n") && said.contains("before it can run here:") && said.contains("duplicate-keyword"), "{said}");
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let said = empty().run(&["completions", shell]);
        assert!(said.starts_with("exit 0\n"), "{shell}");
        for command in ["serve", "check", "graph", "contacts"] {
            assert!(said.contains(command), "{shell}: {command}");
        }
    }
    let script = empty().run(&["completions", "bash"]).replacen("exit 0\n--- stdout\n", "", 1);
    let place = Place::with(&[("bridged.bash", &script)]);
    let ask = "source bridged.bash; COMP_WORDS=(bridged gra); COMP_CWORD=1; _bridged bridged gra bridged; echo ${COMPREPLY[@]}";
    let output = std::process::Command::new("bash").args(["-c", ask]).current_dir(place.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "graph", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_manual_has_every_command() {
    let said = empty().run(&["man"]);
    assert!(said.starts_with("exit 0\n--- stdout\n"), "{said}");
    for wanted in [".TH bridged 1", ".SS bridged serve", ".SS bridged contacts import", ".SS bridged twilio verify", ".SH EXIT STATUS"] {
        assert!(said.contains(wanted), "{wanted}");
    }
}
