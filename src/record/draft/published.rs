//! `discovery.fetched`, `jwks.fetched`, `federation.fetched`

use crate::oauth::{EntityStatement, KeySet, PublicKey, ServerMetadata};
use crate::record::draft::Drafter;
use crate::record::draft::authorization::MAX_WORDS;
use crate::record::model::{EntitySection, KeySection, KeySetSection, MetadataSection, Record};
use crate::record::text::{TEXT_LIMIT, clean};

impl Drafter<'_> {
    pub(super) fn metadata(&mut self, record: &mut Record, message: &ServerMetadata<'_>) {
        let mut section = MetadataSection {
            authorities: message.authorities.iter().map(|authority| clean(authority, TEXT_LIMIT).text).collect(),
            clear_text: message.clear_text.then_some(true),
            digest: message.digest.map(hex),
            flags: self.flags("metadata.flags", &message.flags),
            issuer: self.notes.text("metadata.issuer", &message.issuer),
            ..MetadataSection::default()
        };
        section.authorities.retain(|authority| !authority.is_empty());
        for (name, list) in &message.supported {
            let list = self.notes.words("metadata.supported", list, MAX_WORDS);
            if !list.is_empty() {
                section.supported.insert((*name).to_owned(), list);
            }
        }
        record.metadata = (section != MetadataSection::default()).then(|| Box::new(section));
    }

    pub(super) fn key_set(&mut self, record: &mut Record, message: &KeySet<'_>) {
        let keys = message.keys.iter().map(|key| self.key(key)).collect();
        let section = KeySetSection { digest: message.digest.map(hex), keys };
        record.key_set = (section != KeySetSection::default()).then(|| Box::new(section));
    }

    fn key(&mut self, key: &PublicKey<'_>) -> KeySection {
        let notes = &mut self.notes;
        KeySection {
            alg: notes.text("key_set.keys.alg", &key.alg),
            bits: key.bits,
            crv: notes.text("key_set.keys.crv", &key.crv),
            kid: notes.text("key_set.keys.kid", &key.kid),
            kty: notes.text("key_set.keys.kty", &key.kty),
            private: key.private.then_some(true),
            thumbprint: key.thumbprint.clone(),
            use_: notes.text("key_set.keys.use", &key.purpose),
        }
    }

    pub(super) fn entity(&mut self, record: &mut Record, message: &EntityStatement<'_>) {
        let section = EntitySection {
            exp: self.notes.number("entity.exp", &message.exp),
            iss: self.notes.text("entity.iss", &message.iss),
            sub: self.notes.text("entity.sub", &message.sub),
        };
        record.entity = (section != EntitySection::default()).then_some(section);
    }
}

fn hex(digest: [u8; 32]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
