//! What operators and collectors sign: that a record was taken out, what of a store has expired, whose a stream's key is, and
//! that somebody was looked up (`docs/record-format.md`).

use serde_json::{Map, Value, json};

use crate::record::batch::StreamId;
use crate::record::canonical;
use crate::record::evidence::{Alg, Digest, Jws, MAX_LINE, PublicKey, SigningKey};
use crate::record::verify::problem::ProblemKind;
use crate::record::verify::trust::{Power, Trust};
use crate::record::verify::writers::SpiffeId;
use crate::time::Timestamp;

/// A signed statement, still to be believed.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it says.
    pub content: Content,
    /// When it was signed.
    pub issued: Timestamp,
    jws: String,
}

/// What is stated.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// A key of a stream, and who sent what it signs.
    Bound(Binding),
    /// Everything that was older than `before`.
    Expired {
        /// The time that was asked for.
        before: Timestamp,
        /// Of every stream that this touches, what is gone.
        streams: Vec<Expired>,
    },
    /// Pseudonyms of a name were given out; never the name.
    Lookup {
        /// What was given out, at most [`MAX_PSEUDONYMS`].
        pseudonyms: Vec<String>,
        /// Why: a ticket, of at most 200 characters.
        reason: String,
        /// Who asked: `sha256:` and the digest of a client certificate in hex, or `loopback`.
        who: String,
    },
    /// One record; its leaf stands for it.
    Redacted {
        /// Its stream.
        stream: StreamId,
        /// Its number.
        number: u64,
        /// Its leaf.
        leaf: Digest,
        /// Why.
        reason: String,
    },
}

/// Whose a key of an enrolled stream is: that of the workload which showed this id under mutual TLS.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Binding {
    /// The stream.
    pub stream: StreamId,
    /// The workload.
    pub writer: SpiffeId,
    /// The writer group that the stream claims.
    pub group: String,
    /// The key.
    pub key: PublicKey,
}

/// What of one stream has expired.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expired {
    /// The stream.
    pub stream: StreamId,
    /// The last checkpoint that has expired, and its digest; those before it have too.
    pub checkpoint: Option<(u64, Digest)>,
    /// The last record that has expired; 0 for none.
    pub last: u64,
}

impl Statement {
    /// Signs one; its line, canonical and without line end.
    #[must_use]
    pub fn sign(content: &Content, issued: Timestamp, key: &SigningKey) -> String {
        let jws = Jws::sign(&canonical::encode(&claims(content, issued)), key, content.typ());
        Self { content: content.clone(), issued, jws }.line()
    }

    /// Reads a line's members, every one of which follows from its `jws`. `None`: it is no statement.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        let jws = value.get("jws")?.as_str().filter(|jws| jws.len() <= MAX_LINE)?;
        let event = value.get("event")?.as_str()?;
        let kind = KINDS.into_iter().find(|(name, ..)| *name == event)?;
        let (_, typ, _) = kind;
        let parsed = Jws::parse_typed(jws, typ).ok()?;
        let claims: Value = serde_json::from_str(&parsed.payload).ok()?;
        let issued = Timestamp::from_micros(claims.get("iat")?.as_u64()?);
        let content = match kind {
            BOUND => read_bound(&claims)?,
            EXPIRED => read_expired(&claims)?,
            LOOKUP => read_lookup(&claims)?,
            _ => read_redacted(&claims)?,
        };
        let statement = Self { content, issued, jws: jws.to_owned() };
        let own = statement.members();
        own.iter().all(|(name, own)| value.get(name) == Some(own)).then_some(statement)
    }

    /// Whether it can be believed, or what is wrong with it.
    pub(super) fn judge(&self, trust: &Trust) -> Result<(), ProblemKind> {
        let jws = Jws::parse_typed(&self.jws, self.content.typ()).map_err(|_| ProblemKind::BadSignature)?;
        let Alg::Ed25519 { kid, .. } = jws.alg else { return Err(ProblemKind::BadSignature) };
        let key = trust.key(&kid).ok_or(ProblemKind::Untrusted)?;
        if !jws.is_signed_by(&key.key) {
            return Err(ProblemKind::BadSignature);
        }
        if key.may(self.content.kind().2, self.issued) { Ok(()) } else { Err(ProblemKind::WrongWriter) }
    }

    /// Of the line.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.content {
            Content::Bound(_) => format!("bound-{}", Digest::of(self.jws.as_bytes())),
            Content::Expired { .. } => format!("expired-{}", Digest::of(self.jws.as_bytes())),
            Content::Lookup { .. } => format!("lookup-{}", Digest::of(self.jws.as_bytes())),
            Content::Redacted { stream, number, .. } => format!("{stream}-{number}"),
        }
    }

    fn line(&self) -> String {
        canonical::encode(&Value::Object(self.members()))
    }

    fn members(&self) -> Map<String, Value> {
        let texts = [
            ("event", self.content.kind().0.to_owned()),
            ("id", self.id()),
            ("jws", self.jws.clone()),
            ("schema", "oidc-audit/1".to_owned()),
            ("ts", self.issued.rfc3339_millis()),
        ];
        texts.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
    }
}

