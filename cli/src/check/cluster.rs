//! The clusters that records, metadata and keys travel to: whether they exist, and whether nobody on the way can read or
//! answer in their place.

use std::net::IpAddr;

use serde_json::Value;

use super::tree::{any_type, list, member, objects, path, text};

/// What is wrong with how a cluster is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Weakness {
    AcceptsUntrusted,
    NoSanMatch,
    NoTls,
    NoTrustedCa,
    Undefined,
}

impl Weakness {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::AcceptsUntrusted => {
                "its TLS accepts untrusted certificates (trust_chain_verification: ACCEPT_UNTRUSTED): anybody can answer"
            }
            Self::NoSanMatch => {
                "its TLS does not check whose certificate it is: any certificate of that authority will do; set \
                 match_typed_subject_alt_names beside trusted_ca"
            }
            Self::NoTls => {
                "is off loopback and has no TLS: everybody on the way can read and change what is sent; set \
                 transport_socket with UpstreamTlsContext, trusted_ca and match_typed_subject_alt_names"
            }
            Self::NoTrustedCa => {
                "its TLS checks no certificate, since there is no trusted_ca: anybody on the way can answer; set \
                 validation_context.trusted_ca"
            }
            Self::Undefined => "is not defined here: every call to it fails at once",
        }
    }
}

/// The clusters of a bootstrap or `config_dump`.
#[derive(Debug)]
pub(crate) struct Clusters<'a> {
    found: Vec<&'a Value>,
    /// There may be more of them than can be seen.
    pub(crate) open: bool,
}

impl<'a> Clusters<'a> {
    /// Every cluster that a document defines, wherever.
    pub(crate) fn of(document: &'a Value) -> Self {
        let every = objects(document);
        let found: Vec<_> =
            every.iter().filter(|(pointer, object)| is_cluster(pointer, object)).map(|(_, object)| *object).collect();
        let by_cds = ["ads_config", "cds_config"];
        let by_cds = by_cds.iter().any(|name| path(document, &["dynamic_resources", name]).is_some());
        // A bootstrap without CDS, and a dump that shows clusters, show all of them.
        let dumped = !list(document, &["configs"]).is_empty() && !found.is_empty();
        let whole = dumped || (member(document, "static_resources").is_some() && !by_cds);
        Self { found, open: !whole }
    }

    pub(crate) fn named(&self, name: &str) -> Option<&'a Value> {
        self.found.iter().find(|cluster| text(cluster, &["name"]) == Some(name)).copied()
    }
}

/// Everything that is weak about a cluster; nothing for one that never leaves the machine.
pub(crate) fn weaknesses(cluster: &Value) -> Vec<Weakness> {
    if stays_here(cluster) {
        return Vec::new();
    }
    let matches =
        list(cluster, &["transport_socket_matches"]).iter().filter_map(|entry| member(entry, "transport_socket"));
    let sockets: Vec<_> = member(cluster, "transport_socket").into_iter().chain(matches).collect();
    if sockets.is_empty() {
        return vec![Weakness::NoTls];
    }
    let mut found: Vec<_> = sockets.into_iter().flat_map(of_socket).collect();
    found.dedup();
    found
}

/// Whether it speaks HTTP/2.
pub(crate) fn speaks_http2(cluster: &Value) -> bool {
    let options = member(cluster, "typed_extension_protocol_options");
    let options = options.and_then(|options| options.get("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"));
    let by_extension = options.is_some_and(|options| {
        path(options, &["explicit_http_config", "http2_protocol_options"]).is_some()
            || member(options, "auto_config").is_some()
            || path(options, &["use_downstream_protocol_config", "http2_protocol_options"]).is_some()
    });
    by_extension || member(cluster, "http2_protocol_options").is_some()
}

fn is_cluster(pointer: &str, object: &Value) -> bool {
    let mut names = pointer.rsplit('/');
    let (last, above) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let placed = last == "cluster" || above == "clusters";
    let typed = any_type(object) == Some("envoy.config.cluster.v3.Cluster");
    let shaped = ["load_assignment", "connect_timeout", "type", "cluster_type", "eds_cluster_config"];
    text(object, &["name"]).is_some() && (typed || (placed && shaped.iter().any(|name| member(object, name).is_some())))
}

/// Whether every endpoint is on this machine, as far as can be known.
fn stays_here(cluster: &Value) -> bool {
    let localities = list(cluster, &["load_assignment", "endpoints"]);
    let endpoints: Vec<_> = localities.iter().flat_map(|locality| list(locality, &["lb_endpoints"])).collect();
    !endpoints.is_empty() && endpoints.iter().all(|endpoint| is_local(path(endpoint, &["endpoint", "address"])))
}

fn is_local(address: Option<&Value>) -> bool {
    let Some(address) = address else { return false };
    if member(address, "pipe").is_some() {
        return true;
    }
    let host = text(address, &["socket_address", "address"]).unwrap_or_default();
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn of_socket(socket: &Value) -> Vec<Weakness> {
    let Some(config) = member(socket, "typed_config") else { return vec![Weakness::NoTls] };
    // Sockets around others (tap, proxy_protocol, tcp_stats), and QUIC, hold the context one level deeper.
    if let Some(inner) = member(config, "transport_socket") {
        return of_socket(inner);
    }
    let context = member(config, "upstream_tls_context").unwrap_or(config);
    match context.get("common_tls_context").is_some() || context.get("commonTlsContext").is_some() {
        true => of_context(context),
        false if any_type(config).is_some_and(|name| name.ends_with(".UpstreamTlsContext")) => {
            vec![Weakness::NoTrustedCa]
        }
        false => vec![Weakness::NoTls],
    }
}

fn of_context(context: &Value) -> Vec<Weakness> {
    let common = member(context, "common_tls_context").unwrap_or(&Value::Null);
    let combined = member(common, "combined_validation_context");
    let default = combined.and_then(|combined| member(combined, "default_validation_context"));
    let from_sds = member(common, "validation_context_sds_secret_config")
        .or_else(|| combined.and_then(|combined| member(combined, "validation_context_sds_secret_config")));
    let Some(validation) = member(common, "validation_context").or(default) else {
        // A context that comes whole by SDS cannot be seen here, and it is the place for both checks.
        return if from_sds.is_some() { Vec::new() } else { vec![Weakness::NoTrustedCa] };
    };
    let mut found = Vec::new();
    if text(validation, &["trust_chain_verification"]) == Some("ACCEPT_UNTRUSTED") {
        found.push(Weakness::AcceptsUntrusted);
    }
    let trusted = ["trusted_ca", "system_root_certs", "ca_certificate_provider_instance"];
    if from_sds.is_none() && trusted.iter().all(|name| member(validation, name).is_none()) {
        found.push(Weakness::NoTrustedCa);
    }
    let named = ["match_typed_subject_alt_names", "match_subject_alt_names"];
    let by_sni = member(context, "auto_sni_san_validation").and_then(Value::as_bool) == Some(true);
    if !by_sni && named.iter().all(|name| list(validation, &[name]).is_empty()) {
        found.push(Weakness::NoSanMatch);
    }
    found
}
