//! The effective configuration as one canonical text, and its digest: two proxies that audit alike have the same, in
//! whatever order and with whatever defaults their configurations are written. Secrets stand in it as key ids.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::issuers::Issuer;
use super::secrets::Rings;
use super::settings::Settings;
use super::sinks::Sink;
use crate::oauth::LoginForms;
use crate::record::KeyRing;

/// SHA-256 of the canonical effective configuration, hex.
pub(super) fn digest(settings: &Settings) -> String {
    // Members of a `Map` are sorted, its numbers are whole: this is the form of RFC 8785.
    let text = effective(settings).to_string();
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

fn effective(settings: &Settings) -> Value {
    let login_forms = match settings.login_forms {
        LoginForms::Off => "off",
        LoginForms::Outcome => "outcome",
        LoginForms::Username => "username",
    };
    json!({
        "capture": {"login_forms": login_forms},
        "delivery": {"interval_ms": settings.interval_ms, "retain_seconds": settings.retain_seconds},
        "enabled": settings.enabled,
        "issuers": settings.issuers.iter().map(issuer).collect::<Vec<_>>(),
        "keys": settings.rings.as_ref().map_or(json!("ephemeral"), rings),
        "limits": {"memory": settings.memory},
        "privacy": {
            "profile": settings.privacy.profile.as_str(),
            "purpose": settings.privacy.purpose,
            "trusted_hops": settings.privacy.trusted_hops,
        },
        "sinks": settings.sinks.iter().map(sink).collect::<Vec<_>>(),
        "vantage": settings.vantage.map_or("auto", |vantage| vantage.as_str()),
    })
}

fn issuer(issuer: &Issuer) -> Value {
    let endpoints = issuer.endpoints.iter().map(|(kind, place)| (kind.as_str().to_owned(), json!(place)));
    json!({
        "authorities": issuer.authorities,
        "cluster": issuer.cluster,
        "endpoints": endpoints.collect::<Map<_, _>>(),
        "issuer": issuer.issuer,
        "provider": issuer.provider.map(|provider| provider.as_str()),
    })
}

fn rings(rings: &Rings) -> Value {
    json!({"join": ids(&rings.join), "pseudonym": ids(&rings.pseudonym)})
}

fn ids(ring: &KeyRing) -> Value {
    std::iter::once(&ring.current).chain(&ring.previous).map(|key| json!(key.id.as_str())).collect()
}

fn sink(sink: &Sink) -> Value {
    // Of a secret header the name alone: whether it changed is not to be read off a digest.
    let mut secret: Vec<&str> = sink.secret_headers.iter().map(|(name, _)| name.as_str()).collect();
    secret.sort_unstable();
    json!({
        "accept": sink.accept,
        "authority": sink.authority,
        "cluster": sink.cluster,
        "content_type": sink.content_type,
        "format": "json_lines",
        "headers": sink.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>(),
        "name": sink.name,
        "path": sink.path,
        "secret_headers": secret,
        "timeout_ms": sink.timeout_ms,
    })
}
