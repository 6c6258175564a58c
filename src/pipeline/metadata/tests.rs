use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;
use crate::pipeline::fixture::{Dry, Seeded, policy};

const DOCUMENT: &[u8] = br#"{"issuer":"https://idp.example.test","token_endpoint":"https://idp.example.test/t"}"#;
const NEWER: &[u8] = br#"{"issuer":"https://idp.example.test","token_endpoint":"https://idp.example.test/t2"}"#;
const METADATA: (usize, Document) = (0, Document::Metadata);
const FOREIGN: &[u8] = br#"{"issuer":"https://evil.example.test"}"#;

/// The shared data of a process.
#[derive(Default)]
struct Shared(RefCell<BTreeMap<String, (Vec<u8>, u32)>>);

impl Shared {
    fn read(&self, key: &str) -> SharedValue {
        let values = self.0.borrow();
        let found = values.get(key);
        SharedValue { value: found.map(|(value, _)| value.clone()), version: found.map(|(_, version)| *version) }
    }

    fn write(&self, key: &str, value: &[u8]) {
        let version = self.0.borrow().get(key).map_or(1, |(_, version)| version + 1);
        self.0.borrow_mut().insert(key.to_owned(), (value.to_vec(), version));
    }

    fn claim(&self, claim: &Claim) -> bool {
        let free = self.read(&claim.key).version == claim.version;
        if free {
            self.write(&claim.key, &claim.value);
        }
        free
    }

    /// Carries the effects out and gives the fetches whose claim succeeded.
    fn carry_out(&self, taught: impl IntoIterator<Item = Taught>) -> Vec<Fetch> {
        let mut fetches = Vec::new();
        for effect in taught.into_iter().flat_map(|taught| taught.effects) {
            match effect {
                Effect::Fetch(fetch) if self.claim(&fetch.claim) => fetches.push(fetch),
                Effect::Fetch(_) => {}
                Effect::Share { key, value } => self.write(&key, &value),
            }
        }
        fetches
    }
}

struct Vm {
    policy: Policy,
    metadata: Metadata,
}

impl Vm {
    fn new() -> Self {
        let policy = policy();
        let fetches = vec![FetchSettings { issuer: 0, cluster: "idp".into() }];
        Self { metadata: Metadata::new(&policy, fetches), policy }
    }

    fn tick(&mut self, shared: &Shared, secs: u64) -> Vec<Fetch> {
        let now = Timestamp::from_secs(secs);
        let taught = self.metadata.tick(&mut self.policy, &mut |key| shared.read(key), now, &mut Dry);
        shared.carry_out(taught)
    }

    fn fetched(&mut self, shared: &Shared, status: Option<u16>, body: &[u8], secs: u64) -> u64 {
        self.fetched_of(Document::Metadata, shared, status, body, secs)
    }

    fn fetched_of(&mut self, document: Document, shared: &Shared, status: Option<u16>, body: &[u8], secs: u64) -> u64 {
        let fetched = Fetched { issuer: 0, document, status, body };
        let taught = self.metadata.fetched(&mut self.policy, fetched, Timestamp::from_secs(secs), &mut Dry);
        let learned = taught.learned;
        shared.carry_out([taught]);
        learned
    }
}

#[test]
fn one_vm_of_a_process_asks_and_all_of_them_know() {
    let shared = Shared::default();
    let mut vms = [Vm::new(), Vm::new(), Vm::new()];
    assert!(vms.iter_mut().all(|vm| vm.tick(&shared, 100).is_empty()), "the first attempts are spread");
    let fetches: Vec<Fetch> = vms.iter_mut().flat_map(|vm| vm.tick(&shared, 103)).collect();
    let [fetch] = fetches.as_slice() else { panic!("{fetches:?}") };
    assert_eq!((&*fetch.cluster, fetch.authority.as_str()), ("idp", "idp.example.test"));
    assert_eq!(fetch.path, "/.well-known/openid-configuration");
    assert!(vms.iter_mut().all(|vm| vm.tick(&shared, 104).is_empty()));
    assert_eq!(vms[0].fetched(&shared, Some(200), DOCUMENT, 105), 1);
    assert!(vms.iter_mut().all(|vm| vm.tick(&shared, 106).is_empty()));
    assert!(vms.iter().all(|vm| vm.policy.knows_metadata(0)));
}

#[test]
fn two_vms_that_read_the_same_lease_make_one_call() {
    let shared = Shared::default();
    let mut vms = [Vm::new(), Vm::new()];
    vms.iter_mut().for_each(|vm| assert!(vm.tick(&shared, 100).is_empty()));
    let now = Timestamp::from_secs(103);
    let taught: Vec<Taught> = vms
        .iter_mut()
        .flat_map(|vm| vm.metadata.tick(&mut vm.policy, &mut |key| shared.read(key), now, &mut Dry))
        .collect();
    assert_eq!(taught.len(), 2);
    assert_eq!(shared.carry_out(taught).len(), 1);
}

