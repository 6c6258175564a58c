//! What clients and resource servers ask of an authorization server beside tokens: `par.request`, `token.introspected`,
//! `token.revoked`, `device.*`, `ciba.request` and their like.

use std::borrow::Cow;

use crate::oauth::{
    Actor, CibaRequest, DeviceAuthorization, Exchanged, IdentityKind, IntrospectedToken, Named, PushedRequest,
    TokenQuery, Trust, VendorError,
};
use crate::record::draft::authorization::{MAX_AUDIENCES, MAX_UNKNOWN, MAX_WORDS};
use crate::record::draft::id_token::MAX_CLAIMS;
use crate::record::draft::{Drafter, words};
use crate::record::model::{
    ActorSection, IntrospectionSection, Pseudonym, Record, RequestSection, ResponseSection, TokenSection,
};
use crate::record::person::{PersonName, pseudonyms};
use crate::record::privacy::{Action, Field, identity_claim, is_email};
use crate::record::text::{TEXT_LIMIT, clean};
use crate::record::uri::authority_of;

impl Drafter<'_> {
    pub(super) fn pushed(&mut self, record: &mut Record, message: &PushedRequest<'_>) {
        self.authorization_request(record, &message.request);
        if let Some(request) = &mut record.request {
            request.dpop = message.dpop.then_some(true);
            request.username = self.name("request.username", &message.username);
        }
        let expires_in = self.notes.number("response.expires_in", &message.expires_in);
        set_response(record, ResponseSection { expires_in, ..ResponseSection::default() });
    }

    /// `token` is the token that was asked about, `introspection` what was said of it.
    pub(super) fn token_query(&mut self, record: &mut Record, message: &TokenQuery<'_>) {
        set_request(
            record,
            RequestSection {
                parameters_in_query: message.parameters_in_query.then_some(true),
                token_type_hint: self.notes.text("request.token_type_hint", &message.token_type_hint),
                transport: message.bearer.then(|| "header".to_owned()),
                unknown_parameters: self.unknown(&message.unknown_parameters),
                ..RequestSection::default()
            },
        );
        let form = message.form.map(|form| words::userinfo_form(form).to_owned());
        set_response(record, ResponseSection { form, ..ResponseSection::default() });
        let format = message.format.map(|format| words::token_format(format).to_owned());
        record.token = format.map(|format| TokenSection { format: Some(format), ..TokenSection::default() });
        record.introspection = message.answer.as_ref().map(|answer| Box::new(self.introspection(answer)));
    }

    fn introspection(&mut self, answer: &IntrospectedToken<'_>) -> IntrospectionSection {
        let names = self.claim_names("introspection.claim_names", &answer.claim_names);
        let issuer = answer.iss.as_ref().present().map_or(self.issuer, |iss| iss.as_ref()).to_owned();
        let username = self.notes.present("introspection.username", &answer.username).map(|name| {
            let claim = (IdentityKind::PreferredUsername, name.as_ref());
            identity_claim(self.keys, self.profile, &issuer, claim, Some(Trust::Direct))
        });
        let notes = &mut self.notes;
        IntrospectionSection {
            acr: notes.text("introspection.acr", &answer.acr),
            active: notes.flag("introspection.active", &answer.active),
            aud: notes.words("introspection.aud", &answer.aud, MAX_AUDIENCES),
            auth_time: notes.number("introspection.auth_time", &answer.auth_time),
            claim_names: names.names,
            claims: names.number,
            client_id: notes.text("introspection.client_id", &answer.client_id),
            cnf: answer.cnf.iter().map(|kind| (*kind).to_owned()).collect(),
            exp: notes.number("introspection.exp", &answer.exp),
            iat: notes.number("introspection.iat", &answer.iat),
            iss: notes.text("introspection.iss", &answer.iss),
            scope: notes.words("introspection.scope", &answer.scope, MAX_WORDS),
            token_type: notes.text("introspection.token_type", &answer.token_type),
            username,
        }
    }

    /// What a token exchange adds to the sections of a token request.
    pub(super) fn exchanged(&mut self, record: &mut Record, exchanged: &Exchanged<'_>) {
        if let Some(request) = &mut record.request {
            let notes = &mut self.notes;
            request.actor_token_type = notes.text("request.actor_token_type", &exchanged.actor_token_type);
            request.requested_token_type = notes.text("request.requested_token_type", &exchanged.requested_token_type);
            request.subject_token_type = notes.text("request.subject_token_type", &exchanged.subject_token_type);
        }
        if let Some(response) = &mut record.response {
            response.actors = exchanged.actors.iter().map(|actor| self.actor(actor)).collect();
            response.actors.retain(|actor| *actor != ActorSection::default());
            response.issued_token_type = self.notes.text("response.issued_token_type", &exchanged.issued_token_type);
            response.may_act = exchanged.may_act.then_some(true);
            response.mode = exchanged.mode.map(|mode| words::exchange_mode(mode).to_owned());
        }
    }

    fn actor(&mut self, actor: &Actor<'_>) -> ActorSection {
        let client_id = self.notes.text("response.actors", &actor.client_id);
        let keep = self.profile.action(Field::Subject) == Action::Keep;
        let sub = self.notes.present("response.actors", &actor.sub).map(|sub| {
            let issuer = actor.issuer.as_deref().unwrap_or(self.issuer);
            if is_email(sub) {
                return identity_claim(
                    self.keys,
                    self.profile,
                    issuer,
                    (IdentityKind::Email, sub),
                    Some(Trust::Direct),
                );
            }
            let hmac = pseudonyms(self.keys, PersonName::Subject, issuer, sub);
            Pseudonym { hmac, mask: None, value: keep.then(|| clean(sub, TEXT_LIMIT).text) }
        });
        ActorSection { client_id, sub }
    }

    /// What a server adds to an error; the response has nothing else to say.
    pub(super) fn vendor_error(&mut self, record: &mut Record, error: &VendorError<'_>) {
        let suberror = self.notes.text("response.suberror", &error.suberror);
        set_response(
            record,
            ResponseSection { error_codes: error.codes.clone(), suberror, ..ResponseSection::default() },
        );
    }

    pub(super) fn device_authorization(&mut self, record: &mut Record, message: &DeviceAuthorization<'_>) {
        set_request(
            record,
            RequestSection {
                body_format: message.body_format.map(|format| words::body_format(format).to_owned()),
                scope: self.notes.words("request.scope", &message.scope, MAX_WORDS),
                unknown_parameters: self.unknown(&message.unknown_parameters),
                ..RequestSection::default()
            },
        );
        let place = self.notes.present("response.verification_uri", &message.verification_uri);
        set_response(
            record,
            ResponseSection {
                verification_uri: place.and_then(|place| authority_of(place)),
                expires_in: self.notes.number("response.expires_in", &message.expires_in),
                interval: self.notes.number("response.interval", &message.interval),
                verification_uri_complete: message.complete.then_some(true),
                ..ResponseSection::default()
            },
        );
    }

    pub(super) fn ciba(&mut self, record: &mut Record, message: &CibaRequest<'_>) {
        set_request(
            record,
            RequestSection {
                acr_values: self.notes.words("request.acr_values", &message.acr_values, MAX_WORDS),
                binding_message: message.binding_message.then_some(true),
                form: Some(if message.signed { "request" } else { "plain" }.to_owned()),
                hint: message.hint.map(str::to_owned),
                login_hint: self.hint("request.login_hint", &message.login_hint),
                notification: message.notification.then_some(true),
                requested_expiry: self.notes.number("request.requested_expiry", &message.requested_expiry),
                scope: self.notes.words("request.scope", &message.scope, MAX_WORDS),
                unknown_parameters: self.unknown(&message.unknown_parameters),
                user_code: message.user_code.then_some(true),
                ..RequestSection::default()
            },
        );
        set_response(
            record,
            ResponseSection {
                expires_in: self.notes.number("response.expires_in", &message.expires_in),
                interval: self.notes.number("response.interval", &message.interval),
                ..ResponseSection::default()
            },
        );
    }

    pub(super) fn named(&mut self, record: &mut Record, message: &Named<'_>) {
        set_request(
            record,
            RequestSection {
                credential: self.notes.text("request.credential", &message.credential),
                parameters_in_query: message.in_query.then_some(true),
                transport: message.bearer.then(|| "header".to_owned()),
                unknown_parameters: self.unknown(&message.parameters),
                user_code: message.user_code.then_some(true),
                ..RequestSection::default()
            },
        );
        let members = self.notes.names("response.members", &message.members, MAX_CLAIMS);
        set_response(record, ResponseSection { members, ..ResponseSection::default() });
    }

    fn unknown(&mut self, names: &[Cow<'_, str>]) -> Vec<String> {
        self.notes.names("request.unknown_parameters", names, MAX_UNKNOWN)
    }
}

fn set_request(record: &mut Record, section: RequestSection) {
    record.request = (section != RequestSection::default()).then(|| Box::new(section));
}

fn set_response(record: &mut Record, section: ResponseSection) {
    record.response = (section != ResponseSection::default()).then(|| Box::new(section));
}
