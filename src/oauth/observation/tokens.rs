//! Tokens from outside, what they claim, and how that stands beside the rest of their message.

use std::borrow::Cow;

use super::super::signature::SignatureCheck;
use super::Trust;
use crate::seen::Seen;

/// A JWT that carries a message or an authentication, from outside: JAR, JARM, client assertion. Of a JWE nothing but the
/// header is readable.
#[derive(Clone, Debug, Default)]
pub struct SignedMessage<'a> {
    /// Five parts.
    pub encrypted: bool,
    /// JOSE header `alg`.
    pub alg: Seen<Cow<'a, str>>,
    /// JOSE header `enc` of a JWE.
    pub enc: Seen<Cow<'a, str>>,
    /// JOSE header `kid`.
    pub kid: Seen<Cow<'a, str>>,
    /// JOSE header `typ`.
    pub typ: Seen<Cow<'a, str>>,
    /// Members of the JOSE header that point to a key or carry one: `jku`, `jwk`, `x5c`, `x5u`.
    pub key_references: Vec<&'static str>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `aud`, one or many.
    pub aud: Seen<Vec<Cow<'a, str>>>,
    /// `exp` in seconds since the epoch.
    pub exp: Seen<u64>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// `nbf` in seconds since the epoch.
    pub nbf: Seen<u64>,
    /// Whether it has a `jti`.
    pub jti: bool,
    /// Whether a key of its sender signed it.
    pub signature: SignatureCheck,
    /// What its claims say beside the message.
    pub checks: TokenChecks,
}

/// A DPoP proof (RFC 9449 §4.2). Its signature is not checked, and its age is the rules' to judge.
#[derive(Debug, Default)]
pub struct DpopProof<'a> {
    /// JOSE header `alg`; malformed where the field is no JWT, or was sent twice.
    pub alg: Seen<Cow<'a, str>>,
    /// `ath`, with the access token of the request; `None` where it carries none.
    pub ath: Option<Comparison>,
    /// The key, with that which the access token is bound to; `None` where that is not known.
    pub bound: Option<Comparison>,
    /// `htm`, with the method.
    pub htm: Option<Comparison>,
    /// `htu`, with authority and path.
    pub htu: Option<Comparison>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// Whether it has a `jti`.
    pub jti: bool,
    /// JOSE header `jwk`: a public key, or wrong.
    pub jwk: Option<Comparison>,
    /// Whether it has a `nonce`.
    pub nonce: bool,
    /// JOSE header `typ`.
    pub typ: Option<Comparison>,
}

impl DpopProof<'_> {
    /// The comparisons that were made, by the member of the proof, in the order of the names.
    pub fn made(&self) -> impl Iterator<Item = (&'static str, Comparison)> {
        let all = [
            ("ath", self.ath),
            ("bound", self.bound),
            ("htm", self.htm),
            ("htu", self.htu),
            ("jwk", self.jwk),
            ("typ", self.typ),
        ];
        all.into_iter().filter_map(|(member, verdict)| Some((member, verdict?)))
    }
}

/// An access token, from outside. The token itself is a [`Link`](super::Link).
#[derive(Debug, Default)]
pub struct AccessToken<'a> {
    /// What it looks like.
    pub format: Option<TokenFormat>,
    /// Names of the claims of a JWT, at most 64.
    pub claim_names: Vec<Cow<'a, str>>,
    /// `exp` of a JWT in seconds since the epoch.
    pub exp: Seen<u64>,
    /// How the token is bound to its holder (`cnf` members: `jkt`, `x5t#S256`).
    pub cnf: Vec<&'static str>,
    /// What a presented JWT says of itself.
    pub presented: Option<Box<PresentedToken<'a>>>,
}

/// What a JWT says that somebody presented (RFC 9068 §2.2). Anybody can write one.
#[derive(Debug, Default)]
pub struct PresentedToken<'a> {
    /// JOSE header `alg`.
    pub alg: Seen<Cow<'a, str>>,
    /// JOSE header `kid`.
    pub kid: Seen<Cow<'a, str>>,
    /// JOSE header `typ`.
    pub typ: Seen<Cow<'a, str>>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `aud`, one or many.
    pub aud: Seen<Vec<Cow<'a, str>>>,
    /// The words of `scope` or `scp`.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// `acr`
    pub acr: Seen<Cow<'a, str>>,
    /// `auth_time` in seconds since the epoch.
    pub auth_time: Seen<u64>,
    /// What that rests on.
    pub trust: Option<Trust>,
}

impl AccessToken<'_> {
    /// Whether nothing of its claims can be read.
    #[must_use]
    pub fn hides_claims(&self) -> bool {
        matches!(self.format, Some(TokenFormat::Jwe | TokenFormat::Opaque))
    }
}

