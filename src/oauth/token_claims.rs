//! Claims of ID tokens and access tokens (OIDC Core §2, RFC 9068 §2.2), each read on its own: an odd one hides no other.

use std::borrow::Cow;

use super::checks::{self, Companions};
use super::json::{Json, Object};
use super::jwt;
use super::links::{Links, octets};
use super::messages::Actor;
use super::observation::{
    AccessToken, IdToken, IdentityClaim, IdentityKind, LinkRole, PresentedToken, Subject, TokenChecks, TokenFormat,
    Trust,
};
use super::signature::SignatureCheck;
use crate::seen::{Malformation, Seen};

/// Bytes of a claim; the record cuts it further.
const CLAIM: usize = 8 * 1024;

/// Audiences, methods (PROTOCOL §2.9).
const ITEMS: usize = 16;

/// Words of `scope` (PROTOCOL §2.9).
const SCOPES: usize = 64;

/// Names of claims (PROTOCOL §2.9).
const NAMES: usize = 64;

/// Actors of one token.
const ACTORS: usize = 8;

/// What of a token goes into links and the subject.
#[derive(Debug, Default)]
pub(super) struct Claims {
    claims: Object<'static>,
    /// The token is not encrypted, and yet its payload could not be read: no JSON object, too deep or too long.
    unreadable: bool,
}

/// An ID token or a hint; its signature is not looked at ([`Scene::id_token`](super::scene::Scene::id_token)). `None` where it is no JWT; then it is malformed.
pub(super) fn read_id_token<'a>(token: &[u8], trust: Trust) -> Option<(IdToken<'a>, Claims)> {
    let jwt = jwt::read(token)?;
    let unreadable = jwt.claims.is_none() && !jwt.encrypted;
    let claims = jwt.claims.unwrap_or_default();
    let id_token = IdToken {
        encrypted: jwt.encrypted,
        alg: jwt.header.text("alg", 64),
        kid: jwt.header.text("kid", CLAIM),
        iss: claims.text("iss", CLAIM),
        sub: claims.text("sub", CLAIM),
        aud: claims.texts("aud", ITEMS),
        azp: claims.text("azp", CLAIM),
        exp: claims.date("exp"),
        iat: claims.date("iat"),
        auth_time: claims.date("auth_time"),
        acr: claims.text("acr", CLAIM),
        amr: claims.texts("amr", ITEMS),
        identity: identity(&claims),
        email_verified: claims.boolean("email_verified"),
        phone_number_verified: claims.boolean("phone_number_verified"),
        claim_names: claims.names(NAMES),
        typ: jwt.header.text("typ", 64),
        key_references: KEY_REFERENCES.into_iter().filter(|name| jwt.header.has(name)).collect(),
        lenient: jwt.lenient,
        signature: SignatureCheck::default(),
        checks: TokenChecks::default(),
        trust: Some(trust),
    };
    Some((id_token, Claims { claims, unreadable }))
}

/// An access token from outside, and its claims where it is a readable JWT.
pub(super) fn read_access_token<'a>(token: &[u8]) -> (AccessToken<'a>, Option<Claims>) {
    let Some(jwt) = jwt::read(token) else {
        return (AccessToken { format: Some(TokenFormat::Opaque), ..AccessToken::default() }, None);
    };
    let format = Some(if jwt.encrypted { TokenFormat::Jwe } else { TokenFormat::Jwt });
    let Some(claims) = jwt.claims else { return (AccessToken { format, ..AccessToken::default() }, None) };
    let cnf = confirmations(&claims);
    let (claim_names, exp) = (claims.names(NAMES), claims.date("exp"));
    let access_token = AccessToken { format, claim_names, exp, cnf, presented: None };
    (access_token, Some(Claims { claims, unreadable: false }))
}

