//! One exchange as every reader of this layer needs it: the parameters of the request, who answered, and the frame of an
//! observation.

use std::borrow::Cow;

use super::checks::Companions;
use super::circumstances::Circumstances;
use super::decode::{Decoded, ResponseSource};
use super::endpoint::Endpoint;
use super::event::ProtocolEvent;
use super::json;
use super::keys::{Carrier, JoseHeader};
use super::links::Links;
use super::login;
use super::multipart;
use super::observation::{
    BodyFormat, Client, Confidence, Hidden, IdToken, Integrity, Message, Observation, Outcome, Recognition, Tier, Trust,
};
use super::parameters::Parameters;
use super::party::{Party, Side};
use super::path_template;
use super::policy::{Issuer, Policy};
use super::recognise;
use super::signature::SignatureCheck;
use super::token_claims::{Claims, read_id_token};
use crate::body::Completeness;
use crate::http::MediaType;
use crate::seen::Seen;

/// An exchange on an issuer's, a client's or a resource server's authority, as one of them saw it.
pub(super) struct Scene<'a> {
    pub(super) policy: &'a Policy,
    pub(super) decoded: &'a Decoded<'a>,
    /// Who was asked.
    pub(super) side: Side,
    /// The client or resource server.
    pub(super) party: Option<&'a Party>,
    /// The issuer that was asked, or that the client or resource server is known to trust; else one that owns nothing.
    pub(super) issuer: &'a Issuer,
    pub(super) endpoint: Option<Endpoint>,
    /// Of query and body.
    pub(super) parameters: Parameters<'a>,
    pub(super) body_format: Option<BodyFormat>,
    content_type_missing: bool,
    request_unparseable: bool,
}

/// Who answered, and with which status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Local(u16),
    Nobody,
    Server(u16),
}

impl<'a> Scene<'a> {
    /// `None` where nobody of that side owns the authority, or the path is an endpoint of another side.
    pub(super) fn new(policy: &'a Policy, decoded: &'a Decoded<'a>, side: Side) -> Option<Self> {
        let interest = &decoded.interest;
        if interest.endpoint.is_some() && interest.side != side {
            return None;
        }
        let party = match side {
            Side::AuthorizationServer => None,
            Side::RelyingParty => Some(policy.parties.get(interest.owners.relying_party?)?),
            Side::ResourceServer => Some(policy.parties.get(interest.owners.resource_server?)?),
        };
        let issuer = match party {
            None => policy.issuers.get(interest.issuer?)?,
            Some(party) => party.issuer.and_then(|issuer| policy.issuers.get(issuer)).unwrap_or(&policy.nobody),
        };
        let mut scene = Self {
            policy,
            decoded,
            side,
            party,
            issuer,
            endpoint: interest.endpoint,
            parameters: Parameters::default(),
            body_format: None,
            content_type_missing: false,
            request_unparseable: false,
        };
        if let Some(query) = decoded.request.query() {
            scene.parameters.add_query(query, &policy.limits);
        }
        // Of a login form one name is read, if anything: the rest must not even be copied.
        let kind = scene.endpoint.map(|endpoint| endpoint.kind);
        if login::is_form(issuer, kind, decoded.request).is_none() {
            scene.read_body();
        }
        Some(scene)
    }

    fn read_body(&mut self) {
        let content = &self.decoded.request_content;
        let bytes = content.bytes();
        if bytes.is_empty() {
            return;
        }
        let media = self.decoded.request.headers.media_type();
        self.content_type_missing = media.is_none();
        let is_json = media == Some(MediaType::Json);
        let content_type = self.decoded.request.headers.first("content-type").unwrap_or_default();
        if let (Some(boundary), true) = (multipart::boundary(content_type), self.endpoint.is_some()) {
            for part in multipart::read(bytes, boundary) {
                self.parameters.add_pair(Cow::Borrowed(part.name), Cow::Borrowed(part.value), &self.policy.limits);
            }
            self.body_format = Some(BodyFormat::Multipart);
            return;
        }
        if is_json && let Some(object) = content.whole().and_then(json::read_object) {
            self.parameters.add_request_object(&object, &self.policy.limits);
            self.body_format = Some(BodyFormat::Json);
        } else if !is_json && begins_like_a_form(bytes) {
            self.parameters.add_form(content.whole_pairs(), &self.policy.limits);
            self.body_format = Some(BodyFormat::Form);
        } else {
            self.request_unparseable = content.completeness == Completeness::Complete;
        }
    }