/// What a token looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenFormat {
    /// Five base64url parts.
    Jwe,
    /// Three base64url parts.
    Jwt,
    /// Anything else.
    Opaque,
}

/// The ID token's claims, each read on its own (OIDC Core §2).
#[derive(Debug, Default)]
pub struct IdToken<'a> {
    /// Five parts: nothing but the header is readable.
    pub encrypted: bool,
    /// JOSE header `alg`.
    pub alg: Seen<Cow<'a, str>>,
    /// JOSE header `kid`.
    pub kid: Seen<Cow<'a, str>>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `sub`: personal data.
    pub sub: Seen<Cow<'a, str>>,
    /// `aud`, one or many.
    pub aud: Seen<Vec<Cow<'a, str>>>,
    /// `azp`
    pub azp: Seen<Cow<'a, str>>,
    /// `exp` in seconds since the epoch.
    pub exp: Seen<u64>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// `auth_time` in seconds since the epoch.
    pub auth_time: Seen<u64>,
    /// `acr`
    pub acr: Seen<Cow<'a, str>>,
    /// `amr`
    pub amr: Seen<Vec<Cow<'a, str>>>,
    /// Claims that identify a person: personal data.
    pub identity: Vec<IdentityClaim<'a>>,
    /// `email_verified`
    pub email_verified: Seen<bool>,
    /// `phone_number_verified`
    pub phone_number_verified: Seen<bool>,
    /// Names of all claims, sorted, at most 64.
    pub claim_names: Vec<Cow<'a, str>>,
    /// JOSE header `typ`.
    pub typ: Seen<Cow<'a, str>>,
    /// Members of the JOSE header that point to a key or carry one: `jku`, `jwk`, `x5c`, `x5u`.
    pub key_references: Vec<&'static str>,
    /// It was read although its base64url is not that of RFC 7515 §2: padding, or the other alphabet.
    pub lenient: bool,
    /// Whether a key of its issuer signed it.
    pub signature: SignatureCheck,
    /// What its claims say beside the message that it came in.
    pub checks: TokenChecks,
    /// Where it came from.
    pub trust: Option<Trust>,
}

/// What the claims of a token say beside what came with it; `None` where there is nothing to compare with. None of it
/// was enforced by anybody.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TokenChecks {
    /// `at_hash`, with the access token of the same response (OIDC Core §3.1.3.6).
    pub at_hash: Option<Comparison>,
    /// `aud`, with the client.
    pub aud: Option<Comparison>,
    /// `azp`, with the client; missing only beside several audiences.
    pub azp: Option<Comparison>,
    /// `c_hash`, with the code of the same response (OIDC Core §3.3.2.11).
    pub c_hash: Option<Comparison>,
    /// `exp`: wrong where it is not after `iat`. Whether it has passed is not looked at.
    pub exp: Option<Comparison>,
    /// `iss`, with the issuer whose endpoint this is.
    pub iss: Option<Comparison>,
    /// `nonce`, with the request of the same exchange; else it is a link.
    pub nonce: Option<Comparison>,
    /// `s_hash`, with the state of the same response (FAPI 1.0 Part 2 §5.1.1).
    pub s_hash: Option<Comparison>,
}

impl TokenChecks {
    /// Those that were made, by the name of the claim, in the order of the names.
    pub fn made(&self) -> impl Iterator<Item = (&'static str, Comparison)> {
        let all = [
            ("at_hash", self.at_hash),
            ("aud", self.aud),
            ("azp", self.azp),
            ("c_hash", self.c_hash),
            ("exp", self.exp),
            ("iss", self.iss),
            ("nonce", self.nonce),
            ("s_hash", self.s_hash),
        ];
        all.into_iter().filter_map(|(claim, verdict)| Some((claim, verdict?)))
    }
}

/// What a comparison gave.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Comparison {
    /// It was not sent.
    Missing,
    /// It is what it must be.
    Right,
    /// It cannot be compared: an algorithm that is not built in.
    Unchecked,
    /// It is something else.
    Wrong,
}

impl Comparison {
    /// The word that a record uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Right => "right",
            Self::Unchecked => "unchecked",
            Self::Wrong => "wrong",
        }
    }
}

/// A claim that names a person (PROTOCOL §5.4, class "PII identifier").
#[derive(Debug)]
pub struct IdentityClaim<'a> {
    /// Which.
    pub kind: IdentityKind,
    /// Its value.
    pub value: Cow<'a, str>,
}

/// PROTOCOL §5.4.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum IdentityKind {
    /// `email`
    Email,
    /// `phone_number`
    PhoneNumber,
    /// `preferred_username`, `upn`, `unique_name`, `cognito:username`: whichever was sent first.
    PreferredUsername,
}
