//! Proofs of possession: DPoP proofs (RFC 9449 §4) and client certificates (RFC 8705 §3) on a request, and what of them
//! can be compared. Read, never verified: whether a proof is fresh, the rules say, who know when the exchange was.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::json::Object;
use super::jwt;
use super::links::{Links, octets};
use super::observation::{Comparison, DpopProof, LinkRole};
use super::scene::Scene;
use super::token_claims::Claims;
use crate::http::{Headers, RequestHead, UrlParts, normalise_path};
use crate::seen::{Malformation, Seen};
use std::borrow::Cow;

/// A proof of a request, and the key that it is for.
#[derive(Debug)]
pub(super) struct Proof<'a> {
    pub(super) facts: DpopProof<'a>,
    /// SHA-256 thumbprint of the proof's key (RFC 7638 §3).
    pub(super) jkt: Option<String>,
    jti: Seen<Cow<'a, str>>,
}

/// Reads the `DPoP` field of a request; `None` where there is none.
///
/// `access_token`: the token that the request carries, for `ath`; `None` at the token endpoint. `bound_to`: the `cnf.jkt`
/// of that token, or of the one that was issued. `is_own`: further authorities of this server, for `htu` names the one
/// that the client knows, whatever proxies made of it.
pub(super) fn read<'a>(
    head: &RequestHead,
    access_token: Option<&[u8]>,
    bound_to: Option<&str>,
    is_own: &dyn Fn(&[u8]) -> bool,
) -> Option<Proof<'a>> {
    let mut fields = head.headers.all("dpop");
    let first = fields.next()?;
    let several = fields.next().is_some();
    let Some(jwt) = jwt::read(first.trim_ascii()).filter(|_| !several) else {
        let malformed = if several { Malformation::Duplicate } else { Malformation::Type };
        let facts = DpopProof { alg: Seen::Malformed(malformed), ..DpopProof::default() };
        return Some(Proof { facts, jkt: None, jti: Seen::Absent });
    };
    let claims = jwt.claims.unwrap_or_default();
    let jwk = jwt.header.object("jwk");
    let jkt = jwk.and_then(thumbprint);
    let ath = |token: &[u8]| equal(claims.text("ath", TEXT), |ath| ath == hash(token));
    let facts = DpopProof {
        alg: jwt.header.text("alg", 64),
        ath: access_token.map(ath),
        bound: bound_to.map(|bound| if jkt.as_deref() == Some(bound) { Comparison::Right } else { Comparison::Wrong }),
        htm: Some(equal(claims.text("htm", TEXT), |htm| Some(htm.as_bytes()) == head.method())),
        htu: Some(equal(claims.text("htu", TEXT), |htu| is_target(head, htu, is_own))),
        iat: claims.date("iat"),
        jti: claims.has("jti"),
        jwk: Some(key_verdict(jwk, jkt.as_deref())),
        nonce: claims.has("nonce"),
        typ: Some(equal(jwt.header.text("typ", 64), |typ| typ.eq_ignore_ascii_case("dpop+jwt"))),
    };
    let jti = claims.text("jti", TEXT);
    Some(Proof { facts, jkt, jti })
}

impl<'a> Proof<'a> {
    /// `dpop`, and `dpjti` in the scope of the key.
    pub(super) fn link(&self, links: &mut Links<'a>) {
        let Some(jkt) = &self.jkt else { return };
        links.add(LinkRole::Dpop, "request.dpop", Seen::Present(Cow::Owned(jkt.clone().into_bytes())));
        links.add_scoped(LinkRole::Dpjti, "request.dpop.jti", Cow::Owned(jkt.clone()), self.jti.clone().map(octets));
    }
}

