//! What a token's claims say beside its message: the right issuer and audience, and hashes of what came with it (OIDC
//! Core §3.1.3.7, §3.3.2.11). Facts for the record and for findings; nothing here refuses anything.
//!
//! Times are not compared with a clock here: the record has them, and the rules know when the exchange was.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::json::{Json, Object};
use super::observation::{Comparison, TokenChecks};
use crate::http::UrlParts;
use crate::seen::Seen;

/// What came with a token, as far as it was seen.
#[derive(Clone, Copy, Default)]
pub(super) struct Companions<'c> {
    /// The issuer whose endpoint it came from.
    pub(super) issuer: Option<&'c str>,
    /// The client that it was made for.
    pub(super) client: Option<&'c str>,
    /// `access_token` of the same response.
    pub(super) access_token: Option<&'c [u8]>,
    /// `code` of the same response.
    pub(super) code: Option<&'c [u8]>,
    /// `state` of the same response.
    pub(super) oauth_state: Option<&'c [u8]>,
    /// `nonce` of the request in the same exchange.
    pub(super) oidc_nonce: Option<&'c [u8]>,
}

/// Compares the claims of a token with its companions. `signature`: its third part, for `EdDSA` does not name the curve.
pub(super) fn check(claims: &Object<'_>, alg: &str, signature: &[u8], with: &Companions<'_>) -> TokenChecks {
    let hash =
        |claim: &str, value: Option<&[u8]>| value.map(|value| hash_verdict(claims, claim, alg, signature, value));
    let nonce = |nonce: &[u8]| equal(claims.text("nonce", TEXT), |text| text.as_bytes() == nonce);
    TokenChecks {
        at_hash: hash("at_hash", with.access_token),
        aud: with.client.map(|client| audience(claims, client)),
        azp: with.client.and_then(|client| authorized_party(claims, client)),
        c_hash: hash("c_hash", with.code),
        exp: lifetime(claims),
        iss: with.issuer.map(|issuer| equal(claims.text("iss", TEXT), |iss| is_same_issuer(issuer, iss))),
        nonce: with.oidc_nonce.map(nonce),
        s_hash: hash("s_hash", with.oauth_state).filter(|_| claims.has("s_hash")),
    }
}

fn equal(claim: Seen<std::borrow::Cow<'_, str>>, is_right: impl Fn(&str) -> bool) -> Comparison {
    match claim {
        Seen::Absent => Comparison::Missing,
        Seen::Present(text) if is_right(&text) => Comparison::Right,
        Seen::Present(_) | Seen::Malformed(_) => Comparison::Wrong,
    }
}

/// `aud`, with the one that it must hold.
pub(super) fn audience(claims: &Object<'_>, client: &str) -> Comparison {
    match claims.texts("aud", AUDIENCES) {
        Seen::Absent => Comparison::Missing,
        Seen::Present(all) if all.iter().any(|one| one == client) => Comparison::Right,
        Seen::Present(_) | Seen::Malformed(_) => Comparison::Wrong,
    }
}

/// OIDC Core §3.1.3.7 (4), (5): needed beside several audiences.
fn authorized_party(claims: &Object<'_>, client: &str) -> Option<Comparison> {
    let several = matches!(claims.get("aud"), Seen::Present(Json::List(items)) if items.len() > 1);
    let verdict = equal(claims.text("azp", TEXT), |party| party == client);
    (verdict != Comparison::Missing || several).then_some(verdict)
}

/// `exp`: wrong for a token that ends before it begins.
pub(super) fn lifetime(claims: &Object<'_>) -> Option<Comparison> {
    match (claims.date("iat"), claims.date("exp")) {
        (Seen::Present(iat), Seen::Present(exp)) if exp <= iat => Some(Comparison::Wrong),
        (_, Seen::Present(_)) => Some(Comparison::Right),
        (_, Seen::Absent) => Some(Comparison::Missing),
        (_, Seen::Malformed(_)) => Some(Comparison::Wrong),
    }
}

fn hash_verdict(claims: &Object<'_>, claim: &str, alg: &str, signature: &[u8], value: &[u8]) -> Comparison {
    let claimed = claims.text(claim, TEXT);
    if claimed.is_absent() {
        return Comparison::Missing;
    }
    match half_hash(alg, signature, value) {
        Some(expected) => equal(claimed, |text| text.trim_end_matches('=') == expected),
        None => Comparison::Unchecked,
    }
}

/// The left half of the hash of the token's own algorithm, in base64url (OIDC Core §3.1.3.6). `None` for an algorithm
/// that we do not know, and for Ed448, whose SHAKE256 is not built in.
pub(super) fn half_hash(alg: &str, signature: &[u8], value: &[u8]) -> Option<String> {
    let left = |hash: &[u8]| URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default());
    let known = ["RS", "PS", "ES", "HS"].iter().find_map(|family| alg.strip_prefix(family));
    match (known, alg) {
        (Some("256" | "256K"), _) => Some(left(&Sha256::digest(value))),
        (Some("384"), _) => Some(left(&Sha384::digest(value))),
        (Some("512"), _) | (_, "Ed25519") => Some(left(&Sha512::digest(value))),
        (_, "EdDSA") if signature.len() < ED448_SIGNATURE => Some(left(&Sha512::digest(value))),
        _ => None,
    }
}