impl Content {
    fn typ(&self) -> &'static str {
        self.kind().1
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Bound(_) => BOUND,
            Self::Expired { .. } => EXPIRED,
            Self::Lookup { .. } => LOOKUP,
            Self::Redacted { .. } => REDACTED,
        }
    }
}

fn claims(content: &Content, issued: Timestamp) -> Value {
    let at = issued.as_micros();
    match content {
        Content::Bound(Binding { stream, key, group, writer }) => {
            json!({"grp": group, "iat": at, "spiffe": writer.as_str(), "str": stream.to_string(), "v": 1, "x": key.to_string()})
        }
        Content::Expired { before, streams } => {
            let streams: Vec<Value> = streams.iter().map(expired).collect();
            json!({"before": before.as_micros(), "iat": at, "streams": streams, "v": 1})
        }
        Content::Lookup { pseudonyms, reason, who } => {
            json!({"iat": at, "ps": pseudonyms, "v": 1, "who": who, "why": reason})
        }
        Content::Redacted { stream, number, leaf, reason } => {
            json!({"iat": at, "leaf": leaf.to_string(), "num": number, "str": stream.to_string(), "v": 1, "why": reason})
        }
    }
}

fn expired(of: &Expired) -> Value {
    let stream = of.stream.to_string();
    match of.checkpoint {
        Some((number, digest)) => json!({"h": digest.to_string(), "last": of.last, "n": number, "str": stream}),
        None => json!({"last": of.last, "str": stream}),
    }
}

fn read_bound(claims: &Value) -> Option<Content> {
    let text = |name: &str| claims.get(name)?.as_str();
    let (stream, key) = (StreamId::parse(text("str")?)?, PublicKey::parse(text("x")?).ok()?);
    let (group, writer) = (text("grp")?.to_owned(), SpiffeId::parse(text("spiffe")?)?);
    is_first(claims).then_some(Content::Bound(Binding { stream, key, group, writer }))
}

fn read_expired(claims: &Value) -> Option<Content> {
    let read = |item: &Value| {
        let digest = item.get("h").map(|h| Digest::parse(h.as_str().unwrap_or_default()));
        let checkpoint = match (item.get("n"), digest) {
            (Some(number), Some(Ok(digest))) => Some((number.as_u64()?, digest)),
            (None, None) => None,
            _ => return None,
        };
        let stream = StreamId::parse(item.get("str")?.as_str()?)?;
        Some(Expired { stream, checkpoint, last: item.get("last")?.as_u64()? })
    };
    let streams = claims.get("streams")?.as_array()?.iter().map(read).collect::<Option<_>>()?;
    let before = Timestamp::from_micros(claims.get("before")?.as_u64()?);
    is_first(claims).then_some(Content::Expired { before, streams })
}

fn read_lookup(claims: &Value) -> Option<Content> {
    let text = |name: &str| Some(claims.get(name)?.as_str()?.to_owned());
    let given = claims.get("ps")?.as_array().filter(|given| (1..=MAX_PSEUDONYMS).contains(&given.len()))?;
    let pseudonyms = given.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    is_first(claims).then_some(Content::Lookup { pseudonyms, reason: text("why")?, who: text("who")? })
}

fn read_redacted(claims: &Value) -> Option<Content> {
    let text = |name: &str| claims.get(name)?.as_str();
    let stream = StreamId::parse(text("str")?)?;
    let number = claims.get("num")?.as_u64().filter(|number| *number > 0)?;
    let (leaf, reason) = (Digest::parse(text("leaf")?).ok()?, text("why")?.to_owned());
    is_first(claims).then_some(Content::Redacted { stream, number, leaf, reason })
}

fn is_first(claims: &Value) -> bool {
    claims.get("v").and_then(Value::as_u64) == Some(1)
}

/// Of one lookup, so that its line is no longer than any other.
pub const MAX_PSEUDONYMS: usize = 256;

/// Event, `typ`, and what a key must be allowed.
type Kind = (&'static str, &'static str, Power);

const BOUND: Kind = ("audit.bound", "oidc-audit-bound+jwt", Power::Bind);
const EXPIRED: Kind = ("audit.expired", "oidc-audit-expired+jwt", Power::Retain);
const LOOKUP: Kind = ("audit.lookup", "oidc-audit-lookup+jwt", Power::Lookup);
const REDACTED: Kind = ("audit.redacted", "oidc-audit-redacted+jwt", Power::Redact);
const KINDS: [Kind; 4] = [BOUND, EXPIRED, LOOKUP, REDACTED];