    pub(super) fn is_post(&self) -> bool {
        self.decoded.request.method() == Some(b"POST")
    }

    pub(super) fn is_get(&self) -> bool {
        self.decoded.request.method() == Some(b"GET")
    }

    pub(super) fn answer(&self) -> Answer {
        match (self.decoded.status(), self.decoded.source) {
            (None, _) => Answer::Nobody,
            (Some(status), ResponseSource::Local) => Answer::Local(status),
            (Some(status), ResponseSource::None | ResponseSource::Upstream) => Answer::Server(status),
        }
    }

    /// The `Location` of a redirect of the server (RFC 9110 §15.4).
    pub(super) fn location(&self) -> Option<&'a [u8]> {
        let redirects = matches!(self.answer(), Answer::Server(301 | 302 | 303 | 307 | 308));
        self.decoded.response.filter(|_| redirects)?.headers.first("location")
    }

    pub(super) fn response_media(&self) -> Option<MediaType> {
        self.decoded.response?.headers.media_type()
    }

    /// The response body as a JSON object, if all of it was read and it is one.
    pub(super) fn response_object(&self) -> Option<json::Object<'a>> {
        json::read_object(self.decoded.response_content.whole()?)
    }

    /// The frame of an observation; its outcome is unknown so far. The issuer is claimed where its endpoint is known; a
    /// shape alone says nothing about whose it is (PROTOCOL §1.3).
    pub(super) fn observation(
        &self,
        event: ProtocolEvent,
        recognition: Recognition,
        message: Message<'a>,
    ) -> Observation<'a> {
        let path = self.decoded.request.path().unwrap_or_default();
        let template = path_template::of(path, self.issuer, self.endpoint.as_ref());
        let mut observation = Observation {
            event,
            outcome: Outcome::Unknown,
            reason: None,
            error: None,
            recognition,
            issuer: None,
            endpoint_kind: None,
            provider: None,
            tenant: None,
            path_template: template,
            client: Client::default(),
            subject: None,
            message,
            links: Vec::new(),
            malformed: Vec::new(),
            ambiguous: self.parameters.ambiguous(),
            hidden: Vec::new(),
            integrity: self.integrity(),
            side: self.side,
            broker: false,
            upstream: None,
            circumstances: Circumstances::default(),
        };
        let contents = [&self.decoded.request_content, &self.decoded.response_content];
        for content in contents {
            match content.completeness {
                Completeness::Truncated => observation.hide(Hidden::Truncated),
                Completeness::Undecoded => observation.hide(Hidden::Undecoded),
                Completeness::Absent | Completeness::Complete | Completeness::Unparseable => {}
            }
        }
        if recognition.tier <= Tier::Profile && self.side == Side::AuthorizationServer {
            claim(&mut observation, self.issuer);
        }
        observation
    }

    /// Claims the issuer that the message names itself, where it is one of those that are watched, on this authority if
    /// that is an issuer's; for a client or resource server the one that it is known to trust, where the message names none.
    pub(super) fn claim_named(&self, observation: &mut Observation<'a>, named: Option<&str>) {
        let authority = self.decoded.request.authority().unwrap_or_default();
        let server = self.side == Side::AuthorizationServer;
        let own = |issuer: &&Issuer| Some(issuer.name.as_str()) == named && (!server || issuer.owns(authority));
        let trusted = || (!server && named.is_none() && !self.issuer.name.is_empty()).then_some(self.issuer);
        if observation.issuer.is_none()
            && let Some(issuer) = self.policy.issuers.iter().find(own).or_else(trusted)
        {
            claim(observation, issuer);
        }
    }

    /// Reads an ID token, checks its signature with the keys of the issuer that it names (of this one, if it names none),
    /// and compares its claims with what came with it.
    pub(super) fn id_token(
        &self,
        token: &[u8],
        (trust, carrier): (Trust, Carrier),
        with: &Companions<'_>,
    ) -> Option<(IdToken<'a>, Claims)> {
        let (mut id_token, claims) = read_id_token(token, trust)?;
        let alg = id_token.alg.as_ref().present().map_or("", AsRef::as_ref);
        let header =
            JoseHeader { alg, kid: id_token.kid.as_ref().present().map(AsRef::as_ref), encrypted: id_token.encrypted };
        id_token.signature = self.signature(id_token.iss.as_ref().map(AsRef::as_ref), header, token, carrier);
        if !id_token.encrypted && !claims.is_unreadable() {
            let own = self.endpoint.is_some().then_some(self.issuer.name.as_str());
            id_token.checks = claims.check(alg, token, &Companions { issuer: with.issuer.or(own), ..*with });
        }
        Some((id_token, claims))
    }

    /// Whether a key of the issuer that a token names signed it; of this one, if it names none.
    pub(super) fn signature(
        &self,
        named: Seen<&str>,
        header: JoseHeader<'_>,
        token: &[u8],
        carrier: Carrier,
    ) -> SignatureCheck {
        let issuer = match named {
            Seen::Present(iss) => self.policy.issuers.iter().find(|issuer| issuer.name == *iss),
            Seen::Absent | Seen::Malformed(_) => Some(self.issuer),
        };
        self.policy.check_signature(issuer, header, token, carrier)
    }

    /// How the endpoint was recognised, or the shape rule where it was not.
    pub(super) fn recognition(&self, rule: &'static str, confidence: Confidence) -> Recognition {
        let shape = Recognition { tier: Tier::Heuristic, rule, confidence };
        self.endpoint.map_or(shape, |endpoint| endpoint.recognition)
    }

    /// PROTOCOL §2.1, HQ-19.
    fn overrides_method(&self) -> bool {
        let fields = ["x-http-method-override", "x-http-method", "x-method-override"];
        fields.iter().any(|name| self.decoded.request.headers.first(name).is_some()) || self.parameters.has("_method")
    }

    fn integrity(&self) -> Integrity {
        let unparseable = Completeness::Unparseable;
        let request = if self.request_unparseable { unparseable } else { self.decoded.request_content.completeness };
        Integrity {
            request_body: request,
            response_body: self.decoded.response_content.completeness,
            parameters_cut: self.parameters.cut(),
            basic_not_encoded: false,
            content_type_missing: self.content_type_missing,
            authority_conflict: self.decoded.request.authority_conflict(),
            conflict: recognise::conflict(self),
            method_override: self.overrides_method(),
        }
    }
}

pub(super) fn claim<'a>(observation: &mut Observation<'a>, issuer: &'a Issuer) {
    observation.issuer = Some(Cow::Borrowed(issuer.name.as_str()));
    observation.provider = issuer.profile().map(|profile| profile.name.as_ref());
    observation.tenant = path_template::tenant(issuer);
}

/// Puts the links into an observation, with what was malformed among them.
pub(super) fn put_links<'a>(observation: &mut Observation<'a>, links: Links<'a>) {
    observation.links = links.list;
    observation.malformed = links.malformed;
}

/// A value that is there, even if it cannot be taken: something was sent.
pub(super) fn was_sent<T>(value: &Seen<T>) -> bool {
    !matches!(value, Seen::Absent | Seen::Malformed(crate::seen::Malformation::Empty))
}

/// PROTOCOL §2.1, HQ-14: a name and `=`.
fn begins_like_a_form(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"_.%+-".contains(byte)));
    end.is_some_and(|end| bytes.get(end) == Some(&b'=') && end > 0)
}
