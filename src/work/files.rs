//! A folder of playbooks and a folder of texts, read from the disk within limits.
//!
//! Files and folders that begin with a dot are left out, and so is what a link leads to outside of its folder: whoever may write a
//! playbook must not read the rest of the disk with it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::playbook::{Sources, yaml};

/// More files than this in a set are not playbooks but a mistake in a path.
const MAX_FILES: usize = 1_000;
/// Bytes of all files of a set together.
const MAX_SET_BYTES: usize = 5 * 1024 * 1024;
/// Folders within folders.
const MAX_DEPTH: usize = 8;
/// What playbooks end in.
const ENDINGS: [&str; 2] = [".yaml", ".yml"];
/// What transcript tests end in, which stand beside the playbooks.
const TEST_ENDINGS: [&str; 2] = [".test.yaml", ".test.yml"];

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder, or the named file, can't be looked into.
    #[error("`{path}` can't be read: {why}")]
    Unreadable {
        /// As shown.
        path: String,
        /// The system's words.
        why: io::Error,
    },
    /// Too many files.
    #[error("`{0}` holds more than {MAX_FILES} files; is it the right folder?")]
    TooMany(String),
    /// Too many bytes.
    #[error("the playbooks and texts have more than 5 MiB together; is `{0}` the right folder?")]
    TooLarge(String),
}

/// A file that stays out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The file, as shown.
    pub path: String,
    /// Why it can't be read.
    pub why: String,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Folder {
    /// The files.
    pub sources: Sources,
    /// Files that stay out. A set with such a file is not whole.
    pub troubles: Vec<Trouble>,
    /// The real path of each playbook with the one it is shown by, so that none is read twice by two names.
    known: Vec<(PathBuf, String)>,
    /// Bytes so far.
    bytes: usize,
}

/// Reads both folders whole, or not at all. Without a folder of texts there are no texts in files.
pub fn read_sources(playbooks: &Path, templates: &Path) -> Result<Sources, Error> {
    let mut folder = read_folder(playbooks, templates)?;
    match folder.troubles.pop() {
        Some(Trouble { path, why }) => Err(Error::Unreadable { path, why: io::Error::other(why) }),
        None => Ok(folder.sources),
    }
}

/// Reads what can be read of both folders.
pub fn read_folder(playbooks: &Path, templates: &Path) -> Result<Folder, Error> {
    let mut folder = Folder::default();
    for file in find(playbooks, is_playbook)? {
        folder.add_playbook(&file, playbooks)?;
    }
    folder.add_templates(templates)?;
    Ok(folder)
}

impl Folder {
    /// Adds one playbook, unless it is there already, and answers with the path it is shown by.
    pub fn add_playbook(&mut self, file: &Path, within: &Path) -> Result<String, Error> {
        let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        if let Some((_, path)) = self.known.iter().find(|(known, _)| *known == real) {
            return Ok(path.clone());
        }
        let path = shown(file);
        if let Some(text) = self.read(file, within)? {
            self.sources.playbooks.push((path.clone(), text));
        }
        self.known.push((real, path.clone()));
        Ok(path)
    }

    /// Adds a folder of texts, if it is there.
    fn add_templates(&mut self, templates: &Path) -> Result<(), Error> {
        if !templates.is_dir() {
            return Ok(());
        }
        let mut texts = BTreeMap::new();
        for file in find(templates, |_| true)? {
            let name = file.strip_prefix(templates).unwrap_or(&file).to_string_lossy().into_owned();
            if let Some(text) = self.read(&file, templates)? {
                texts.insert(name, text);
            }
        }
        self.sources.templates = texts;
        Ok(())
    }

    /// The text of a file inside a folder; none, and a trouble, if it has none for us.
    fn read(&mut self, file: &Path, within: &Path) -> Result<Option<String>, Error> {
        let text = match read_within(file, within) {
            Ok(text) => text,
            Err(why) => {
                self.troubles.push(Trouble { path: shown(file), why });
                return Ok(None);
            }
        };
        self.bytes += text.len();
        if self.bytes > MAX_SET_BYTES {
            return Err(Error::TooLarge(shown(within)));
        }
        Ok(Some(text))
    }
}

/// Whether a file is a playbook by its name.
pub fn is_playbook(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending)) && !is_test(name)
}

