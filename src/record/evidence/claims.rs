//! Claims of a checkpoint as canonical JSON, and back.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::checkpoint::{Certificate, Checkpoint, Covered, Head, Kind, LEAF_PREFIX, Loss, Opening};
use super::hash::{Digest, octets};
use super::key::PublicKey;
use super::skew::Skew;
use crate::record::audit::StopReason;
use crate::record::batch::StreamId;
use crate::record::canonical;
use crate::record::notes::MAX_INTEGER;
use crate::time::Timestamp;

/// The claim that is missing, has another form, or contradicts another claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClaimsError(pub &'static str);

/// Canonical JSON of the claims: the payload of the JWS.
pub(super) fn encode(checkpoint: &Checkpoint) -> String {
    let mut claims = Claims::default();
    claims.number("v", VERSION);
    claims.text("str", checkpoint.stream.to_string());
    claims.number("n", checkpoint.number);
    claims.text("knd", checkpoint.kind.as_str());
    claims.texts([("iss", &checkpoint.domain), ("grp", &checkpoint.group)]);
    claims.number("ep", checkpoint.epoch);
    if let Some(covered) = &checkpoint.covered {
        claims.number("first", covered.first);
        claims.number("last", covered.last);
        claims.number("cnt", covered.count());
        claims.text("root", covered.root.to_string());
        claims.text("lvs", URL_SAFE_NO_PAD.encode(&covered.leaves));
    }
    claims.number("tot", checkpoint.total);
    if let Some(previous) = checkpoint.previous {
        claims.text("prev", previous.to_string());
    }
    claims.number("iat", checkpoint.issued.as_micros());
    if let Some(uptime) = checkpoint.uptime {
        claims.number("mono", uptime);
    }
    claims.number("nb", checkpoint.promise);
    claims.number("pend", checkpoint.pending);
    let dropped = checkpoint.dropped.iter().map(|(name, count)| (name.clone(), (*count).min(MAX_INTEGER).into()));
    claims.some("drop", Value::Object(dropped.collect()));
    claims.some("loss", checkpoint.losses.iter().map(loss).collect());
    claims.some("skew", checkpoint.skews.iter().map(Skew::claim).collect());
    claims.some("sib", checkpoint.siblings.iter().map(head).collect());
    claims.keys(checkpoint);
    if let Some(Opening { config, build }) = &checkpoint.opening {
        claims.text("cfg", config.as_str());
        claims.text("bin", build.as_str());
        claims.text("alg_h", HASH);
        claims.text("can", CANONICAL);
    }
    if let Some(end) = checkpoint.end {
        claims.text("end", end.as_str());
    }
    canonical::encode(&Value::Object(claims.0))
}

/// Reads claims from canonical JSON. Claims that later versions add are passed over.
///
/// # Errors
///
/// [`ClaimsError`] with the first claim that is not as the format says.
pub(super) fn parse(payload: &str) -> Result<Checkpoint, ClaimsError> {
    let value: Value = serde_json::from_str(payload).map_err(|_| ClaimsError("v"))?;
    let claims = Read(value.as_object().ok_or(ClaimsError("v"))?);
    if claims.number("v")? != VERSION {
        return Err(ClaimsError("v"));
    }
    let number = claims.number("n")?;
    let kind = claims.word("knd", &|word| Kind::ALL.into_iter().find(|kind| kind.as_str() == word))?;
    if (kind == Kind::Open) != (number == 0) {
        return Err(ClaimsError("knd"));
    }
    let previous = claims.option("prev", &|claims, name| claims.word(name, &digest))?;
    if previous.is_some() != (number > 0) {
        return Err(ClaimsError("prev"));
    }
    let text = |claims: &Read<'_>, name| claims.word(name, &|text| Some(text.to_owned()));
    let end = claims.option("end", &|claims, name| {
        claims.word(name, &|word| {
            [StopReason::Reload, StopReason::Shutdown].into_iter().find(|reason| reason.as_str() == word)
        })
    })?;
    if end.is_some() != (kind == Kind::Close) && kind != Kind::Open {
        return Err(ClaimsError("end"));
    }
    Ok(Checkpoint {
        stream: claims.word("str", &StreamId::parse)?,
        number,
        kind,
        domain: claims.option("iss", &text)?,
        group: claims.option("grp", &text)?,
        epoch: claims.number("ep")?,
        covered: claims.covered()?,
        total: claims.number("tot")?,
        previous,
        issued: Timestamp::from_micros(claims.number("iat")?),
        uptime: claims.option("mono", &Read::number)?,
        promise: claims.number("nb")?,
        pending: claims.number("pend")?,
        dropped: claims.dropped()?,
        losses: claims.list("loss", &read_loss)?,
        skews: claims.list("skew", &read_skew)?,
        siblings: claims.list("sib", &read_head)?,
        opening: claims.opening()?,
        next_key: claims.next_key()?,
        certificate: claims.option("crt", &|claims, name| read_certificate(claims.object(name)?))?,
        end,
    })
}

