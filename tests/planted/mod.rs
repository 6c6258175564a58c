//! Exchanges of the corpus with other secrets and other people in them: a canary in every position that holds either.
//!
//! What a position holds is told by its name: a parameter, a member of JSON, a claim of a token, a header field. Each name of
//! the corpus that holds a secret or a person is here; what is none of them stays as it is.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::mutate::Random;
use crate::support::fixture::{Exchange, Message};

/// In every secret, and in what no profile records of people; no record may hold it, however it is written.
pub(crate) const SECRET: &str = "canary";

/// In everything that names a person and may be recorded in some profile.
pub(crate) const PERSON: &str = "siskin-person";

/// In every name that somebody typed or sent along, which may be a password.
pub(crate) const TYPED: &str = "redwing-typed";

/// Of the person; too short of letters for the word.
pub(crate) const PHONE: &str = "41770557731";
pub(crate) const ADDRESS: &str = "203.0.113.77";
pub(crate) const NETWORK: &str = "203.0.113.0";

/// Plants in one fixture's exchanges; the same value becomes the same canary, so that what belongs together still does.
pub(crate) struct Planter<'t> {
    random: Random,
    /// Plants wherever it may, and leaves nothing to chance.
    everywhere: bool,
    planted: BTreeMap<(Kind, Vec<u8>), String>,
    tally: &'t mut BTreeMap<String, usize>,
}

/// What a position holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    Client,
    Description,
    Email,
    Name,
    Phone,
    Redirect,
    Secret,
    Subject,
    Typed,
    /// `ui_locales` and its like.
    Word,
}

/// Where a name stands: some mean something else there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Json,
    Parameter,
}

impl<'t> Planter<'t> {
    pub(crate) fn new(seed: u64, everywhere: bool, tally: &'t mut BTreeMap<String, usize>) -> Self {
        Self { random: Random::new(seed), everywhere, planted: BTreeMap::new(), tally }
    }