#[test]
fn attempts_grow_apart_for_the_whole_process_and_pause_after_eight() {
    let shared = Shared::default();
    let mut vms = [Vm::new(), Vm::new()];
    let mut asked = Vec::new();
    for secs in 100..4_000 {
        for vm in &mut vms {
            for _ in vm.tick(&shared, secs) {
                asked.push(secs);
                vm.fetched(&shared, Some(503), b"", secs);
            }
        }
    }
    let gaps: Vec<u64> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(asked.first(), Some(&102));
    assert_eq!(gaps.get(..8), Some([2, 4, 8, 16, 32, 60, 60, 3_600].as_slice()));
}

#[test]
fn a_call_that_is_never_answered_is_made_again_by_anyone() {
    let shared = Shared::default();
    let (mut gone, mut other) = (Vm::new(), Vm::new());
    gone.tick(&shared, 100);
    other.tick(&shared, 100);
    assert_eq!(gone.tick(&shared, 102).len(), 1);
    assert!(other.tick(&shared, 111).is_empty());
    assert_eq!(other.tick(&shared, 112).len(), 1);
}

#[test]
fn a_document_is_asked_for_again_after_a_day_and_taken_over_by_the_others() {
    let shared = Shared::default();
    let (mut first, mut second) = (Vm::new(), Vm::new());
    first.tick(&shared, 100);
    first.tick(&shared, 102);
    first.fetched(&shared, Some(200), DOCUMENT, 102);
    second.tick(&shared, 103);
    let day = 24 * 3_600;
    assert!(first.tick(&shared, 102 + day - 1).is_empty());
    assert_eq!(first.tick(&shared, 103 + day).len(), 1);
    assert_eq!(first.fetched(&shared, Some(200), NEWER, 104 + day), 1);
    assert!(second.tick(&shared, 105 + day).is_empty());
    assert_eq!(second.metadata.documents[0].document.map(|(known, _)| known), Some(digest(NEWER)));
}

#[test]
fn a_document_of_another_issuer_is_refused_wherever_it_comes_from() {
    let shared = Shared::default();
    let mut vm = Vm::new();
    let now = Timestamp::from_secs(100);
    assert_eq!(vm.metadata.passed(&mut vm.policy, METADATA, FOREIGN, now), Taught { refused: 1, ..Taught::default() });
    vm.tick(&shared, 100);
    vm.tick(&shared, 103);
    assert_eq!(vm.fetched(&shared, Some(200), FOREIGN, 103), 0);
    assert_eq!(vm.fetched(&shared, Some(200), &vec![b' '; MAX_DOCUMENT + 1], 103), 0);
    let key = vm.metadata.documents[0].document_key.clone();
    shared.write(&key, &[&now.as_micros().to_be_bytes()[..], FOREIGN].concat());
    let taught = vm.metadata.tick(&mut vm.policy, &mut |key| shared.read(key), now, &mut Dry);
    assert_eq!(taught.first().map(|taught| taught.refused), Some(1));
    assert!(!vm.policy.knows_metadata(0));
}

#[test]
fn a_document_that_passes_by_is_shared_once_and_spares_the_fetch() {
    let shared = Shared::default();
    let (mut first, mut second) = (Vm::new(), Vm::new());
    let now = Timestamp::from_secs(99);
    let taught = first.metadata.passed(&mut first.policy, METADATA, DOCUMENT, now);
    assert_eq!((taught.learned, taught.effects.len()), (1, 1));
    shared.carry_out([taught]);
    assert_eq!(first.metadata.passed(&mut first.policy, METADATA, DOCUMENT, now), Taught::default());
    for vm in [&mut first, &mut second] {
        assert!((100..200).all(|secs| vm.tick(&shared, secs).is_empty()));
        assert!(vm.policy.knows_metadata(0));
    }
}

#[test]
fn odd_shared_values_and_a_clock_set_back_do_no_harm() {
    let shared = Shared::default();
    let mut vm = Vm::new();
    vm.tick(&shared, 1_000_000);
    let keys = [vm.metadata.documents[0].document_key.clone(), vm.metadata.documents[0].lease_key.clone()];
    for value in [b"".as_slice(), b"x", &[0xFF; 8], &[0xFF; 9], &[0xFF; 40]] {
        for key in &keys {
            shared.write(key, value);
        }
        vm.metadata.documents[0].next_look = Timestamp::default();
        assert_eq!(vm.tick(&shared, 1_000_010).len(), 1, "{value:?}");
    }
    assert!(up_to(10, &mut Seeded(1)) <= 10);
}

#[test]
fn a_request_does_not_wait_for_the_tick_to_learn_what_a_sibling_knows() {
    let shared = Shared::default();
    let (mut first, mut second) = (Vm::new(), Vm::new());
    shared.carry_out([first.metadata.passed(&mut first.policy, METADATA, DOCUMENT, Timestamp::from_secs(100))]);
    assert_eq!(second.policy.unlearned(b"idp.example.test"), Some(0));
    let now = Timestamp::from_secs(100);
    let taught = second.metadata.catch_up(&mut second.policy, 0, &mut |key| shared.read(key), now);
    assert_eq!(taught.learned, 1);
    assert!(second.policy.knows_metadata(0));
    assert_eq!(second.policy.unlearned(b"shop.example.test"), None);
}

