use super::super::policy::{Endpoints, IssuerSettings};
use super::super::token_claims::read_id_token;
use super::super::{Limits, Trust};
use super::*;

/// What a Keycloak 26.4 signed with a test key.
const ISSUER: &str = "http://127.0.0.1:10050/realms/acme";
const JWKS: &str = include_str!("../testdata/jwks.json");
const ID_TOKEN: &str = include_str!("../testdata/id_token.txt");

fn policy(signature_checks: u32) -> Policy {
    let issuer = IssuerSettings {
        issuer: ISSUER.to_owned(),
        endpoints: Endpoints(vec![(EndpointKind::Jwks, "/realms/acme/certs".to_owned())]),
        ..IssuerSettings::default()
    };
    let limits = Limits { signature_checks, ..Limits::default() };
    let mut policy = Policy::new(vec![issuer], limits).unwrap();
    policy.grant_checks(Timestamp::from_secs(1));
    policy
}

fn check(policy: &Policy, token: &str) -> SignatureCheck {
    check_of(policy, token, Carrier::Browser)
}

fn check_of(policy: &Policy, token: &str, carrier: Carrier) -> SignatureCheck {
    let token = token.trim().as_bytes();
    let (id_token, _) = read_id_token(token, Trust::Direct).unwrap();
    let alg = id_token.alg.as_ref().present().map_or("", AsRef::as_ref);
    let kid = id_token.kid.as_ref().present().map(AsRef::as_ref);
    let header = JoseHeader { alg, kid, encrypted: id_token.encrypted };
    policy.check_signature(policy.issuers.first(), header, token, carrier)
}

/// A token with another header and no signature.
fn unsigned(header: &str) -> String {
    use base64::Engine;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
    format!("{header}.e30.AAAA")
}

#[test]
fn a_token_is_checked_with_the_keys_that_were_learned() {
    let mut policy = policy(20);
    assert_eq!(check(&policy, ID_TOKEN), SignatureCheck::Unchecked(Unchecked::NoKeys));
    assert!(!policy.knows_keys(0));
    assert_eq!(policy.learn_keys(0, JWKS.as_bytes()), Ok(1));
    assert!(policy.knows_keys(0));
    assert_eq!(check(&policy, ID_TOKEN), SignatureCheck::Verified);
    let changed = ID_TOKEN.replacen(".eyJ", ".eyK", 1);
    assert_eq!(check(&policy, &changed), SignatureCheck::Failed);
}

