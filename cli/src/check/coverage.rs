//! Which of the five things a proxy sees of an issuer, which not, and why: the vantage points of PROTOCOL §0.3.

use oidc_audit::oauth::Vantage;
use serde_json::Value;

use super::plugin::{Plugin, Site};
use super::report::{Covered, Seen, Sight};
use super::settings::issuers;
use super::tree::{any_type, list, objects, text};

/// What is seen of every issuer of a configuration. `chosen` wins over what the configuration and the site say.
pub(crate) fn coverage(
    plugin: &Plugin,
    configuration: &Value,
    document: &Value,
    chosen: Option<Vantage>,
) -> Vec<Covered> {
    let configured = text(configuration, &["vantage"]).and_then(Vantage::parse);
    let mut found = Vec::new();
    for (issuer, hosts) in issuers(configuration) {
        let points = match (chosen, configured) {
            (Some(vantage), _) => vec![(vantage, "by --vantage")],
            (None, Some(vantage)) => vec![(vantage, "by `vantage` in the configuration")],
            (None, None) => by_site(plugin.site).into_iter().chain(of_parties(plugin.site, configuration)).collect(),
        };
        if let (None, Some(blind)) = (chosen, blindness(document, &hosts)) {
            found.push(Covered {
                issuer,
                vantage: "none",
                because: blind.because,
                sees: nothing(blind.why),
                unless: None,
            });
            continue;
        }
        for (vantage, because) in points {
            found.push(Covered {
                issuer: issuer.clone(),
                vantage: vantage.as_str(),
                because,
                sees: sees(vantage),
                unless: unless(vantage),
            });
        }
    }
    found
}

fn by_site(site: Site) -> Vec<(Vantage, &'static str)> {
    match site {
        Site::Bare => vec![(Vantage::IdpIn, "assumed: a proxy in front of the provider; --vantage says otherwise")],
        Site::Envoy => vec![(Vantage::IdpIn, "a proxy that serves the issuer's authority")],
        Site::IstioGateway => vec![(Vantage::IdpIn, "a gateway that serves the issuer's authority")],
        Site::IstioSidecar { client, server } => {
            let inbound = server.then_some((Vantage::IdpIn, "inbound, in the provider's sidecar"));
            let outbound = client.then_some((Vantage::RpOut, "outbound, in a client's sidecar"));
            inbound.into_iter().chain(outbound).collect()
        }
    }
}

/// What clients and resource servers that are configured add.
fn of_parties(site: Site, configuration: &Value) -> Vec<(Vantage, &'static str)> {
    let has = |name: &str| !list(configuration, &[name]).is_empty();
    let (clients, servers) = (has("relying_parties"), has("resource_servers"));
    let (inbound, outbound) = match site {
        Site::IstioSidecar { server, .. } => (server, server),
        Site::Bare | Site::Envoy | Site::IstioGateway => (true, false),
    };
    let points = [
        (inbound && clients, (Vantage::RpIn, "in front of a configured relying party")),
        (inbound && servers, (Vantage::RsIn, "in front of a configured resource server")),
        (outbound && (clients || servers), (Vantage::IdpOut, "outbound, from a provider to those that are configured")),
    ];
    points.into_iter().filter_map(|(there, point)| there.then_some(point)).collect()
}

fn sees(vantage: Vantage) -> Vec<Sight> {
    let table = match vantage {
        Vantage::Edge | Vantage::IdpIn => IN_FRONT_OF_THE_PROVIDER,
        Vantage::RpOut => BEHIND_THE_CLIENT,
        Vantage::IdpOut => BEHIND_THE_PROVIDER,
        Vantage::RpIn => IN_FRONT_OF_THE_CLIENT,
        Vantage::RsIn => IN_FRONT_OF_THE_RESOURCE,
    };
    let rows = THINGS.iter().zip(table);
    rows.map(|(what, (seen, why))| Sight { what, seen, why }).collect()
}

/// What takes even that away.
fn unless(vantage: Vantage) -> Option<&'static str> {
    (vantage == Vantage::RpOut).then_some(
        "nothing of it if the client opens TLS to the provider itself: let it speak plain HTTP to this proxy, and this \
         proxy open TLS",
    )
}

fn nothing(why: &'static str) -> Vec<Sight> {
    THINGS.iter().map(|what| Sight { what, seen: Seen::No, why }).collect()
}

struct Blind {
    because: &'static str,
    why: &'static str,
}

/// Whether the traffic of these hosts passes this proxy unread, or does not pass it at all.
fn blindness(document: &Value, hosts: &[String]) -> Option<Blind> {
    let all = objects(document);
    let serves = |pattern: &Value| pattern.as_str().is_some_and(|pattern| hosts.iter().any(|host| fits(pattern, host)));
    let passed = all.iter().any(|(_, chain)| {
        let filters = list(chain, &["filters"]);
        let has = |name: &str| {
            filters.iter().any(|f| f.get("typed_config").and_then(any_type).is_some_and(|t| t.ends_with(name)))
        };
        let named = list(chain, &["filter_chain_match", "server_names"]).iter().any(serves);
        named && has(".TcpProxy") && !has(".HttpConnectionManager")
    });
    if passed {
        let why = "its TLS passes through unopened: end TLS here, or audit where it ends";
        return Some(Blind { because: "a TCP proxy by server name", why });
    }
    let domains: Vec<_> = all.iter().flat_map(|(_, host)| list(host, &["domains"])).collect();
    let dynamic = all.iter().any(|(_, manager)| manager.get("rds").is_some());
    (!dynamic && !domains.is_empty() && !domains.into_iter().any(serves)).then_some(Blind {
        because: "no virtual host here serves the issuer's authority",
        why: "no request for it passes here: name the authority that this proxy serves in `authorities`",
    })
}

