//! Clusters of an Istio mesh: what the manifests beside the plugin say of the service behind one.

use serde_json::Value;

use super::tree::{list, member, path, text};

/// How a service is reached, as far as the manifests show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reached {
    /// By the mesh's own mutual TLS, or by TLS that checks authority and name.
    Safely,
    /// Nothing here says.
    Unknown,
    Weakly(&'static str),
}

/// What `documents` say of a cluster `outbound|PORT|SUBSET|HOST`.
pub(crate) fn reached(documents: &[Value], cluster: &str) -> Reached {
    let Some(host) = cluster.strip_prefix("outbound|").and_then(|rest| rest.rsplit('|').next()) else {
        return Reached::Unknown;
    };
    let of_kind = |kind: &'static str| documents.iter().filter(move |document| text(document, &["kind"]) == Some(kind));
    let rule = of_kind("DestinationRule").find(|rule| text(rule, &["spec", "host"]) == Some(host));
    if let Some(tls) = rule.and_then(|rule| path(rule, &["spec", "traffic_policy", "tls"])) {
        return of_tls(tls);
    }
    let outside = of_kind("ServiceEntry").any(|entry| {
        let hosts = list(entry, &["spec", "hosts"]);
        hosts.iter().any(|named| named.as_str() == Some(host))
            && text(entry, &["spec", "location"]) != Some("MESH_INTERNAL")
    });
    match outside {
        true => Reached::Weakly(
            "is outside the mesh and has no TLS: everybody on the way can read and change what is sent; add a \
             DestinationRule with tls mode SIMPLE, caCertificates and subjectAltNames",
        ),
        false => Reached::Unknown,
    }
}

fn of_tls(tls: &Value) -> Reached {
    let verified = member(tls, "ca_certificates").is_some() || member(tls, "credential_name").is_some();
    match text(tls, &["mode"]) {
        Some("ISTIO_MUTUAL") => Reached::Safely,
        Some("MUTUAL" | "SIMPLE") if member(tls, "insecure_skip_verify").and_then(Value::as_bool) == Some(true) => {
            Reached::Weakly("its TLS checks no certificate (insecureSkipVerify): anybody on the way can answer")
        }
        Some("MUTUAL" | "SIMPLE") if !verified => {
            Reached::Weakly("its DestinationRule names no certificate authority: set caCertificates or credentialName")
        }
        Some("MUTUAL" | "SIMPLE") if list(tls, &["subject_alt_names"]).is_empty() => {
            Reached::Weakly("its DestinationRule does not check whose certificate it is: set subjectAltNames")
        }
        Some("MUTUAL" | "SIMPLE") => Reached::Safely,
        _ => {
            Reached::Weakly("its DestinationRule turns TLS off: everybody on the way can read and change what is sent")
        }
    }
}