/// `cert`: the certificate that the client showed, where the issuer's clients show one, and that which the token is
/// bound to (RFC 8705 §3.1). One value where they are the same.
pub(super) fn link_certificates(scene: &Scene<'_>, access_token: Option<&Claims>, links: &mut Links<'_>) {
    let presented = certificate(&scene.decoded.request.headers).filter(|_| scene.issuer.mtls_oauth);
    let named = access_token.map(|claims| claims.confirmation("x5t#S256")).unwrap_or_default();
    if presented.as_deref() != named.as_ref().present().map(AsRef::as_ref) {
        links.add(LinkRole::Cert, "token.cnf", named.map(octets));
    }
    let presented = presented.map_or(Seen::Absent, |thumbprint| Seen::Present(Cow::Owned(thumbprint)));
    links.add(LinkRole::Cert, "request.certificate", presented.map(octets));
}

/// The certificate of the nearest client, as `x5t#S256` (RFC 8705 §3.1): from `Hash` of the last element of Envoy's
/// `x-forwarded-client-cert`.
pub(super) fn certificate(headers: &Headers) -> Option<String> {
    let nearest = headers.all("x-forwarded-client-cert").last()?;
    let mut quoted = false;
    let element = nearest.rsplit(|byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    let pair = |pair: &[u8]| {
        let (name, value) = pair.split_at_checked(HASH.len())?;
        name.trim_ascii_start().eq_ignore_ascii_case(HASH).then(|| of_hex(value.trim_ascii()))?
    };
    element.into_iter().next()?.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).find_map(pair)
}

/// SHA-256 of a JWK's required members (RFC 7638 §3.2), in base64url. `None` for another type of key, and for members
/// that are no base64url.
pub(super) fn thumbprint(jwk: &Object<'_>) -> Option<String> {
    let text = |name| jwk.text(name, KEY_MEMBER).present();
    let names: &[&str] = match text("kty")?.as_ref() {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let mut hasher = Sha256::new();
    for (index, name) in names.iter().enumerate() {
        let value = text(name)?;
        if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return None;
        }
        hasher.update(if index == 0 { "{\"" } else { ",\"" });
        hasher.update(name);
        hasher.update("\":\"");
        hasher.update(value.as_bytes());
        hasher.update("\"");
    }
    hasher.update("}");
    Some(URL_SAFE_NO_PAD.encode(hasher.finalize()))
}

fn equal(claim: Seen<Cow<'_, str>>, is_right: impl Fn(&str) -> bool) -> Comparison {
    match claim {
        Seen::Absent => Comparison::Missing,
        Seen::Present(text) if is_right(&text) => Comparison::Right,
        Seen::Present(_) | Seen::Malformed(_) => Comparison::Wrong,
    }
}

/// RFC 9449 §4.3 (7): a public key, and none that its holder should keep.
fn key_verdict(jwk: Option<&Object<'_>>, jkt: Option<&str>) -> Comparison {
    match (jwk, jkt) {
        (None, _) => Comparison::Missing,
        (Some(jwk), Some(_)) if !jwk.has("d") && !jwk.has("k") => Comparison::Right,
        (Some(_), _) => Comparison::Wrong,
    }
}

/// RFC 9449 §4.3 (9): without query and fragment, after normalisation. The scheme is not compared: TLS may end before us.
fn is_target(head: &RequestHead, htu: &str, is_own: &dyn Fn(&[u8]) -> bool) -> bool {
    let parts = UrlParts::read(htu.as_bytes());
    let Some(named) = parts.web_authority() else { return false };
    let authority = head.authority().unwrap_or_default();
    let same = named.matches(authority) || (is_own(authority) && is_own(parts.authority.unwrap_or_default()));
    let own = head.path().unwrap_or_default().split(|byte| *byte == b'?').next().unwrap_or_default();
    same && normalise_path(parts.path) == normalise_path(own)
}

/// RFC 9449 §4.2, `ath`.
fn hash(token: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

fn of_hex(text: &[u8]) -> Option<String> {
    let digits = str::from_utf8(text).ok()?.trim_matches('"');
    let digits: Option<Vec<u8>> =
        digits.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let bytes: Vec<u8> = digits?
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0_u8, |byte, digit| byte.wrapping_shl(4) | digit))
        .collect();
    (bytes.len() == 32).then(|| URL_SAFE_NO_PAD.encode(bytes))
}