#[test]
fn what_is_no_jwk_set_leaves_the_keys_as_they_are() {
    let mut policy = policy(20);
    policy.learn_keys(0, JWKS.as_bytes()).unwrap();
    assert_eq!(policy.learn_keys(0, b"{}"), Err(KeysError::NotAJwkSet));
    assert_eq!(policy.learn_keys(1, JWKS.as_bytes()), Err(KeysError::UnknownIssuer));
    assert_eq!(check(&policy, ID_TOKEN), SignatureCheck::Verified);
    assert_eq!(policy.learn_keys(0, br#"{"keys":[]}"#), Ok(0));
    assert_eq!(check(&policy, ID_TOKEN), SignatureCheck::Unchecked(Unchecked::KeyUnknown));
}

#[test]
fn checks_are_granted_by_the_second() {
    let mut policy = policy(2);
    policy.learn_keys(0, JWKS.as_bytes()).unwrap();
    let spent = SignatureCheck::Unchecked(Unchecked::Budget);
    let three = |policy: &Policy, from: usize| [0, 1, 2].map(|number| check(policy, &forged(from + number)));
    assert_eq!(three(&policy, 0), [SignatureCheck::Failed, SignatureCheck::Failed, spent]);
    policy.grant_checks(Timestamp::from_secs(1).plus_millis(999));
    assert_eq!(check(&policy, ID_TOKEN), spent);
    policy.grant_checks(Timestamp::from_secs(2));
    assert_eq!(three(&policy, 3), [SignatureCheck::Failed, SignatureCheck::Failed, spent]);
}

#[test]
fn a_token_is_checked_once_until_the_keys_change() {
    let mut policy = policy(1);
    policy.learn_keys(0, JWKS.as_bytes()).unwrap();
    assert_eq!([0; 3].map(|_| check(&policy, ID_TOKEN)), [SignatureCheck::Verified; 3]);
    policy.learn_keys(0, JWKS.as_bytes()).unwrap();
    assert_eq!(check(&policy, ID_TOKEN), SignatureCheck::Unchecked(Unchecked::Budget));
    policy.grant_checks(Timestamp::from_secs(2));
    assert_eq!(check(&policy, &forged(0)), SignatureCheck::Failed);
    for number in 1..=REMEMBERED {
        policy.checks.remember([u8::try_from(number).unwrap(); 32], SignatureCheck::Failed);
    }
    assert_eq!(policy.checks.recent.borrow().len(), REMEMBERED);
    assert_eq!(check(&policy, &forged(0)), SignatureCheck::Unchecked(Unchecked::Budget));
}

#[test]
fn a_quarter_of_the_checks_is_kept_for_what_browsers_carry() {
    let mut policy = policy(4);
    policy.learn_keys(0, JWKS.as_bytes()).unwrap();
    let spent = SignatureCheck::Unchecked(Unchecked::Budget);
    let by = |carrier| [0, 1, 2, 3].map(|number| check_of(&policy, &forged(number), carrier));
    let failed = SignatureCheck::Failed;
    assert_eq!(by(Carrier::Server), [failed, failed, failed, spent]);
    assert_eq!(by(Carrier::Browser), [failed; 4]);
    assert_eq!(check(&policy, ID_TOKEN), spent);
    assert_eq!(granted(1, Carrier::Server), 1);
}

/// The token with another signature for each number.
fn forged(number: usize) -> String {
    let (signed, signature) = ID_TOKEN.trim().rsplit_once('.').unwrap();
    format!("{signed}.{}{}", char::from(b'B' + u8::try_from(number).unwrap()), signature.get(1..).unwrap())
}

#[test]
fn a_key_that_is_missed_is_reported_once_and_costs_no_check() {
    let mut policy = policy(1);
    policy.learn_keys(0, JWKS.as_bytes()).unwrap();
    assert!(!policy.take_missed_key(0));
    let unknown = unsigned(r#"{"alg":"RS256","kid":"another"}"#);
    assert_eq!(check(&policy, &unknown), SignatureCheck::Unchecked(Unchecked::KeyUnknown));
    assert!(policy.take_missed_key(0) && !policy.take_missed_key(0));
    assert_eq!(check(&policy, ID_TOKEN), SignatureCheck::Verified);
}

#[test]
fn what_cannot_be_checked_says_why() {
    let policy = policy(20);
    for (token, why) in [
        (unsigned(r#"{"alg":"HS256"}"#), Unchecked::Algorithm),
        (unsigned(r#"{"alg":"none"}"#), Unchecked::Algorithm),
        (unsigned(r#"{"alg":7}"#), Unchecked::Algorithm),
        (unsigned(r#"{"alg":"RSA-OAEP"}"#) + ".AAAA.AAAA", Unchecked::Encrypted),
        (unsigned(r#"{"alg":"ES256"}"#), Unchecked::NoKeys),
    ] {
        assert_eq!(check(&policy, &token), SignatureCheck::Unchecked(why), "{token}");
    }
    assert_eq!(check(&self::policy(0), ID_TOKEN), SignatureCheck::Unchecked(Unchecked::Off));
}

#[test]
fn the_keys_path_is_configured_or_learned() {
    let mut configured = policy(20);
    assert_eq!(configured.keys_path(0).as_deref(), Some("/realms/acme/certs"));
    assert_eq!(configured.keys_path(1), None);
    assert_eq!(policy(0).keys_path(0), None);
    configured.issuers = Policy::new(
        vec![IssuerSettings { issuer: "https://idp.test".to_owned(), ..IssuerSettings::default() }],
        Limits::default(),
    )
    .unwrap()
    .issuers;
    assert_eq!(configured.keys_path(0), None);
    configured.learn(0, br#"{"issuer":"https://idp.test","jwks_uri":"https://idp.test/keys"}"#).unwrap();
    assert_eq!(configured.keys_path(0).as_deref(), Some("/keys"));
}
