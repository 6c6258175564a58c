//! Lookups: pseudonyms of a name for somebody who does not have the key, and only once it is on the disk that they were given.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, StatusCode};
use oidc_audit::record::NamedKey;
use oidc_audit::record::evidence::SigningKey;
use oidc_audit::record::verify::{Content, MAX_PSEUDONYMS, Statement};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::line::{Digest, Kind, Line, RecordId};
use super::parse_tokens;
use super::token::Tokens;
use crate::failure::Failure;
use crate::pseudonym::{self, Found};
use crate::redact::reason;
use crate::{clock, key};

/// Whether the collector answers lookups, and whose.
#[derive(clap::Args, Debug)]
pub(crate) struct Wanted {
    /// Answer `oidc-audit lookup` with the pseudonym secrets of this environment file; may be repeated. Every answer is a line
    /// signed with --key, durable before it is given.
    #[arg(long, value_name = "FILE", requires_all = ["key", "lookup_token_file"], help_heading = "Lookups")]
    pseudonym_key: Vec<PathBuf>,

    /// A file with the bearer token of those who may look people up, another one than that of the proxies. With TLS they must show
    /// a certificate too.
    #[arg(long, value_name = "FILE", requires = "pseudonym_key", help_heading = "Lookups")]
    lookup_token_file: Option<PathBuf>,
}

/// What a connection shows of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tls {
    /// Certificates of both sides.
    Mutual,
    None,
    OfServer,
}

/// Answers lookups. Its secrets are in no output.
pub(crate) struct Lookups {
    keys: Vec<NamedKey>,
    signer: SigningKey,
    tokens: Tokens,
    tls: Tls,
}

/// The client certificate of a connection, by its SHA-256: no name in it is believed here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Peer(String);

/// What is asked; anything else in it is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: String,
    issuer: Option<String>,
    #[serde(default, rename = "as")]
    kinds: Vec<pseudonym::Kind>,
    reason: String,
}

/// Pseudonyms, and the line that must be on the disk before they are answered.
pub(crate) struct Looked {
    pub(crate) answer: Value,
    pub(crate) line: Line,
}

/// Why nothing is looked up: a status, and what to say.
pub(crate) type Refusal = (StatusCode, &'static str);

impl Wanted {
    /// What answers lookups, where that is wanted. Over TLS whoever asks must show a certificate.
    ///
    /// # Errors
    ///
    /// A file cannot be read or holds no such secret, there are more of them than one statement can hold, or strangers could ask.
    pub(crate) fn open(&self, key: Option<&Path>, tls: Tls) -> Result<Option<Lookups>, Failure> {
        let (Some(key), Some(path)) = (key, &self.lookup_token_file) else { return Ok(None) };
        if tls == Tls::OfServer {
            return Err(Failure::new("lookups over TLS need client certificates")
                .hint("give --client-ca, an authority of those who may look people up"));
        }
        let unreadable = |error| Failure::io(format_args!("cannot read {}", path.display()), &error);
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let tokens = parse_tokens(&text, &path.display().to_string())?;
        Lookups::new(&self.pseudonym_key, key::signing(key)?, tokens, tls).map(Some)
    }
}

impl Lookups {
    fn new(files: &[PathBuf], signer: SigningKey, tokens: Tokens, tls: Tls) -> Result<Self, Failure> {
        let keys = key::all_pseudonyms(files)?;
        if keys.len() > MAX_KEYS {
            return Err(Failure::new(format!(
                "{} pseudonym secrets are more than the {MAX_KEYS} of a lookup",
                keys.len()
            )));
        }
        Ok(Self { keys, signer, tokens, tls })
    }

    /// Looks somebody up for whoever has the token; over TLS also a client certificate is asked for.
    ///
    /// # Errors
    ///
    /// [`Refusal`]. Nothing in it comes from the request.
    pub(crate) async fn look_up(&self, request: Request<Incoming>) -> Result<Looked, Refusal> {
        if request.method() != Method::POST {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "lookups are asked for by POST"));
        }
        if !self.tokens.admit(request.headers().get(AUTHORIZATION).map(|value| value.as_bytes())) {
            return Err((StatusCode::UNAUTHORIZED, "the bearer token of lookups is needed"));
        }
        let who = match (request.extensions().get::<Peer>(), self.tls) {
            (Some(Peer(digest)), _) => format!("sha256:{digest}"),
            (None, Tls::None) => "loopback".to_owned(),
            (None, _) => return Err((StatusCode::FORBIDDEN, "a client certificate is needed")),
        };
        let body = Limited::new(request.into_body(), MAX_BODY).collect().await;
        let body = body.map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or broke off"))?;
        let asked = serde_json::from_slice(&body.to_bytes()).map_err(|_| (StatusCode::BAD_REQUEST, SHAPE))?;
        self.answer(&asked, who)
    }

    fn answer(&self, asked: &Asked, who: String) -> Result<Looked, Refusal> {
        if reason(&asked.reason).is_err() {
            return Err((StatusCode::BAD_REQUEST, "reason: 1 to 200 characters"));
        }
        if !pseudonym::is_name(&asked.name) {
            return Err((StatusCode::BAD_REQUEST, "name: 1 to 2048 bytes"));
        }
        let found = pseudonym::search(&self.keys, &asked.kinds, asked.issuer.as_deref(), &asked.name);
        let found =
            found.map_err(|_| (StatusCode::BAD_REQUEST, "subject identifiers and user names need their issuer"))?;
        let pseudonyms = found.iter().map(|Found { value, .. }| value.clone()).collect();
        let content = Content::Lookup { pseudonyms, reason: asked.reason.clone(), who };
        let text = Statement::sign(&content, clock::now(), &self.signer);
        let id = serde_json::from_str::<Value>(&text).ok().and_then(|line| line.get("id").cloned());
        let mut answer = pseudonym::encode(&found);
        if let Some(members) = answer.as_object_mut() {
            members.insert("statement".to_owned(), id.unwrap_or_default());
        }
        Ok(Looked { answer, line: line(text) })
    }
}

impl Peer {
    /// Of a certificate in DER.
    pub(crate) fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").field("keys", &self.keys.len()).field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// A statement has no number in a stream; the store tells lines apart by one that its own digest makes.
fn line(text: String) -> Line {
    let bytes = Bytes::from(text);
    let stream = Sha256::digest(&bytes).iter().take(16).fold(0, |stream: u128, byte| (stream << 8) | u128::from(*byte));
    Line { id: RecordId { stream, kind: Kind::Record, number: 1 }, digest: Digest::of(&bytes), bytes, number: 1 }
}

/// Four kinds of names with each.
const MAX_KEYS: usize = MAX_PSEUDONYMS / 4;
/// A name, an issuer and a reason, with every character escaped.
const MAX_BODY: usize = 32 * 1024;
const SHAPE: &str = "expected {\"name\":…,\"issuer\":…,\"as\":[…],\"reason\":…}; issuer and as may be missing";
pub(crate) const PATH: &str = "/lookup";