/// Issuers that name themselves in two ways: Google with and without scheme, Entra by version of the endpoint.
fn is_same_issuer(expected: &str, named: &str) -> bool {
    expected == named
        || (expected == GOOGLE && GOOGLE.strip_prefix("https://") == Some(named))
        || entra_tenant(expected).is_some_and(|tenant| {
            let shared = ["common", "organizations", "consumers"].iter().any(|shared| shared.as_bytes() == tenant);
            entra_tenant(named).is_some_and(|named| named == tenant || shared)
        })
}

/// The first segment of the path of an issuer on Entra's hosts.
fn entra_tenant(issuer: &str) -> Option<&[u8]> {
    let parts = UrlParts::read(issuer.as_bytes());
    let host = parts.host()?;
    let entra = [b"login.microsoftonline.com".as_slice(), b"sts.windows.net"].contains(&host);
    parts.path.strip_prefix(b"/")?.split(|byte| *byte == b'/').next().filter(|_| entra)
}

const GOOGLE: &str = "https://accounts.google.com";

/// Bytes of a claim.
const TEXT: usize = 8 * 1024;

/// PROTOCOL §2.9, `aud`.
const AUDIENCES: usize = 16;

/// Characters of an Ed448 signature in base64url; one of Ed25519 has 86.
const ED448_SIGNATURE: usize = 152;

#[cfg(test)]
mod tests {
    use super::super::json::read_object;
    use super::*;

    /// OIDC token hashes, computed apart from this code.
    #[test]
    fn the_hash_is_that_of_the_algorithm() {
        let token = b"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let code = b"Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        for (alg, value, expected) in [
            ("RS256", token.as_slice(), Some("77QmUPtjPfzWtF2AnpK9RQ")),
            ("ES384", token, Some("jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs")),
            ("PS512", token, Some("q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM")),
            ("Ed25519", token, Some("q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM")),
            ("EdDSA", token, Some("q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM")),
            ("RS256", code, Some("LDktKdoQak3Pk0cnXxCltA")),
            ("Ed448", token, None),
            ("none", token, None),
            ("RS999", token, None),
        ] {
            assert_eq!(half_hash(alg, &[0; 86], value).as_deref(), expected, "{alg}");
        }
        assert_eq!(half_hash("EdDSA", &[0; 152], token), None);
    }

    fn of(claims: &str, with: &Companions<'_>) -> TokenChecks {
        check(&read_object(claims.as_bytes()).unwrap(), "RS256", b"", with)
    }

    #[test]
    fn each_claim_has_its_own_verdict() {
        let with = Companions { issuer: Some("https://I"), client: Some("web"), ..Companions::default() };
        let checks = of(r#"{"iss":"https://I","aud":["web","b"],"exp":5,"iat":9}"#, &with);
        let expected = TokenChecks {
            iss: Some(Comparison::Right),
            aud: Some(Comparison::Right),
            azp: Some(Comparison::Missing),
            exp: Some(Comparison::Wrong),
            ..TokenChecks::default()
        };
        assert_eq!(checks, expected);
        let with = Companions { oidc_nonce: Some(b"n"), access_token: Some(b"t"), ..with };
        let checks = of(r#"{"iss":7,"aud":"other","azp":"b","nonce":"m","at_hash":"x"}"#, &with);
        let expected = TokenChecks {
            iss: Some(Comparison::Wrong),
            aud: Some(Comparison::Wrong),
            azp: Some(Comparison::Wrong),
            exp: Some(Comparison::Missing),
            nonce: Some(Comparison::Wrong),
            at_hash: Some(Comparison::Wrong),
            ..TokenChecks::default()
        };
        assert_eq!(checks, expected);
    }

    #[test]
    fn what_was_not_seen_has_no_verdict() {
        let expected = TokenChecks { exp: Some(Comparison::Right), ..TokenChecks::default() };
        assert_eq!(of(r#"{"iss":"x","exp":9,"at_hash":"a","c_hash":"b"}"#, &Companions::default()), expected);
    }

    #[test]
    fn google_and_entra_name_themselves_in_two_ways() {
        let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        let v1 = format!("https://sts.windows.net/{tenant}/");
        let v2 = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        assert!(is_same_issuer(&v2, &v1) && is_same_issuer("https://login.microsoftonline.com/common/v2.0", &v2));
        assert!(is_same_issuer(GOOGLE, "accounts.google.com"));
        assert!(!is_same_issuer(&v2, "https://sts.windows.net/another/"));
        assert!(!is_same_issuer("https://idp.test", "idp.test") && !is_same_issuer(&v2, "https://evil.test/common/"));
    }
}