const WITH_KEYS: &[u8] = br#"{"issuer":"https://idp.example.test","jwks_uri":"https://idp.example.test/certs"}"#;
const JWKS: &[u8] = include_bytes!("../../oauth/testdata/jwks.json");

/// A VM that has learned where the keys are; its siblings too, by `shared`.
fn with_metadata(shared: &Shared, secs: u64) -> Vm {
    let mut vm = Vm::new();
    let taught = vm.metadata.passed(&mut vm.policy, METADATA, WITH_KEYS, Timestamp::from_secs(secs));
    shared.carry_out([taught]);
    vm
}

#[test]
fn keys_are_fetched_once_the_metadata_says_where_and_by_one_vm() {
    let shared = Shared::default();
    let (mut first, mut second) = (with_metadata(&shared, 100), Vm::new());
    assert!(first.tick(&shared, 100).is_empty() && second.tick(&shared, 100).is_empty());
    let fetches: Vec<Fetch> = [&mut first, &mut second].into_iter().flat_map(|vm| vm.tick(&shared, 103)).collect();
    let [fetch] = fetches.as_slice() else { panic!("{fetches:?}") };
    assert_eq!((fetch.document, fetch.path.as_str(), &*fetch.cluster), (Document::Keys, "/certs", "idp"));
    assert_eq!(first.fetched_of(Document::Keys, &shared, Some(200), JWKS, 104), 1);
    assert!(second.tick(&shared, 105).is_empty());
    assert!(first.policy.knows_keys(0) && second.policy.knows_keys(0));
    let hour = 3_600;
    assert!(first.tick(&shared, 104 + hour - 1).is_empty());
    assert_eq!(first.tick(&shared, 104 + hour).len(), 1);
}

#[test]
fn what_is_no_jwk_set_is_refused_and_asked_for_again() {
    let shared = Shared::default();
    let mut vm = with_metadata(&shared, 100);
    vm.tick(&shared, 100);
    assert_eq!(vm.tick(&shared, 103).len(), 1);
    assert_eq!(vm.fetched_of(Document::Keys, &shared, Some(200), b"<html>", 104), 0);
    assert!(!vm.policy.knows_keys(0));
    assert!((105..120).any(|secs| vm.tick(&shared, secs).len() == 1));
}

#[test]
fn keys_that_pass_by_are_shared_under_a_name_of_their_own() {
    let shared = Shared::default();
    let mut vm = with_metadata(&shared, 100);
    let taught = vm.metadata.passed(&mut vm.policy, (0, Document::Keys), JWKS, Timestamp::from_secs(101));
    let [Effect::Share { key, .. }] = taught.effects.as_slice() else { panic!("{taught:?}") };
    assert!(key.starts_with("oidc-audit/1/keys-of/"), "{key}");
    shared.carry_out([taught]);
    let mut sibling = Vm::new();
    assert_eq!(sibling.policy.unlearned(b"idp.example.test"), Some(0));
    let now = Timestamp::from_secs(102);
    let taught = sibling.metadata.catch_up(&mut sibling.policy, 0, &mut |key| shared.read(key), now);
    assert_eq!(taught.learned, 2);
    assert_eq!(sibling.policy.unlearned(b"idp.example.test"), None);
}

#[test]
fn a_key_that_is_missed_is_asked_for_at_most_once_a_minute() {
    let shared = Shared::default();
    let mut vm = with_metadata(&shared, 100);
    vm.tick(&shared, 100);
    vm.tick(&shared, 103);
    vm.fetched_of(Document::Keys, &shared, Some(200), JWKS, 104);
    let mut asked = Vec::new();
    for secs in 105..400 {
        vm.metadata.documents[1].stale = true;
        for _ in vm.tick(&shared, secs) {
            asked.push(secs);
            vm.fetched_of(Document::Keys, &shared, Some(200), JWKS, secs);
        }
    }
    assert_eq!(asked, [164, 224, 284, 344]);
}

#[test]
fn a_key_that_is_missed_is_first_looked_for_among_the_siblings() {
    let shared = Shared::default();
    let (mut first, mut second) = (with_metadata(&shared, 100), with_metadata(&shared, 100));
    let keys = (0, Document::Keys);
    for (vm, secs, set) in [(&mut second, 101, br#"{"keys":[]}"#.as_slice()), (&mut first, 102, JWKS)] {
        let taught = vm.metadata.passed(&mut vm.policy, keys, set, Timestamp::from_secs(secs));
        shared.carry_out([taught]);
    }
    second.metadata.documents[1].next_look = Timestamp::from_secs(150);
    second.metadata.documents[1].stale = true;
    second.tick(&shared, 103);
    assert_eq!(second.metadata.documents[1].document.map(|(known, _)| known), Some(digest(JWKS)));
    assert!(!second.metadata.documents[1].stale);
}