    pub(crate) fn exchange(&mut self, exchange: &mut Exchange) {
        let request = &mut exchange.request;
        request.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("x-forwarded-for"));
        request.fields.push(("x-forwarded-for".to_owned(), ADDRESS.into()));
        request.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("user-agent"));
        request.fields.push(("user-agent".to_owned(), format!("{PERSON}/1.0").into_bytes()));
        if let Some(at) = request.start.1.iter().position(|byte| *byte == b'?') {
            let query = self.pairs(&request.start.1.split_off(at + 1));
            request.start.1.extend(query);
        }
        self.message(request);
        if let Some(response) = &mut exchange.response {
            self.message(response);
        }
    }

    fn message(&mut self, message: &mut Message) {
        for (name, value) in &mut message.fields {
            match name.to_ascii_lowercase().as_str() {
                "authorization" => self.authorization(value),
                "cookie" => *value = self.cookies(value),
                "location" => self.location(value),
                "www-authenticate" => described(value),
                "set-cookie" => *value = self.set_cookie(value),
                _ => {}
            }
        }
        let media = message.field("content-type").unwrap_or_default().to_ascii_lowercase();
        let is = |part: &str| String::from_utf8_lossy(&media).contains(part);
        if message.body.is_empty() {
        } else if is("x-www-form-urlencoded") {
            message.body = self.pairs(&message.body);
        } else if is("json") {
            self.json_text(&mut message.body);
        } else {
            self.tokens(&mut message.body);
            described(&mut message.body);
        }
    }

    /// Parameters of a query, a fragment or a form.
    fn pairs(&mut self, text: &[u8]) -> Vec<u8> {
        let mut pairs: Vec<Vec<u8>> = text.split(|byte| *byte == b'&').map(|pair| self.pair(pair)).collect();
        if self.random.below(4) == 0 {
            let (one, other) = (self.random.below(pairs.len()), self.random.below(pairs.len()));
            pairs.swap(one, other);
        }
        if text.windows(15).any(|part| part == b"post_logout_red") {
            pairs.push(self.pair(b"logout_hint=jane"));
        }
        if self.random.below(16) == 0 {
            pairs.push(pairs[self.random.below(pairs.len())].clone());
        }
        pairs.join(&b'&')
    }

    fn pair(&mut self, pair: &[u8]) -> Vec<u8> {
        let Some(at) = pair.iter().position(|byte| *byte == b'=') else { return pair.to_vec() };
        let (name, value) = (decoded(&pair[..at]), decoded(&pair[at + 1..]));
        let name = String::from_utf8_lossy(&name).into_owned();
        match self.value(&name, &value, Place::Parameter) {
            Some(new) => [&pair[..=at], escaped(&new).as_bytes()].concat(),
            None => pair.to_vec(),
        }
    }

    fn json_text(&mut self, body: &mut Vec<u8>) {
        if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
            self.json("", &mut value);
            *body = value.to_string().into_bytes();
        }
    }

    fn json(&mut self, name: &str, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(new) = self.value(name, text.as_bytes(), Place::Json) {
                    *text = new;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(name, item)),
            Value::Object(members) => self.members(members),
            _ => {}
        }
    }

    fn members(&mut self, members: &mut Map<String, Value>) {
        for (name, value) in members.iter_mut() {
            self.json(name, value);
        }
        if (members.contains_key("sub") || members.contains_key("redirect_uris")) && self.chance(4) {
            // a claim that is called like somebody
            members.insert(format!("{PERSON}-claim"), Value::from(SECRET));
        }
        if members.contains_key("email") {
            members.entry("phone_number").or_insert_with(|| Value::from(format!("+{PHONE}")));
        }
    }

    /// The new value of a position; `None` where it stays.
    fn value(&mut self, name: &str, value: &[u8], place: Place) -> Option<String> {
        if let Some(token) = self.token(value) {
            return Some(token);
        }
        let kind = kind(name, value, place)?;
        *self.tally.entry(name.to_owned()).or_default() += 1;
        if let Some(known) = self.planted.get(&(kind, value.to_vec())) {
            return Some(known.clone());
        }
        let new = self.canary(kind, value);
        self.planted.insert((kind, value.to_vec()), new.clone());
        Some(new)
    }

    fn canary(&mut self, kind: Kind, value: &[u8]) -> String {
        let tail = self.tail();
        match kind {
            Kind::Client if !self.chance(4) => String::from_utf8_lossy(value).into_owned(),
            Kind::Client => format!("{PERSON}-app"),
            Kind::Description => match self.random.below(3) {
                0 => format!("no account of {PERSON}"),
                1 => format!("unknown: ann@{PERSON}.example, {ADDRESS}"),
                // what the corpus marks, because `minimal` keeps nothing of it
                _ => String::from_utf8_lossy(value).replace(SECRET, PERSON),
            },
            Kind::Email => format!("ann.{PERSON}@{PERSON}.example"),
            Kind::Name => format!("{PERSON}{}", self.random.below(10)),
            Kind::Phone => format!("+{PHONE}"),
            Kind::Redirect if !self.chance(4) => String::from_utf8_lossy(value).into_owned(),
            Kind::Redirect => {
                let (base, query) = cut(value, b'?');
                let query = query.map(|query| format!("&{}", String::from_utf8_lossy(&query))).unwrap_or_default();
                format!("{}/{PERSON}?{PERSON}=1{query}", String::from_utf8_lossy(&base))
            }
            Kind::Secret if value.starts_with(b"urn:ietf:params:oauth:request_uri:") => {
                format!("urn:ietf:params:oauth:request_uri:{SECRET}-{tail}")
            }
            Kind::Secret => format!("{SECRET}-{tail}"),
            Kind::Subject if self.random.below(5) == 0 => format!("{PERSON}@{PERSON}.example"),
            Kind::Subject => format!("{PERSON}-{}", self.random.below(1000)),
            // a password in the wrong field, with and without what makes it look like an address
            Kind::Typed => match self.random.below(3) {
                0 => format!("{TYPED}@{tail}"),
                1 => format!("{TYPED}@{}.example", self.random.below(100)),
                _ => format!("{TYPED}{tail}"),
            },
            Kind::Word => PERSON.to_owned(),
        }
    }

    /// One in so many.
    fn chance(&mut self, of: usize) -> bool {
        self.everywhere || self.random.below(of) == 0
    }

    /// Characters of secrets and of passwords.
    fn tail(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCXYZabcxyz0123456789-._~+/=@!$ ";
        (0..8 + self.random.below(60)).map(|_| char::from(LETTERS[self.random.below(LETTERS.len())])).collect()
    }

    /// A JWS with other claims and a signature that is a secret.
    fn token(&mut self, text: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(text).ok()?;
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, _] = parts.as_slice() else { return None };
        let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        self.json("", &mut claims);
        Some(format!("{header}.{}.{SECRET}-signature", URL_SAFE_NO_PAD.encode(claims.to_string())))
    }

    /// The tokens in a page, or the one that is the body.
    fn tokens(&mut self, body: &mut Vec<u8>) {
        let Ok(text) = std::str::from_utf8(body) else { return };
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let words: Vec<String> =
            text.split(|letter| !is_part(letter)).filter(|word| word.starts_with("eyJ")).map(str::to_owned).collect();
        let mut text = text.to_owned();
        for word in words {
            if let Some(token) = self.token(word.as_bytes()) {
                text = text.replace(&word, &token);
            }
        }
        *body = text.into_bytes();
    }

    fn authorization(&mut self, value: &mut Vec<u8>) {
        let Some(at) = value.iter().position(|byte| *byte == b' ') else { return };
        let (scheme, credentials) = (value[..at].to_ascii_lowercase(), value[at + 1..].to_vec());
        let new = match scheme.as_slice() {
            b"basic" => {
                let Ok(pair) = STANDARD.decode(&credentials) else { return };
                let Some(colon) = pair.iter().position(|byte| *byte == b':') else { return };
                let secret = self.value("client_secret", &pair[colon + 1..], Place::Parameter).unwrap_or_default();
                STANDARD.encode([&pair[..=colon], escaped(&secret).as_bytes()].concat())
            }
            _ => match self.token(&credentials) {
                Some(token) => token,
                None => escaped(&self.value("access_token", &credentials, Place::Parameter).unwrap_or_default()),
            },
        };
        value.truncate(at + 1);
        value.extend(new.bytes());
    }

    fn cookies(&mut self, value: &[u8]) -> Vec<u8> {
        let one = |pair: &[u8]| self.cookie(pair);
        value.split(|byte| *byte == b';').map(one).collect::<Vec<_>>().join(&b';')
    }

    fn set_cookie(&mut self, value: &[u8]) -> Vec<u8> {
        let at = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
        let (pair, attributes) = value.split_at(at);
        [&self.cookie(pair), attributes].concat()
    }

    fn cookie(&mut self, pair: &[u8]) -> Vec<u8> {
        match pair.iter().position(|byte| *byte == b'=') {
            Some(at) if pair.len() > at + 1 => {
                let new = self.value("cookie", &pair[at + 1..], Place::Parameter).unwrap_or_default();
                [&pair[..=at], escaped(&new).as_bytes()].concat()
            }
            _ => pair.to_vec(),
        }
    }

    fn location(&mut self, value: &mut Vec<u8>) {
        let (rest, fragment) = cut(value, b'#');
        let (base, query) = cut(&rest, b'?');
        let mut new = base;
        let leads_back =
            fragment.iter().chain(&query).any(|part| part.starts_with(b"code=") || part.starts_with(b"error="));
        if leads_back && self.chance(2) {
            new.extend(format!("/{PERSON}?{PERSON}=1").bytes());
        }
        for (mark, part) in [(b'?', query), (b'#', fragment)] {
            if let Some(part) = part {
                new.push(mark);
                new.extend(self.pairs(&part));
            }
        }
        *value = new;
    }
}

