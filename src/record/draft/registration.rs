//! `client.registered`, `client.read`, `client.updated`, `client.deleted`

use std::collections::BTreeMap;

use crate::oauth::ClientMetadata;
use crate::record::draft::Drafter;
use crate::record::draft::authorization::MAX_WORDS;
use crate::record::model::{Record, RegistrationSection};
use crate::record::text::{TEXT_LIMIT, clean};
use crate::record::uri::sanitise;

impl Drafter<'_> {
    pub(super) fn registration(&mut self, record: &mut Record, message: &ClientMetadata<'_>) {
        let mut section = RegistrationSection {
            authenticated: Some(message.bearer),
            names: self.claim_names(MEMBER, &message.names).names,
            private_keys: message.private_keys.then_some(true),
            secrets: message.secrets.iter().map(|name| (*name).to_owned()).collect(),
            ..RegistrationSection::default()
        };
        for (name, text) in &message.texts {
            let text = self.notes.present(name, text).map(|text| clean(text, TEXT_LIMIT).text);
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                section.texts.insert((*name).to_owned(), text);
            }
        }
        for (name, uris) in &message.uris {
            let uris = self.notes.present(name, uris).map(Vec::as_slice).unwrap_or_default();
            let mut uris: Vec<_> = uris.iter().map(|uri| sanitise(uri).section).collect();
            uris.retain(|uri| !uri.uri.is_empty());
            if !uris.is_empty() {
                section.uris.insert((*name).to_owned(), uris);
            }
        }
        for (name, list) in &message.lists {
            let list = self.notes.words(name, list, MAX_WORDS);
            match *name {
                "grant_types" => section.grant_types = list,
                "response_types" => section.response_types = list,
                _ => section.scope = list,
            }
        }
        section.flags = self.flags(&message.flags);
        record.registration = Some(Box::new(section));
    }

    /// Yes or no, by name.
    pub(super) fn flags(&mut self, flags: &[(&'static str, crate::seen::Seen<bool>)]) -> BTreeMap<String, bool> {
        let read = flags.iter().filter_map(|(name, flag)| Some(((*name).to_owned(), self.notes.flag(name, flag)?)));
        read.collect()
    }
}

const MEMBER: &str = "registration.names";