#[derive(Default)]
struct Claims(Map<String, Value>);

impl Claims {
    fn number(&mut self, name: &str, number: u64) {
        self.0.insert(name.to_owned(), number.min(MAX_INTEGER).into());
    }

    fn text(&mut self, name: &str, text: impl Into<String>) {
        self.some(name, Value::String(text.into()));
    }

    fn texts(&mut self, texts: [(&str, &Option<String>); 2]) {
        for (name, text) in texts {
            self.text(name, text.as_deref().unwrap_or_default());
        }
    }

    /// Unless it is empty: the format has no empty values.
    fn some(&mut self, name: &str, value: Value) {
        let empty = match &value {
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::String(text) => text.is_empty(),
            Value::Bool(_) | Value::Null | Value::Number(_) => false,
        };
        if !empty {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn keys(&mut self, checkpoint: &Checkpoint) {
        if let Some(key) = checkpoint.next_key {
            let mut jwk = Self::default();
            jwk.text("crv", "Ed25519");
            jwk.text("kty", "OKP");
            jwk.text("x", key.to_string());
            self.0.insert(
                "cnf".to_owned(),
                Value::Object([("jwk".to_owned(), Value::Object(jwk.0))].into_iter().collect()),
            );
        }
        if let Some(certificate) = &checkpoint.certificate {
            let mut crt = Self::default();
            crt.text("kid", certificate.kid.to_string());
            crt.text("sig", URL_SAFE_NO_PAD.encode(certificate.signature));
            crt.text("x", certificate.key.to_string());
            self.0.insert("crt".to_owned(), Value::Object(crt.0));
        }
    }
}

fn loss(loss: &Loss) -> Value {
    let pairs = |ranges: &[(u64, u64)]| ranges.iter().map(|(first, last)| Value::from(vec![*first, *last])).collect();
    let mut members = Claims::default();
    members.text("sink", loss.sink.as_str());
    members.text("why", loss.why.as_str());
    members.some("ranges", pairs(&loss.records));
    members.some("cps", pairs(&loss.checkpoints));
    Value::Object(members.0)
}

fn head(head: &Head) -> Value {
    let mut members = Claims::default();
    members.text("str", head.stream.to_string());
    members.number("n", head.number);
    members.text("h", head.digest.to_string());
    Value::Object(members.0)
}

/// Members of an object, each read on its own.
#[derive(Clone, Copy)]
struct Read<'a>(&'a Map<String, Value>);

impl<'a> Read<'a> {
    fn number(&self, name: &'static str) -> Result<u64, ClaimsError> {
        let number = self.0.get(name).and_then(Value::as_u64);
        number.filter(|number| *number <= MAX_INTEGER).ok_or(ClaimsError(name))
    }

    fn word<T>(&self, name: &'static str, read: &dyn Fn(&str) -> Option<T>) -> Result<T, ClaimsError> {
        let text = self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.and_then(read).ok_or(ClaimsError(name))
    }