/// Descriptions of errors in text of another form: the corpus marks them, because `minimal` keeps nothing of them.
fn described(text: &mut Vec<u8>) {
    let Ok(old) = std::str::from_utf8(text) else { return };
    let mut parts = old.split("error_description");
    let mut new = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        new.push_str("error_description");
        new.push_str(&part.replacen(SECRET, PERSON, 1));
    }
    *text = new.into_bytes();
}

/// What a position of this name holds.
fn kind(name: &str, value: &[u8], place: Place) -> Option<Kind> {
    let has = |names: &[&str]| names.contains(&name);
    match place {
        _ if value.is_empty() => None,
        Place::Parameter if has(&TYPED_NAMES) => Some(Kind::Typed),
        _ if name == "request_uri" => value.starts_with(b"urn:").then_some(Kind::Secret),
        // what a provider's own answer calls a code says why it failed
        Place::Json if name == "code" => None,
        _ if has(&SECRET_NAMES) => Some(Kind::Secret),
        _ if has(&["email", "mail"]) => Some(Kind::Email),
        _ if name == "phone_number" => Some(Kind::Phone),
        _ if has(&["preferred_username", "username", "upn", "unique_name"]) => Some(Kind::Name),
        // the subject of a federation's statement is no person
        _ if name == "sub" => (!value.starts_with(b"http")).then_some(Kind::Subject),
        Place::Parameter if name == "subject" => Some(Kind::Subject),
        Place::Json if has(&UNRECORDED_CLAIMS) => Some(Kind::Secret),
        Place::Parameter if has(&["display", "ui_locales"]) => Some(Kind::Word),
        _ if has(&["description", "error_description"]) => Some(Kind::Description),
        _ if has(&["domain_hint", "hd", "idp", "kc_idp_hint"]) => Some(Kind::Word),
        // of what clients sign; issuers are hosts
        Place::Json if name == "iss" && !value.contains(&b'.') => Some(Kind::Client),
        _ if has(&["aud", "azp", "client_id", "client_name"]) && !value.starts_with(b"http") => Some(Kind::Client),
        _ if has(&["post_logout_redirect_uri", "redirect_uri", "redirect_uris", "target_link_uri"]) => {
            Some(Kind::Redirect)
        }
        _ => None,
    }
}

