//! Files as they come: JSON, YAML with one or many documents, or something that claims to be one of them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use crate::failure::Failure;

/// What a file holds.
#[derive(Debug)]
pub(crate) enum Source {
    /// One JSON text, and its bytes as they were: what they say twice is lost in the value.
    Json(Value, Vec<u8>),
    /// Begins like a JSON object and is none.
    Torn(Vec<u8>),
    Yaml(Vec<Value>),
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
///
/// What could not be read; for YAML where it breaks off, never what stands there.
pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
    let shown = path.display();
    let bytes = bytes(path).map_err(|error| Failure::io(format_args!("cannot read {shown}"), &error))?;
    let looks_like_json = bytes.trim_ascii_start().first().is_some_and(|first| *first == b'{');
    if looks_like_json && let Ok(value) = serde_json::from_slice(&bytes) {
        return Ok(Source::Json(value, bytes));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(format!("{shown} is not UTF-8 text")))?;
    match serde_saphyr::from_multiple::<Value>(text) {
        Ok(documents) if documents.is_empty() => Err(Failure::new(format!("{shown} is empty"))),
        Ok(documents) => Ok(Source::Yaml(documents)),
        Err(_) if looks_like_json => Ok(Source::Torn(bytes)),
        Err(error) => {
            let place = error.location().map(|at| format!(" from line {}, column {} on", at.line(), at.column()));
            Err(Failure::new(format!("{shown} is neither JSON nor YAML{}", place.unwrap_or_default())))
        }
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path)?),
    };
    let mut bytes = Vec::new();
    source.take(LIMIT + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= LIMIT) {
        true => Ok(bytes),
        false => Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 64 MiB")),
    }
}

/// A `config_dump` of a large mesh has some 20 MiB.
const LIMIT: u64 = 64 << 20;