/// An access token that a caller presented, with what it says of itself. `refused`: what a server did not accept is shown
/// by its header and issuer alone, or anybody could write records in another user's name (PROTOCOL §1.9).
pub(super) fn read_presented<'a>(token: &[u8], refused: bool) -> (AccessToken<'a>, Option<Claims>) {
    let (access_token, claims) = read_access_token(token);
    let Some(jwt) = jwt::read(token) else { return (access_token, claims) };
    let empty = Object::default();
    let said = claims.as_ref().map_or(&empty, |claims| &claims.claims);
    let mut presented = PresentedToken {
        alg: jwt.header.text("alg", 64),
        kid: jwt.header.text("kid", CLAIM),
        iss: said.text("iss", CLAIM),
        ..PresentedToken::default()
    };
    if refused {
        let presented = Some(Box::new(presented));
        return (AccessToken { format: access_token.format, presented, ..AccessToken::default() }, None);
    }
    presented.typ = jwt.header.text("typ", 64);
    presented.aud = said.texts("aud", ITEMS);
    presented.scope = scope(said);
    presented.iat = said.date("iat");
    presented.acr = said.text("acr", CLAIM);
    presented.auth_time = said.date("auth_time");
    presented.trust = Some(Trust::Unverified);
    (AccessToken { presented: Some(Box::new(presented)), ..access_token }, claims)
}

/// `scope` of RFC 9068 §2.2.3, one text; `scp` of others, a text or a list.
fn scope<'a>(claims: &Object<'a>) -> Seen<Vec<Cow<'a, str>>> {
    let name = if claims.has("scope") { "scope" } else { "scp" };
    let words =
        |text: &str| text.split(' ').filter(|word| !word.is_empty()).map(|word| Cow::Owned(word.to_owned())).collect();
    match claims.text(name, CLAIM) {
        Seen::Present(text) => Seen::Present(words(&text)),
        Seen::Malformed(Malformation::Type) => claims.texts(name, SCOPES),
        other => other.map(|_| Vec::new()),
    }
}

/// How a token is bound to its holder (RFC 7800 §3.1, RFC 8705 §3.1, RFC 9449 §6.1).
pub(super) fn confirmations(claims: &Object<'_>) -> Vec<&'static str> {
    let bound = |member: &&str| claims.object("cnf").is_some_and(|cnf| cnf.has(member));
    ["jkt", "x5t#S256"].into_iter().filter(bound).collect()
}

/// The claims that name a person (PROTOCOL §5.4).
pub(super) fn identity<'a>(claims: &Object<'a>) -> Vec<IdentityClaim<'a>> {
    let kinds: [(IdentityKind, &[&str]); 3] = [
        (IdentityKind::Email, &["email"]),
        (IdentityKind::PhoneNumber, &["phone_number"]),
        (IdentityKind::PreferredUsername, &["preferred_username", "upn", "unique_name", "cognito:username"]),
    ];
    let read = kinds.into_iter().filter_map(|(kind, names)| {
        let value = names.iter().find_map(|name| claims.text(name, CLAIM).present())?;
        Some(IdentityClaim { kind, value })
    });
    read.collect()
}

/// At most 64 names of claims.
pub(super) fn names<'a>(claims: &Object<'a>) -> Vec<Cow<'a, str>> {
    claims.names(NAMES)
}

/// Members of a JOSE header that name or carry a key (RFC 7515 §4.1): a verifier that follows them trusts the sender.
pub(super) const KEY_REFERENCES: [&str; 4] = ["jku", "jwk", "x5c", "x5u"];

impl Claims {
    /// What the claims say beside what came with the token.
    pub(super) fn check(&self, alg: &str, token: &[u8], with: &Companions<'_>) -> TokenChecks {
        let signature = token.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        checks::check(&self.claims, alg, signature, with)
    }

