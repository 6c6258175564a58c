//! `client.registered`, `client.read`, `client.updated`, `client.deleted`

use crate::oauth::ClientMetadata;
use crate::record::draft::Drafter;
use crate::record::draft::authorization::MAX_WORDS;
use crate::record::model::{Record, RegistrationSection};
use crate::record::text::{TEXT_LIMIT, clean};
use crate::record::uri::sanitise;
use crate::seen::Seen;

impl Drafter<'_> {
    pub(super) fn registration(&mut self, record: &mut Record, message: &ClientMetadata<'_>) {
        let mut section = RegistrationSection {
            access_token: Some(message.bearer),
            names: self.claim_names(MEMBER, &message.names).names,
            private_keys: message.private_keys.then_some(true),
            secrets: message.secrets.iter().map(|name| (*name).to_owned()).collect(),
            ..RegistrationSection::default()
        };
        for (name, text) in &message.texts {
            let text = self.notes.present("registration.texts", text).map(|text| clean(text, TEXT_LIMIT).text);
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                section.texts.insert((*name).to_owned(), text);
            }
        }
        for (name, uris) in &message.uris {
            let uris = self.notes.present("registration.uris", uris).map(Vec::as_slice).unwrap_or_default();
            let mut uris: Vec<String> = uris.iter().map(|uri| sanitise(uri).section.uri).collect();
            uris.retain(|uri| !uri.is_empty());
            if !uris.is_empty() {
                section.uris.insert((*name).to_owned(), uris);
            }
        }
        for (name, list) in &message.lists {
            let member = match *name {
                "grant_types" => "registration.grant_types",
                "response_types" => "registration.response_types",
                _ => "registration.scope",
            };
            let list = self.notes.words(member, list, MAX_WORDS);
            match *name {
                "grant_types" => section.grant_types = list,
                "response_types" => section.response_types = list,
                _ => section.scope = list,
            }
        }
        section.flags = self.flags("registration.flags", &message.flags);
        record.registration = Some(Box::new(section));
    }

    /// The names of those that are `true`.
    pub(super) fn flags(&mut self, member: &'static str, flags: &[(&'static str, Seen<bool>)]) -> Vec<String> {
        let mut set = Vec::new();
        for (name, flag) in flags {
            if self.notes.flag(member, flag) == Some(true) {
                set.push((*name).to_owned());
            }
        }
        set
    }
}

const MEMBER: &str = "registration.names";