/// Whether a file holds transcript tests by its name.
pub fn is_test(name: &str) -> bool {
    TEST_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The files at or below a path whose names are wanted, in order of path. A file that is named itself is asked for its name as well:
/// `playbooks/*.yaml` names tests, too.
pub fn find(path: &Path, wanted: fn(&str) -> bool) -> Result<Vec<PathBuf>, Error> {
    if path.is_file() {
        let is_wanted = path.file_name().is_some_and(|name| wanted(&name.to_string_lossy()));
        return Ok(if is_wanted { vec![path.to_owned()] } else { Vec::new() });
    }
    let mut found = Vec::new();
    look_into(path, wanted, MAX_DEPTH, &mut found)?;
    if found.len() > MAX_FILES {
        return Err(Error::TooMany(shown(path)));
    }
    found.sort();
    Ok(found)
}

/// Looks into a folder and those below it.
fn look_into(folder: &Path, wanted: fn(&str) -> bool, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let unreadable = |why| Error::Unreadable { path: shown(folder), why };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(unreadable)?;
        if name.starts_with('.') {
            continue;
        }
        // A link to a folder is not followed: it may lead back up.
        if kind.is_dir() && depth > 0 {
            look_into(&entry.path(), wanted, depth - 1, found)?;
        } else if !kind.is_dir() && wanted(&name) && !entry.path().is_dir() {
            found.push(entry.path());
        }
        // Enough to know that it is too much.
        if found.len() > MAX_FILES {
            break;
        }
    }
    Ok(())
}

/// The text of a file that is really inside a folder, links followed.
fn read_within(file: &Path, folder: &Path) -> Result<String, String> {
    let real = |path: &Path| path.canonicalize().map_err(|why| why.to_string());
    let target = real(file)?;
    if !target.starts_with(real(folder)?) {
        return Err("it is a link that leads out of its folder".to_owned());
    }
    read_text(&target)
}

/// The text of a file, one byte more than a playbook may have at most: that it is too large is for the reader of YAML to say.
pub fn read_text(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let open = File::open(file).map_err(|why| why.to_string())?;
    open.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|why| why.to_string())?;
    // The limit may fall inside a character.
    if bytes.len() > yaml::MAX_BYTES {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// A path as messages show it: from the working folder where it is below it.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    let path = path.strip_prefix(".").unwrap_or(path);
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        folder
    }

    #[test]
    fn playbooks_are_told_from_tests_and_other_files() {
        let folder = folder(&[
            ("playbooks/b.yaml", "b"),
            ("playbooks/a.yml", "a"),
            ("playbooks/a.test.yaml", "t"),
            ("playbooks/.draft.yaml", "d"),
            ("playbooks/notes.txt", "n"),
            ("playbooks/deep/c.yaml", "c"),
            ("templates/x/offer.txt", "hi"),
        ]);
        let read = read_folder(&folder.path().join("playbooks"), &folder.path().join("templates")).unwrap();
        let texts: Vec<&str> = read.sources.playbooks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["a", "b", "c"]);
        assert_eq!(read.sources.templates.get("x/offer.txt").map(String::as_str), Some("hi"));
        assert_eq!(read.troubles, []);
    }

    #[test]
    fn links_out_of_the_folder_and_bytes_that_are_no_text_stay_out() {
        // As mounted folders of settings look: the files are links into a hidden folder beside them.
        let folder = folder(&[("playbooks/a.yaml", "a"), ("playbooks/.data/c.yaml", "c"), ("secret.yaml", "s")]);
        let playbooks = folder.path().join("playbooks");
        std::os::unix::fs::symlink(folder.path().join("secret.yaml"), playbooks.join("b.yaml")).unwrap();
        std::os::unix::fs::symlink(playbooks.join(".data/c.yaml"), playbooks.join("c.yaml")).unwrap();
        std::os::unix::fs::symlink(folder.path(), playbooks.join("up")).unwrap();
        fs::write(playbooks.join("d.yaml"), [0xff, 0xfe]).unwrap();
        let read = read_folder(&playbooks, &folder.path().join("templates")).unwrap();
        assert_eq!(read.sources.playbooks.len(), 2);
        let whys: Vec<&str> = read.troubles.iter().map(|trouble| trouble.why.as_str()).collect();
        assert_eq!(whys, ["it is a link that leads out of its folder", "it is not UTF-8 text"]);
        // A daemon takes the folder whole or not at all.
        assert!(read_sources(&playbooks, &folder.path().join("templates")).is_err());
    }

    #[test]
    fn a_folder_that_is_not_there_and_one_that_is_too_full() {
        let folder = folder(&[]);
        assert!(matches!(read_sources(&folder.path().join("none"), folder.path()), Err(Error::Unreadable { .. })));
        for number in 0..=MAX_FILES {
            fs::write(folder.path().join(format!("{number}.yaml")), "").unwrap();
        }
        assert!(matches!(find(folder.path(), is_playbook), Err(Error::TooMany(_))));
    }

    #[test]
    fn too_large_a_file_is_read_far_enough_to_be_refused() {
        let folder = folder(&[("a.yaml", &"é".repeat(yaml::MAX_BYTES))]);
        assert!(read_text(&folder.path().join("a.yaml")).unwrap().len() > yaml::MAX_BYTES);
    }
}