    /// A member of `cnf` (RFC 7800 §3.1): `jkt`, `x5t#S256`.
    pub(super) fn confirmation(&self, member: &str) -> Seen<Cow<'static, str>> {
        self.claims.object("cnf").map_or(Seen::Absent, |cnf| cnf.text(member, CLAIM))
    }

    /// Whether its claims cannot be read, though it is not encrypted.
    pub(super) fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// `iss`
    pub(super) fn issuer(&self) -> Option<Cow<'static, str>> {
        self.claims.text("iss", CLAIM).present()
    }

    /// The client that an access token was issued to: `client_id` (RFC 9068 §2.2), or a vendor's name for it.
    pub(super) fn client(&self) -> Seen<Cow<'static, str>> {
        let names = ["client_id", "azp", "appid", "cid"];
        let found = names.iter().map(|name| self.claims.text(name, CLAIM)).find(|id| !id.is_absent());
        found.unwrap_or_default()
    }

    /// A claim that is a text.
    pub(super) fn text(&self, claim: &str) -> Seen<Cow<'static, str>> {
        self.claims.text(claim, CLAIM)
    }

    /// Names of the members of `events` (RFC 8417 §2.2): URIs.
    pub(super) fn events<'a>(&self) -> Vec<Cow<'a, str>> {
        self.claims.object("events").map(|events| events.names(ITEMS)).unwrap_or_default()
    }

    /// The subject identifier of a security event (RFC 9493): `sub_id`, or `subject` of the first event, or the user of a
    /// subject that has several parts (CAEP 1.0 §2).
    pub(super) fn event_subject(&self) -> Option<Object<'static>> {
        let of_event = || {
            let events = self.claims.object("events")?;
            events.members().find_map(|(_, event)| match event {
                Json::Object(event) => event.object("subject"),
                _ => None,
            })
        };
        let found = self.claims.object("sub_id").or_else(of_event)?;
        Some(found.object("user").unwrap_or(found).clone())
    }

    /// Whom the token is about, where it says so.
    pub(super) fn subject<'a>(&self, trust: Trust) -> Option<Subject<'a>> {
        let sub = self.claims.text("sub", CLAIM);
        (!sub.is_absent()).then(|| Subject { issuer: self.issuer(), sub, trust })
    }

    /// RFC 8693 §4.1: who acts, the current actor first, at most 8; those below are as the token says and no more.
    pub(super) fn actors<'a>(&self) -> Vec<Actor<'a>> {
        let mut actors = Vec::new();
        let mut next = self.claims.object("act");
        while let Some(actor) = next.filter(|_| actors.len() < ACTORS) {
            let issuer = actor.text("iss", CLAIM).present().or_else(|| self.issuer());
            actors.push(Actor { client_id: actor.text("client_id", CLAIM), issuer, sub: actor.text("sub", CLAIM) });
            next = actor.object("act");
        }
        actors
    }

    /// RFC 8693 §4.4
    pub(super) fn may_act(&self) -> bool {
        self.claims.has("may_act")
    }

    /// Links of the claims `nonce`, `sid`, `sub`, `jti`; what is scoped by the issuer takes `fallback` where the token
    /// names none, and is left out where neither does.
    pub(super) fn link<'a>(&self, links: &mut Links<'a>, names: &ClaimNames, fallback: Option<&Cow<'a, str>>) {
        if let Some(token) = names.token.filter(|_| self.unreadable) {
            links.note_if_malformed(token, &NOT_A_JWT);
        }
        if let Some(name) = names.nonce {
            links.add(LinkRole::Nonce, name, self.octets("nonce"));
        }
        let scope = self.issuer().or_else(|| fallback.cloned());
        for (role, claim, name) in
            [(LinkRole::Sid, "sid", names.sid), (LinkRole::Sub, "sub", names.sub), (LinkRole::Jti, "jti", names.jti)]
        {
            match (&scope, name) {
                (Some(scope), Some(name)) => links.add_scoped(role, name, scope.clone(), self.octets(claim)),
                (None, Some(name)) => links.note_if_malformed(name, &self.octets(claim)),
                (_, None) => {}
            }
        }
    }

    fn octets<'a>(&self, claim: &str) -> Seen<Cow<'a, [u8]>> {
        self.claims.text(claim, CLAIM).map(octets)
    }
}

/// Under which names malformed claims are recorded; `None` for claims that are not to be linked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClaimNames {
    /// The token itself, where it must have claims that can be read.
    pub(super) token: Option<&'static str>,
    pub(super) nonce: Option<&'static str>,
    pub(super) sid: Option<&'static str>,
    pub(super) sub: Option<&'static str>,
    pub(super) jti: Option<&'static str>,
}

/// Of an ID token.
pub(super) const OF_ID_TOKEN: ClaimNames = ClaimNames {
    token: Some("response.id_token"),
    nonce: Some("id_token.nonce"),
    sid: Some("id_token.sid"),
    sub: Some("id_token.sub"),
    jti: Some("id_token.jti"),
};

/// Of a hint: it joins by itself, its session and its subject (PROTOCOL §3.5).
pub(super) const OF_HINT: ClaimNames = ClaimNames {
    token: Some("request.id_token_hint"),
    nonce: None,
    sid: Some("id_token.sid"),
    sub: Some("id_token.sub"),
    jti: None,
};