    fn option<T>(
        &self,
        name: &'static str,
        read: &dyn Fn(&Self, &'static str) -> Result<T, ClaimsError>,
    ) -> Result<Option<T>, ClaimsError> {
        if self.0.contains_key(name) { read(self, name).map(Some) } else { Ok(None) }
    }

    fn object(&self, name: &'static str) -> Result<Read<'a>, ClaimsError> {
        self.0.get(name).and_then(Value::as_object).map(Read).ok_or(ClaimsError(name))
    }

    fn list<T>(
        &self,
        name: &'static str,
        read: &dyn Fn(Read<'_>) -> Result<T, ClaimsError>,
    ) -> Result<Vec<T>, ClaimsError> {
        let Some(value) = self.0.get(name) else { return Ok(Vec::new()) };
        let items = value.as_array().filter(|items| !items.is_empty()).ok_or(ClaimsError(name))?;
        let item = |item: &Value| item.as_object().ok_or(ClaimsError(name)).and_then(|object| read(Read(object)));
        items.iter().map(item).collect()
    }

    fn covered(&self) -> Result<Option<Covered>, ClaimsError> {
        if !["first", "last", "cnt", "root", "lvs"].iter().any(|name| self.0.contains_key(*name)) {
            return Ok(None);
        }
        let (first, last, count) = (self.number("first")?, self.number("last")?, self.number("cnt")?);
        let consistent = first >= 1 && last.checked_sub(first).and_then(|more| more.checked_add(1)) == Some(count);
        if !consistent {
            return Err(ClaimsError("cnt"));
        }
        let leaves = self.word("lvs", &|text| URL_SAFE_NO_PAD.decode(text).ok())?;
        let each = u64::try_from(leaves.len()).ok().filter(|_| leaves.len().is_multiple_of(LEAF_PREFIX));
        if each.map(|bytes| bytes / LEAF_PREFIX as u64) != Some(count) {
            return Err(ClaimsError("lvs"));
        }
        Ok(Some(Covered { first, last, root: self.word("root", &digest)?, leaves }))
    }

    fn dropped(&self) -> Result<BTreeMap<String, u64>, ClaimsError> {
        if !self.0.contains_key("drop") {
            return Ok(BTreeMap::new());
        }
        let Read(members) = self.object("drop")?;
        let count =
            |(name, count): (&String, &Value)| Some((name.clone(), count.as_u64().filter(|n| *n <= MAX_INTEGER)?));
        members.iter().map(count).collect::<Option<_>>().ok_or(ClaimsError("drop"))
    }

    fn opening(&self) -> Result<Option<Opening>, ClaimsError> {
        if !["cfg", "bin", "alg_h", "can"].iter().any(|name| self.0.contains_key(*name)) {
            return Ok(None);
        }
        let text = |claims: &Self, name| claims.word(name, &|text| Some(text.to_owned()));
        let text = |name| self.option(name, &text).map(Option::unwrap_or_default);
        let fixed = |name, only: &'static str| self.word(name, &|text| (text == only).then_some(()));
        fixed("alg_h", HASH)?;
        fixed("can", CANONICAL)?;
        Ok(Some(Opening { config: text("cfg")?, build: text("bin")? }))
    }

    fn next_key(&self) -> Result<Option<PublicKey>, ClaimsError> {
        self.option("cnf", &|claims, name| {
            let jwk = claims.object(name)?.object("jwk").map_err(|_| ClaimsError(name))?;
            let fixed = |member, only: &'static str| jwk.word(member, &|text| (text == only).then_some(()));
            let (curve, kind) = (fixed("crv", "Ed25519"), fixed("kty", "OKP"));
            let key = jwk.word("x", &|text| PublicKey::parse(text).ok());
            curve.and(kind).and(key).map_err(|_| ClaimsError(name))
        })
    }
}

fn read_loss(members: Read<'_>) -> Result<Loss, ClaimsError> {
    let text = |name| members.word(name, &|text| Some(text.to_owned()));
    let ranges = |name| -> Result<Vec<(u64, u64)>, ClaimsError> {
        let Some(value) = members.0.get(name) else { return Ok(Vec::new()) };
        let items = value.as_array().filter(|items| !items.is_empty()).ok_or(ClaimsError("loss"))?;
        let range = |item: &Value| match item.as_array()?.as_slice() {
            [first, last] => Some((first.as_u64()?, last.as_u64()?)).filter(|(first, last)| first <= last),
            _ => None,
        };
        items.iter().map(range).collect::<Option<_>>().ok_or(ClaimsError("loss"))
    };
    Ok(Loss { sink: text("sink")?, why: text("why")?, records: ranges("ranges")?, checkpoints: ranges("cps")? })
}

fn read_skew(members: Read<'_>) -> Result<Skew, ClaimsError> {
    Skew::read(&Value::Object(members.0.clone())).ok_or(ClaimsError("skew"))
}

fn read_head(members: Read<'_>) -> Result<Head, ClaimsError> {
    let (stream, digest) = (members.word("str", &StreamId::parse)?, members.word("h", &digest)?);
    Ok(Head { stream, number: members.number("n")?, digest })
}

fn read_certificate(members: Read<'_>) -> Result<Certificate, ClaimsError> {
    Ok(Certificate {
        key: members.word("x", &|text| PublicKey::parse(text).ok())?,
        kid: members.word("kid", &digest)?,
        signature: members.word("sig", &octets)?,
    })
}

fn digest(text: &str) -> Option<Digest> {
    Digest::parse(text).ok()
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "claim {} is missing or not as the format says", self.0)
    }
}

impl std::error::Error for ClaimsError {}

/// Claim `v`. Another would be another format.
const VERSION: u64 = 1;
/// Claim `alg_h`: what leaves, nodes and chain are hashed with.
const HASH: &str = "sha-256";
/// Claim `can`: RFC 8785.
const CANONICAL: &str = "jcs";
