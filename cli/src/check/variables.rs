//! The values of environment variables, as far as they can be known before the proxy starts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::plugin::Environment;
use crate::environment;
use crate::failure::Failure;

/// Where values come from.
#[derive(Debug)]
pub(crate) enum Values {
    /// The file, then the environment of this process.
    Known(BTreeMap<String, String>),
    /// Whatever they are: everything else is checked.
    Skipped,
}

impl Values {
    /// Lines of NAME=value; blank lines, `#` comments, `export` and one pair of quotes are understood.
    ///
    /// # Errors
    ///
    /// What could not be read; never what stands there.
    pub(crate) fn from_file(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error| Failure::io(format_args!("cannot read {}", path.display()), &error);
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let mut known = BTreeMap::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = line.strip_prefix("export ").unwrap_or(line);
            let (name, value) = line.split_once('=').ok_or_else(|| {
                Failure::new(format!("{} line {} is not of the form NAME=value", path.display(), index + 1))
            })?;
            known.insert(name.trim_end().to_owned(), unquoted(value.trim()).to_owned());
        }
        Ok(Self::Known(known))
    }

    /// What the VM of a plugin will be told. A variable that does not reach it is reported by itself, so it is not
    /// missed here once more.
    pub(crate) fn of(&self, passed: &Environment, name: &str) -> Option<String> {
        let Self::Known(known) = self else { return Some(stand_in(name)) };
        if let Some(value) = passed.inline.get(name) {
            return Some(value.clone());
        }
        if passed.known && !passed.from_host.contains(name) {
            return Some(stand_in(name));
        }
        known.get(name).cloned().or_else(|| environment::variable(name))
    }
}

/// Fits as a key and as a token, and is another one for each name.
fn stand_in(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(name))
}

fn unquoted(value: &str) -> &str {
    let strip = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    strip('"').or_else(|| strip('\'')).unwrap_or(value)
}