/// Of an access token beside an ID token: the ID token speaks for the person.
pub(super) const OF_SECOND_TOKEN: ClaimNames =
    ClaimNames { token: None, nonce: None, sid: None, sub: None, jti: Some("token.jti") };

/// Of an access token alone.
pub(super) const OF_ACCESS_TOKEN: ClaimNames =
    ClaimNames { token: None, nonce: None, sid: Some("token.sid"), sub: Some("token.sub"), jti: Some("token.jti") };

/// What is not a JWT where one must be.
pub(super) const NOT_A_JWT: Seen<()> = Seen::Malformed(Malformation::Type);

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn jws(claims: &str) -> String {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        format!("{}.{}.c2ln", part(r#"{"alg":"RS256","kid":"1"}"#), part(claims))
    }

    #[test]
    fn an_odd_claim_hides_no_other() {
        let token = jws(
            r#"{"iss":"https://idp.test","sub":42,"aud":"web","exp":"soon","iat":1768469400.5,"amr":["pwd",7],"auth_time":1,
            "email":"jane@example.com","upn":"jane","email_verified":"true","nonce":"n","sid":"s"}"#,
        );
        let (id_token, claims) = read_id_token(token.as_bytes(), Trust::Direct).unwrap();
        assert_eq!(id_token.sub, Seen::Malformed(Malformation::Type));
        assert_eq!(id_token.exp, Seen::Malformed(Malformation::Type));
        assert_eq!(id_token.iat, Seen::Present(1_768_469_400));
        assert_eq!(id_token.amr, Seen::Malformed(Malformation::Type));
        assert_eq!(id_token.aud, Seen::Present(vec!["web".into()]));
        assert_eq!(id_token.email_verified, Seen::Present(true));
        let kinds: Vec<_> = id_token.identity.iter().map(|claim| claim.kind).collect();
        assert_eq!(kinds, [IdentityKind::Email, IdentityKind::PreferredUsername]);
        let mut links = Links::default();
        claims.link(&mut links, &OF_ID_TOKEN, None);
        let roles: Vec<_> = links.list.iter().map(|link| (link.role, link.scope.as_ref())).collect();
        assert_eq!(roles, [(LinkRole::Nonce, ""), (LinkRole::Sid, "https://idp.test")]);
        assert_eq!(links.malformed, [("id_token.sub", Malformation::Type)]);
    }

    #[test]
    fn claims_that_cannot_be_read_are_no_secret() {
        let (_, claims) = read_id_token(jws("[1]").as_bytes(), Trust::Direct).unwrap();
        let mut links = Links::default();
        claims.link(&mut links, &OF_ID_TOKEN, None);
        assert_eq!(links.malformed, [("response.id_token", Malformation::Type)]);
    }

    #[test]
    fn an_encrypted_id_token_shows_its_header_only() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
        let (id_token, claims) = read_id_token(format!("{header}.a.b.c.d").as_bytes(), Trust::Direct).unwrap();
        assert!(id_token.encrypted && id_token.claim_names.is_empty());
        assert_eq!(id_token.alg, Seen::Present("RSA-OAEP".into()));
        assert!(claims.subject(Trust::Direct).is_none());
    }

    #[test]
    fn a_bound_access_token_says_how() {
        let (token, claims) = read_access_token(jws(r#"{"cnf":{"jkt":"x"},"exp":5,"jti":"j"}"#).as_bytes());
        assert_eq!((token.format, token.cnf, token.exp), (Some(TokenFormat::Jwt), vec!["jkt"], Seen::Present(5)));
        let mut links = Links::default();
        claims.unwrap().link(&mut links, &OF_ACCESS_TOKEN, Some(&Cow::Borrowed("I")));
        assert_eq!(links.list.len(), 1);
        assert_eq!(read_access_token(b"opaque").0.format, Some(TokenFormat::Opaque));
    }

    proptest! {
        #[test]
        fn no_claims_panic(claims in "\\PC{0,80}", token in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (read_id_token(jws(&claims).as_bytes(), Trust::Direct), read_id_token(&token, Trust::Unverified));
            let _ = (read_access_token(jws(&claims).as_bytes()), read_access_token(&token));
        }
    }
}
