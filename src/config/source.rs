//! Where the settings stand: a file that was named, the nearest one, or the sample that is compiled in.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::{Error, Problem};
use crate::work::files::shown;

/// What the settings file is called.
pub const FILE: &str = "bridged.yaml";

/// The annotated sample at the root of the project: what trials and checks go by where no settings file is.
pub const SAMPLE: &str = include_str!("../../bridged.yaml");

/// Settings as written, and the folder their paths begin at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file; none for what is built in.
    pub file: Option<PathBuf>,
    /// Paths in the settings are relative to this.
    pub root: PathBuf,
    /// What messages call it.
    pub(super) shown: String,
    /// The YAML.
    pub(super) text: Cow<'static, str>,
}

impl Source {
    /// A file that must exist.
    pub fn named(file: &Path) -> Result<Source, Error> {
        let problem =
            |why: std::io::Error| Error { problems: vec![Problem { at: shown(file), sentence: format!("the settings can't be read: {why}") }] };
        let text = std::fs::read_to_string(file).map_err(problem)?;
        let file = std::path::absolute(file).map_err(problem)?;
        let root = file.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Source { shown: shown(&file), root, file: Some(file), text: text.into() })
    }

    /// The file in a folder, if there is one.
    pub fn in_folder(folder: &Path) -> Result<Option<Source>, Error> {
        let file = folder.join(FILE);
        if file.exists() { Source::named(&file).map(Some) } else { Ok(None) }
    }

    /// The nearest file at or above a path.
    pub fn nearest(path: &Path) -> Result<Option<Source>, Error> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // `..` in the middle would make the walk upwards go down.
        let path = path.canonicalize().unwrap_or(path);
        for folder in path.ancestors().filter(|folder| folder.is_dir()) {
            if let Some(source) = Source::in_folder(folder)? {
                return Ok(Some(source));
            }
        }
        Ok(None)
    }

    /// The sample, as if it stood in a folder.
    pub fn sample(root: &Path) -> Source {
        Source { file: None, root: root.to_owned(), shown: "built-in settings".to_owned(), text: SAMPLE.into() }
    }

    /// No settings but the defaults and the environment.
    pub fn empty(root: &Path) -> Source {
        Source { file: None, root: root.to_owned(), shown: "settings".to_owned(), text: "{}".into() }
    }
}
