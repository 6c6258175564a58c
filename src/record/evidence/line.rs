//! A checkpoint as a line of its batch: the compact JWS, and what a store needs to find it.
//!
//! Every other member follows from the claims. A line that says otherwise is none: there is one line per JWS.

use std::fmt;

use serde_json::Value;

use super::checkpoint::Checkpoint;
use super::claims::{self, ClaimsError};
use super::jws::{Jws, JwsError};
use crate::record::canonical;
use crate::time::Timestamp;

/// A line that was read: what it says, still to be verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CheckpointLine {
    /// The claims.
    pub checkpoint: Checkpoint,
    /// The compact JWS that carries them.
    pub jws: String,
}

/// Why a line is no checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LineError {
    /// Its claims are not those of a checkpoint.
    Claims(ClaimsError),
    /// The member `jws` is not as the format says.
    Jws(JwsError),
    /// It is JSON, and not the object that its JWS demands: another event, another id, another time, more members.
    Mismatch,
    /// It is no JSON object with a text `jws`, or over [`MAX_LINE`] bytes.
    NotACheckpoint,
}

impl CheckpointLine {
    /// Reads one line without its line end: the canonical text of a checkpoint, byte by byte.
    ///
    /// # Errors
    ///
    /// [`LineError`].
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let read = if text.len() > MAX_LINE { None } else { serde_json::from_str::<Value>(text).ok() };
        let value = read.filter(Value::is_object).ok_or(LineError::NotACheckpoint)?;
        let line = Self::read(&value)?;
        if line.text() == text { Ok(line) } else { Err(LineError::Mismatch) }
    }

    /// Reads a line that a store gave back as fields: members of the store's own are passed over.
    ///
    /// # Errors
    ///
    /// [`LineError`].
    pub fn read(value: &Value) -> Result<Self, LineError> {
        let member = |name: &str| value.get(name).and_then(Value::as_str);
        let line = Self::of(member("jws").ok_or(LineError::NotACheckpoint)?)?;
        let own = line.members();
        let same = own.iter().all(|(name, text)| member(name) == Some(text));
        if same { Ok(line) } else { Err(LineError::Mismatch) }
    }

    /// The line of a compact JWS, which is not verified.
    ///
    /// # Errors
    ///
    /// [`LineError`]: what the text is not.
    pub fn of(jws: &str) -> Result<Self, LineError> {
        let jws = Some(jws).filter(|jws| jws.len() <= MAX_LINE).ok_or(LineError::NotACheckpoint)?;
        let parsed = Jws::parse(jws).map_err(LineError::Jws)?;
        let checkpoint = claims::parse(&parsed.payload).map_err(LineError::Claims)?;
        Ok(Self { checkpoint, jws: jws.to_owned() })
    }

    /// The canonical text, without line end.
    #[must_use]
    pub fn text(&self) -> String {
        write(&self.checkpoint, &self.jws)
    }

    /// The JWS in its parts. `None` is impossible for a line that was read.
    #[must_use]
    pub fn signed(&self) -> Option<Jws<'_>> {
        Jws::parse(&self.jws).ok()
    }

    fn members(&self) -> [(&'static str, String); 5] {
        members(&self.checkpoint, &self.jws)
    }
}

/// The line of a checkpoint: its members in the order of their names, none of which needs an escape.
pub(super) fn write(checkpoint: &Checkpoint, jws: &str) -> String {
    let members = members(checkpoint, jws).into_iter().map(|(name, text)| (name.to_owned(), Value::String(text)));
    canonical::encode(&Value::Object(members.collect()))
}

fn members(checkpoint: &Checkpoint, jws: &str) -> [(&'static str, String); 5] {
    [
        ("event", EVENT.to_owned()),
        ("id", checkpoint.id()),
        ("jws", jws.to_owned()),
        ("schema", SCHEMA.to_owned()),
        ("ts", time(checkpoint.issued)),
    ]
}

/// The claim `iat` as records write times.
fn time(issued: Timestamp) -> String {
    issued.rfc3339_millis()
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims(error) => error.fmt(f),
            Self::Jws(error) => error.fmt(f),
            Self::Mismatch => f.write_str("members that its JWS does not demand"),
            Self::NotACheckpoint => f.write_str("no checkpoint"),
        }
    }
}

impl std::error::Error for LineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Claims(error) => Some(error),
            Self::Jws(error) => Some(error),
            Self::Mismatch | Self::NotACheckpoint => None,
        }
    }
}

/// Member `event` of a checkpoint's line.
pub const EVENT: &str = "audit.checkpoint";
/// Bytes of a line: the limit of a record's.
pub const MAX_LINE: usize = canonical::MAX_RECORD;
const SCHEMA: &str = "oidc-audit/1";