/// Envoy's patterns of domains: `*`, `*.suffix`, `prefix.*`, a name with or without port.
fn fits(pattern: &str, host: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let name = pattern.rsplit_once(':').map_or(pattern.as_str(), |(name, _)| name);
    match (name.strip_prefix('*'), name.strip_suffix('*')) {
        (Some(suffix), _) => host.ends_with(suffix),
        (None, Some(prefix)) => host.starts_with(prefix),
        (None, None) => name == host,
    }
}

const THINGS: [&str; 5] = [
    "authorization requests",
    "token issuance and refresh",
    "ID token claims and identity",
    "failed authentication and errors",
    "logout",
];

const IN_FRONT_OF_THE_PROVIDER: [(Seen, &str); 5] = [
    (Seen::Yes, "they arrive at the authorization endpoint"),
    (Seen::Yes, "at the token endpoint; implicit and hybrid ones in the authorization response"),
    (Seen::Yes, "ID tokens where they are issued, and userinfo"),
    (
        Seen::Part,
        "every OAuth error and refused client; not a wrong password in a login form: that is no OAuth message",
    ),
    (Seen::Yes, "at the end-session endpoint"),
];

const BEHIND_THE_CLIENT: [(Seen, &str); 5] = [
    (Seen::No, "the browser goes to the provider directly, past this proxy"),
    (Seen::Yes, "the client's token requests pass here"),
    (Seen::Yes, "ID tokens in token responses, and userinfo"),
    (Seen::Part, "errors of the token endpoint and refused clients; failed logins stay between browser and provider"),
    (Seen::No, "the browser goes to the end-session endpoint directly"),
];

const BEHIND_THE_PROVIDER: [(Seen, &str); 5] = [
    (Seen::Part, "request objects that the provider fetches; the requests themselves arrive elsewhere"),
    (Seen::Part, "tokens that are pushed to clients; all others are answers at the token endpoint"),
    (Seen::Part, "ID tokens that are pushed, and subjects of logout tokens and security events"),
    (Seen::Part, "errors that are pushed to clients"),
    (Seen::Part, "back-channel logout and security events; not the logout that caused them"),
];

const IN_FRONT_OF_THE_CLIENT: [(Seen, &str); 5] = [
    (Seen::Part, "where the client sends the browser to the provider; not whether it arrived there"),
    (Seen::No, "codes arrive here, but the client's token requests leave by another way"),
    (Seen::Part, "ID tokens that a form brings, which anybody can write"),
    (Seen::Part, "errors that come back to the client; failed logins stay between browser and provider"),
    (
        Seen::Yes,
        "where it begins, where it returns, and front- and back-channel logout of the endpoints that are configured",
    ),
];

const IN_FRONT_OF_THE_RESOURCE: [(Seen, &str); 5] = [
    (Seen::No, "they do not pass here"),
    (Seen::No, "only the use of access tokens is seen here"),
    (Seen::Part, "claims of access tokens that are JWTs, as their callers present them"),
    (Seen::Part, "access tokens that are refused"),
    (Seen::Part, "security events that are pushed to a configured `set_receiver`"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn domains_are_matched_as_envoy_does() {
        for (pattern, host, expected) in [
            ("*", "idp.example", true),
            ("*.example", "idp.example", true),
            ("*.example", "example", false),
            ("idp.*", "idp.example", true),
            ("IdP.example:443", "idp.example", true),
            ("app.example", "idp.example", false),
        ] {
            assert_eq!(fits(pattern, host), expected, "{pattern} {host}");
        }
    }

    #[test]
    fn tls_that_passes_through_is_seen_by_nobody() {
        let chain = |filter: &str| {
            json!({
                "filter_chain_match": {"server_names": ["idp.example"]},
                "filters": [{"typed_config": {"@type": format!("type.googleapis.com/envoy.{filter}")}}],
            })
        };
        let hosts = ["idp.example".to_owned()];
        assert!(blindness(&chain("TcpProxy"), &hosts).is_some());
        assert!(blindness(&chain("HttpConnectionManager"), &hosts).is_none());
        assert!(blindness(&chain("TcpProxy"), &["other.example".to_owned()]).is_none());
    }

    #[test]
    fn the_vantages_of_a_sidecar_are_told_apart() {
        let seen = |vantage| sees(vantage).iter().map(|sight| sight.seen).collect::<Vec<_>>();
        assert_eq!(seen(Vantage::IdpIn), [Seen::Yes, Seen::Yes, Seen::Yes, Seen::Part, Seen::Yes]);
        assert_eq!(seen(Vantage::RpOut), [Seen::No, Seen::Yes, Seen::Yes, Seen::Part, Seen::No]);
    }

    #[test]
    fn configured_clients_and_resource_servers_add_their_vantages() {
        let both = json!({"relying_parties": [{"authority": "app.example"}], "resource_servers": [{"authority": "api.example"}]});
        let points = |site| of_parties(site, &both).into_iter().map(|(vantage, _)| vantage).collect::<Vec<_>>();
        assert_eq!(points(Site::Envoy), [Vantage::RpIn, Vantage::RsIn]);
        let sidecar = Site::IstioSidecar { client: true, server: true };
        assert_eq!(points(sidecar), [Vantage::RpIn, Vantage::RsIn, Vantage::IdpOut]);
        assert_eq!(points(Site::IstioSidecar { client: true, server: false }), []);
        assert_eq!(of_parties(Site::Envoy, &json!({})), []);
    }
}
