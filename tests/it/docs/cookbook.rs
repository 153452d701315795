//! The recipes of `docs/cookbook`: clean, rehearsed in every way, alone and all together; their pages show them whole.

use std::path::PathBuf;

use super::{files, must_be, root, run};

/// More recipes than this the cookbook promises.
const PROMISED: usize = 12;

fn cookbook() -> PathBuf {
    root().join("docs/cookbook")
}

/// The names of all recipes.
fn recipes() -> Vec<String> {
    let playbooks = files(&cookbook().join("playbooks"), ".yaml").into_iter().filter(|file| !file.to_string_lossy().ends_with(".test.yaml"));
    let names: Vec<String> = playbooks.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert!(names.len() > PROMISED, "{names:?}");
    names
}

#[test]
fn recipes_are_clean_and_rehearsed_all_together() {
    let (code, said) = run(&cookbook(), &["check", "--strict"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(&cookbook(), &["test", "--coverage-min", "100"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn each_recipe_stands_alone() {
    for name in recipes() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("playbooks")).unwrap();
        std::fs::copy(cookbook().join("bridged.yaml"), home.path().join("bridged.yaml")).unwrap();
        for file in [format!("playbooks/{name}.yaml"), format!("playbooks/{name}.test.yaml")] {
            std::fs::copy(cookbook().join(&file), home.path().join(&file)).unwrap();
        }
        let (code, said) = run(home.path(), &["check", "--strict"]);
        assert_eq!(code, 0, "{said}");
        let (code, said) = run(home.path(), &["test", "--coverage-min", "100"]);
        assert_eq!(code, 0, "{name}: {said}");
    }
}

/// Each page holds the playbook as its first block of YAML and the tests as its last, letter by letter.
#[test]
fn pages_show_their_recipes_whole() {
    let index = std::fs::read_to_string(cookbook().join("README.md")).unwrap();
    for name in recipes() {
        let page = cookbook().join(format!("{name}.md"));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let read = |file: &str| std::fs::read_to_string(cookbook().join("playbooks").join(file)).unwrap();
        let with = shown(&text, &format!("{name}.yaml"), &read(&format!("{name}.yaml")));
        must_be(&page, &shown(&with, &format!("{name}.test.yaml"), &read(&format!("{name}.test.yaml"))));
        assert!(index.contains(&format!("({name}.md)")), "the index has no `{name}`");
    }
}

/// The page with this in the block of YAML behind the link to the file.
fn shown(page: &str, file: &str, yaml: &str) -> String {
    let link = format!("(playbooks/{file})");
    let (before, rest) = page.split_once(&link).unwrap_or_else(|| panic!("no link to {file}"));
    let (between, rest) = rest.split_once("```yaml\n").unwrap_or_else(|| panic!("no block behind the link to {file}"));
    let after = match rest.strip_prefix("```") {
        Some(after) => after,
        None => rest.split_once("\n```").unwrap_or_else(|| panic!("the block of {file} has no end")).1,
    };
    format!("{before}{link}{between}```yaml\n{yaml}```{after}")
}