const HASH: &[u8] = b"hash=";

/// Bytes of a claim.
const TEXT: usize = 8 * 1024;

/// Bytes of a member of a JWK: an RSA key of 16384 bits has 2731.
const KEY_MEMBER: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::super::json::read_object;
    use super::*;
    use proptest::prelude::*;

    fn head(path: &str, proofs: &[&str]) -> RequestHead {
        let mut pairs = vec![(":method", "POST"), (":authority", "server.example.com"), (":path", path)];
        pairs.extend(proofs.iter().map(|proof| ("dpop", *proof)));
        let owned = pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        RequestHead { headers: Headers::new(owned.collect()) }
    }

    /// RFC 9449 §4.1 and §7.1, as printed there.
    const OF_TOKEN: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    #[test]
    fn the_proof_of_rfc_9449_is_right_in_all_that_can_be_compared() {
        let proof = read(&head("/token?x", &[OF_TOKEN]), None, Some(JKT), &|_| false).unwrap();
        let right = Some(Comparison::Right);
        assert_eq!(proof.jkt.as_deref(), Some(JKT));
        let facts = proof.facts;
        assert_eq!([facts.htm, facts.htu, facts.typ, facts.jwk, facts.bound], [right; 5]);
        assert_eq!((facts.ath, facts.iat, facts.jti, facts.nonce), (None, Seen::Present(1_562_262_616), true, false));
    }

    #[test]
    fn what_differs_is_said() {
        let other = read(&head("/other", &[OF_TOKEN]), Some(b"token"), Some("x"), &|_| false).unwrap().facts;
        assert_eq!(
            (other.htu, other.ath, other.bound),
            (Some(Comparison::Wrong), Some(Comparison::Missing), Some(Comparison::Wrong))
        );
        let several = read(&head("/token", &[OF_TOKEN, OF_TOKEN]), None, None, &|_| false).unwrap();
        assert_eq!(several.facts.alg, Seen::Malformed(Malformation::Duplicate));
        assert_eq!(read(&head("/token", &["x"]), None, None, &|_| false).unwrap().jkt, None);
        assert!(read(&head("/token", &[]), None, None, &|_| false).is_none());
    }

    #[test]
    fn the_hash_of_a_token_is_that_of_rfc_9449() {
        let token = b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        assert_eq!(hash(token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        let print = |jwk: &str| thumbprint(&read_object(jwk.as_bytes()).unwrap());
        assert_eq!(print(rsa).as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
        assert_eq!(print(r#"{"kty":"oct","k":"AAAA"}"#), None);
        assert_eq!(print(r#"{"kty":"EC","crv":"P-256","x":"\"","y":"a"}"#), None);
    }

    #[test]
    fn a_certificate_is_that_of_the_last_hop() {
        let field = |value: &str| Headers::new(vec![(b"x-forwarded-client-cert".to_vec(), value.as_bytes().to_vec())]);
        let hash = "468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688";
        let expected = Some("Ro7TO-dO7mVW2QwBScEwnpumHWQlMDRDwHSKAt2N5og");
        for value in [
            format!("Hash={hash}"),
            format!(
                "By=spiffe://a;Hash={};Subject=\"CN=a,b\",By=spiffe://b;Hash={hash};URI=spiffe://c",
                "0".repeat(64)
            ),
            format!("Subject=\"x,Hash=y;\";hash={hash}"),
        ] {
            assert_eq!(certificate(&field(&value)).as_deref(), expected, "{value}");
        }
        for value in ["", "Hash=", "Hash=468e", "By=x", &format!("Hash={}", "g".repeat(64))] {
            assert_eq!(certificate(&field(value)), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(value in "\\PC{0,80}", proof in "[A-Za-z0-9_.=-]{0,120}") {
            let headers = Headers::new(vec![(b"x-forwarded-client-cert".to_vec(), value.into_bytes())]);
            let _ = (certificate(&headers), read(&head("/token", &[&proof]), Some(b"t"), Some("x"), &|_| true));
        }
    }
}
