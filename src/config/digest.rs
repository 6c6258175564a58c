//! The effective configuration as one canonical text, and its digest: two proxies that audit alike have the same, in
//! whatever order and with whatever defaults their configurations are written. Secrets stand in it as key ids.

use sha2::{Digest, Sha256};

use super::issuers::Issuer;
use super::settings::Settings;
use super::sinks::{HeaderKind, Sink};
use crate::oauth::{PartySettings, Side};
use crate::record::KeyRing;
use crate::rules::{Lifetimes, RuleSettings};

/// SHA-256 of the canonical effective configuration, hex.
pub(super) fn digest(settings: &Settings) -> String {
    let mut text = Canonical(Sha256::new());
    text.settings(settings);
    let digest = text.0.finalize();
    digest.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

/// One line per value, each `NAME LENGTH:VALUE`; lists say how many follow. No two configurations have the same lines.
struct Canonical(Sha256);

impl Canonical {
    fn settings(&mut self, settings: &Settings) {
        self.text("enabled", if settings.enabled { "true" } else { "false" });
        self.number("issuers", settings.issuers.len());
        settings.issuers.iter().for_each(|issuer| self.issuer(issuer));
        self.number("parties", settings.parties.len());
        settings.parties.iter().for_each(|party| self.party(&party.settings));
        self.number("sinks", settings.sinks.len());
        settings.sinks.iter().for_each(|sink| self.sink(sink));
        match &settings.rings {
            Some(rings) => {
                self.ring("join", &rings.join);
                self.ring("pseudonym", &rings.pseudonym);
                if let Some(key) = &rings.signing {
                    self.text("signing_key", key.id.as_str());
                }
            }
            None => self.text("keys", "ephemeral"),
        }
        self.text("signing", settings.signing.as_str());
        self.text("domain", settings.domain.as_deref().unwrap_or_default());
        self.text("beat_seconds", &settings.beat_seconds.to_string());
        self.text("profile", settings.privacy.profile.as_str());
        self.text("purpose", settings.privacy.purpose.as_deref().unwrap_or_default());
        self.number("trusted_hops", settings.privacy.trusted_hops.into());
        self.text("login_forms", settings.login_forms.as_str());
        self.text("interactions", if settings.interactions { "true" } else { "false" });
        self.rules(&settings.rules);
        self.number("memory", settings.memory);
        self.text("signature_checks", &settings.signature_checks.to_string());
        self.text("interval_ms", &settings.interval_ms.to_string());
        self.text("retain_seconds", &settings.retain_seconds.to_string());
        self.text("vantage", settings.vantage.map_or("auto", |vantage| vantage.as_str()));
    }

    fn rules(&mut self, rules: &RuleSettings) {
        self.texts("off", rules.off.iter().map(|rule| rule.as_str()));
        self.number("severity", rules.severity.len());
        rules.severity.iter().for_each(|(rule, severity)| self.text(rule.as_str(), severity.as_str()));
        self.text("baseline", rules.baseline.map_or("", |baseline| baseline.as_str()));
        self.text("plaintext", rules.plaintext.as_str());
        let Lifetimes { access_token, bound_access_token, id_token } = rules.lifetimes;
        [access_token, bound_access_token, id_token]
            .iter()
            .for_each(|seconds| self.text("lifetime", &seconds.to_string()));
        self.number("clients", rules.clients.len());
        for client in &rules.clients {
            self.text("id", &client.id);
            self.text("issuer", client.issuer.as_deref().unwrap_or_default());
            self.text("confidential", client.confidential.map_or("", |yes| if yes { "true" } else { "false" }));
            self.text("par_required", if client.par_required { "true" } else { "false" });
            let lists = [
                &client.redirect_uris,
                &client.post_logout_redirect_uris,
                &client.request_uris,
                &client.scopes,
                &client.audiences,
            ];
            lists.into_iter().for_each(|list| self.texts("list", list.iter().map(String::as_str)));
        }
    }

    fn issuer(&mut self, issuer: &Issuer) {
        self.text("issuer", &issuer.issuer);
        self.text("provider", issuer.provider.map_or("", |provider| provider.as_str()));
        self.text("profile", &issuer.profile_text);
        self.text("cluster", issuer.cluster.as_deref().unwrap_or_default());
        self.texts("authorities", issuer.authorities.iter().map(String::as_str));
        self.text("jar_semantics", issuer.jar_semantics.map_or("", |semantics| semantics.as_str()));
        self.text("mtls_oauth", if issuer.mtls_oauth { "yes" } else { "no" });
        self.number("endpoints", issuer.endpoints.len());
        issuer.endpoints.iter().for_each(|(kind, place)| self.text(kind.as_str(), place));
    }

    fn party(&mut self, party: &PartySettings) {
        self.text("side", if party.side == Side::ResourceServer { "resource_server" } else { "relying_party" });
        self.text("authority", &party.authority);
        self.text("issuer", party.issuer.as_deref().unwrap_or_default());
        self.number("endpoints", party.endpoints.0.len());
        party.endpoints.0.iter().for_each(|(kind, place)| self.text(kind.as_str(), place));
        self.texts("anonymous_paths", party.anonymous_paths.iter().map(String::as_str));
        self.texts("audiences", party.audiences.iter().map(String::as_str));
        self.text("missing_tokens", if party.missing_tokens { "true" } else { "false" });
    }

    /// Of a secret header the name alone: whether its value changed is not to be read off a digest.
    fn sink(&mut self, sink: &Sink) {
        self.text("cluster", &sink.cluster);
        self.text("name", &sink.name);
        self.text("path", &sink.path);
        self.text("authority", &sink.authority);
        self.number("headers", sink.headers.len());
        for header in &sink.headers {
            match header.kind {
                HeaderKind::Plain => self.text(&header.name, header.value.expose()),
                HeaderKind::Secret => self.text("secret", &header.name),
            }
        }
        self.text("content_type", &sink.content_type);
        self.number("accept", sink.accept.len());
        sink.accept.iter().for_each(|status| self.number("status", (*status).into()));
        self.text("timeout_ms", &sink.timeout_ms.to_string());
    }

    fn ring(&mut self, name: &str, ring: &KeyRing) {
        self.texts(name, std::iter::once(&ring.current).chain(&ring.previous).map(|key| key.id.as_str()));
    }

    fn texts<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str> + Clone) {
        self.number(name, values.clone().count());
        values.for_each(|value| self.text(name, value));
    }

    fn number(&mut self, name: &str, value: usize) {
        self.text(name, &value.to_string());
    }

    fn text(&mut self, name: &str, value: &str) {
        self.0.update(format!("{name} {}:", value.len()));
        self.0.update(value);
        self.0.update(b"\n");
    }
}