fn cut(text: &[u8], at: u8) -> (Vec<u8>, Option<Vec<u8>>) {
    match text.iter().position(|byte| *byte == at) {
        Some(found) => (text[..found].to_vec(), Some(text[found + 1..].to_vec())),
        None => (text.to_vec(), None),
    }
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let hex = tail
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        rest = match (first, hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                &tail[2..]
            }
            (b'+', _) => {
                out.push(b' ');
                tail
            }
            _ => {
                out.push(*first);
                tail
            }
        };
    }
    out
}

fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// PROTOCOL §5.2.
const SECRET_NAMES: [&str; 47] = [
    "access_token",
    "actor_token",
    "assertion",
    "auth_req_id",
    "auth_session",
    "binding_message",
    "client_notification_token",
    "client_secret",
    "code",
    "code_challenge",
    "code_verifier",
    "cookie",
    "device_code",
    "device_secret",
    "execution",
    "id_token",
    "id_token_hint",
    "interaction_handle",
    "jti",
    "login_hint_token",
    "logout_token",
    "mfa_token",
    "nonce",
    "otp",
    "passwd",
    "password",
    "pf.pass",
    "pin",
    "refresh_token",
    "registration_access_token",
    "RelayState",
    "response",
    "SAMLResponse",
    "session_code",
    "session_state",
    "sessionToken",
    "sid",
    "software_statement",
    "state",
    "stateToken",
    "subject_token",
    "ticket",
    "token",
    "totp",
    "tx_code",
    "txn",
    "user_code",
];

/// What people type into, and what is sent along for them.
const TYPED_NAMES: [&str; 13] = [
    "callback_1",
    "email",
    "identifier",
    "j_username",
    "login",
    "login_hint",
    "loginfmt",
    "logout_hint",
    "pf.username",
    "user",
    "userid",
    "username",
    "Username",
];

/// Claims that no profile records (PROTOCOL §5.4).
const UNRECORDED_CLAIMS: [&str; 22] = [
    "address",
    "birthdate",
    "country",
    "family_name",
    "formatted",
    "gender",
    "given_name",
    "ipaddr",
    "locality",
    "middle_name",
    "name",
    "nickname",
    "picture",
    "place_of_birth",
    "postal_code",
    "profile",
    "region",
    "sip",
    "street_address",
    "title",
    "website",
    "zoneinfo",
];
