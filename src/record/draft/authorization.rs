//! `authorization.*`

use crate::oauth::{AuthorizationRequest, AuthorizationResponse};
use crate::record::draft::id_token::MAX_CLAIMS;
use crate::record::draft::signed_message::{JARM, OBJECT};
use crate::record::draft::{Drafter, words};
use crate::record::model::{Record, RequestSection, ResponseSection, UriSection};
use crate::record::privacy::{Action, Field};

impl Drafter<'_> {
    pub(super) fn authorization_request(&mut self, record: &mut Record, message: &AuthorizationRequest<'_>) {
        let object = message.object.as_ref().map(|object| Box::new(self.signed_message(&OBJECT, object)));
        let presentation = self.profile.action(Field::Presentation) == Action::Keep;
        let notes = &mut self.notes;
        let section = RequestSection {
            acr_values: notes.words("request.acr_values", &message.acr_values, MAX_WORDS),
            audience: notes.list("request.audience", &message.audience, MAX_AUDIENCES),
            authorization_details: notes.words(
                "request.authorization_details",
                &message.authorization_details,
                MAX_WORDS,
            ),
            claims: match notes.present("request.claims", &message.claims) {
                Some(names) => notes.names("request.claims", names, MAX_CLAIMS),
                None => Vec::new(),
            },
            code_challenge_length: notes.length("request.code_challenge", &message.code_challenge),
            code_challenge_method: notes.text("request.code_challenge_method", &message.code_challenge_method),
            delivery: message.delivery.map(|delivery| words::delivery(delivery).to_owned()),
            display: notes.text("request.display", &message.display).filter(|_| presentation),
            form: message.form.map(|form| words::request_form(form).to_owned()),
            id_token_hint: message.id_token_hint.then_some(true),
            idp_hint: notes.text("request.idp_hint", &message.idp_hint),
            max_age: notes.number("request.max_age", &message.max_age),
            nonce_length: notes.length("request.nonce", &message.oidc_nonce),
            object,
            object_differs: message.object_differs.iter().map(|name| (*name).to_owned()).collect(),
            prompt: notes.words("request.prompt", &message.prompt, MAX_WORDS),
            redirect_uri: notes.uri("request.redirect_uri", &message.redirect_uri),
            resource: notes.list("request.resource", &message.resource, MAX_AUDIENCES),
            response_mode: notes.text("request.response_mode", &message.response_mode),
            response_type: response_type(notes.words("request.response_type", &message.response_type, MAX_WORDS)),
            scope: notes.words("request.scope", &message.scope, MAX_WORDS),
            state_length: notes.length("request.state", &message.oauth_state),
            target: notes
                .uri("request.target", &message.target)
                .map(|target| UriSection { query: Vec::new(), ..target }),
            ui_locales: match presentation {
                true => notes.words("request.ui_locales", &message.ui_locales, MAX_WORDS),
                false => Vec::new(),
            },
            unknown_parameters: notes.names("request.unknown_parameters", &message.unknown_parameters, MAX_UNKNOWN),
            login_hint: self.hint("request.login_hint", &message.login_hint),
            ..RequestSection::default()
        };
        record.request = Some(Box::new(section));
    }

    pub(super) fn authorization_response(&mut self, record: &mut Record, message: &AuthorizationResponse<'_>) {
        let jarm = message.jarm.as_ref().map(|jarm| Box::new(self.signed_message(&JARM, jarm)));
        let notes = &mut self.notes;
        let section = ResponseSection {
            jarm,
            code_length: notes.length("response.code", &message.code),
            delivery: message.delivery.map(|delivery| words::delivery(delivery).to_owned()),
            expires_in: notes.number("response.expires_in", &message.expires_in),
            iss: notes.text("response.iss", &message.iss),
            members: members(&message.members),
            redirect_uri: notes.uri("response.redirect_uri", &message.redirect_uri),
            scope: notes.words("response.scope", &message.scope, MAX_WORDS),
            set_cookie: message.set_cookie.then_some(true),
            token_type: notes.text("response.token_type", &message.token_type),
            ..ResponseSection::default()
        };
        record.response = Some(Box::new(section));
        record.id_token = message.id_token.as_ref().map(|token| Box::new(self.id_token(token)));
        record.token = message.access_token.as_ref().and_then(|token| self.access_token(token));
    }
}

/// RFC 6749 §3.1.1: the order of the words does not matter.
fn response_type(mut words: Vec<String>) -> Option<String> {
    words.sort_unstable();
    (!words.is_empty()).then(|| words.join(" "))
}

fn members(members: &[&'static str]) -> Vec<String> {
    let mut members: Vec<String> = members.iter().map(|member| (*member).to_owned()).collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// PROTOCOL §2.9, `scope` items.
pub(super) const MAX_WORDS: usize = 64;

/// PROTOCOL §2.9, `aud`.
pub(super) const MAX_AUDIENCES: usize = 16;

/// PROTOCOL HQ-05: unknown names.
pub(super) const MAX_UNKNOWN: usize = 32;
