//! `token.*`, and `client.auth_failed` at the token endpoint.

use crate::oauth::{TokenExchange, TokenRequest, TokenResponse};
use crate::record::draft::authorization::{MAX_AUDIENCES, MAX_UNKNOWN, MAX_WORDS};
use crate::record::draft::signed_message::dpop_proof;
use crate::record::draft::{Drafter, words};
use crate::record::model::{Record, RequestSection, ResponseSection};

impl Drafter<'_> {
    pub(super) fn token(&mut self, record: &mut Record, message: &TokenExchange<'_>) {
        record.request = Some(Box::new(self.token_request(&message.request)));
        record.response = message.response.as_ref().map(|response| Box::new(self.token_response(response)));
        if let Some(exchanged) = &message.exchanged {
            self.exchanged(record, exchanged);
        }
        if let Some(error) = &message.vendor_error {
            self.vendor_error(record, error);
        }
        record.id_token = message.id_token.as_ref().map(|token| Box::new(self.id_token(token)));
        record.token = message.access_token.as_ref().and_then(|token| self.access_token(token));
    }

    fn token_request(&mut self, request: &TokenRequest<'_>) -> RequestSection {
        let notes = &mut self.notes;
        RequestSection {
            audience: notes.list("request.audience", &request.audience, MAX_AUDIENCES),
            body_format: request.body_format.map(|format| words::body_format(format).to_owned()),
            code_verifier: request.code_verifier.then_some(true),
            dpop: request.dpop.is_some().then_some(true),
            dpop_proof: request.dpop.as_ref().map(|proof| dpop_proof(notes, proof)),
            grant_type: notes.text("request.grant_type", &request.grant_type),
            parameters_in_query: request.parameters_in_query.then_some(true),
            redirect_uri: notes.uri("request.redirect_uri", &request.redirect_uri),
            resource: notes.list("request.resource", &request.resource, MAX_AUDIENCES),
            scope: notes.words("request.scope", &request.scope, MAX_WORDS),
            unknown_parameters: notes.names("request.unknown_parameters", &request.unknown_parameters, MAX_UNKNOWN),
            username: self.name("request.username", &request.username),
            ..RequestSection::default()
        }
    }

    fn token_response(&mut self, response: &TokenResponse<'_>) -> ResponseSection {
        let notes = &mut self.notes;
        ResponseSection {
            expires_in: notes.number("response.expires_in", &response.expires_in),
            no_store: Some(response.no_store),
            refresh_expires_in: notes.number("response.refresh_expires_in", &response.refresh_expires_in),
            refresh_token: Some(response.refresh_token),
            rotated: response.rotated,
            scope: notes.words("response.scope", &response.scope, MAX_WORDS),
            scope_source: response.scope_source.map(|source| words::scope_source(source).to_owned()),
            token_type: notes.text("response.token_type", &response.token_type),
            ..ResponseSection::default()
        }
    }
}
