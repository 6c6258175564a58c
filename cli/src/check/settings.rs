//! What a deployment is checked for, read from the raw configuration: so that one mistake in it hides no other.

use serde_json::Value;

use super::tree::{list, objects, text};

/// A cluster that the filter calls.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Called {
    pub(crate) cluster: String,
    /// JSON pointer of its name.
    pub(crate) pointer: String,
    pub(crate) purpose: Purpose,
}

/// What travels to a cluster.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// Metadata and keys of an issuer come from it.
    Metadata,
    Records,
}

/// Every cluster that a configuration names.
pub(crate) fn called(configuration: &Value) -> Vec<Called> {
    let of = |list_name: &'static str, purpose| {
        let entries = list(configuration, &[list_name]).iter().enumerate();
        entries.filter_map(move |(index, entry)| {
            let cluster = text(entry, &["cluster"])?.to_owned();
            Some(Called { cluster, pointer: format!("/{list_name}/{index}/cluster"), purpose })
        })
    };
    of("sinks", Purpose::Records).chain(of("issuers", Purpose::Metadata)).collect()
}

/// Every environment variable that a configuration names, with its JSON pointer.
pub(crate) fn variables(configuration: &Value) -> Vec<(String, String)> {
    let found = objects(configuration).into_iter();
    found
        .filter_map(|(pointer, object)| Some((format!("{pointer}/env"), object.get("env")?.as_str()?.to_owned())))
        .collect()
}

/// The issuers and all hosts that are theirs.
pub(crate) fn issuers(configuration: &Value) -> Vec<(String, Vec<String>)> {
    let entries = list(configuration, &["issuers"]).iter();
    let found = entries.filter_map(|entry| {
        let issuer = text(entry, &["issuer"])?;
        let own = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
        let own = own.split(['/', '?', '#']).next().unwrap_or_default();
        let more = list(entry, &["authorities"]).iter().filter_map(Value::as_str);
        Some((issuer.to_owned(), std::iter::once(own).chain(more).map(host).collect()))
    });
    found.collect()
}

/// Without a port, in lower case.
fn host(authority: &str) -> String {
    let without = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    without.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issuer_has_the_host_of_its_url_and_those_that_are_named() {
        let configuration =
            json!({"issuers": [{"issuer": "https://IdP.example:8443/realms/a", "authorities": ["b:80", "c"]}]});
        let hosts = ["idp.example", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(issuers(&configuration), [("https://IdP.example:8443/realms/a".to_owned(), hosts)]);
    }

    #[test]
    fn sinks_and_issuers_name_clusters_and_secrets_name_variables() {
        let configuration = json!({
            "issuers": [{"cluster": "idp"}, {}],
            "sinks": [{"cluster": "log", "bearer": {"env": "T"}}],
        });
        let found = called(&configuration);
        let pointers: Vec<_> = found.iter().map(|called| (called.pointer.as_str(), called.purpose)).collect();
        assert_eq!(pointers, [("/sinks/0/cluster", Purpose::Records), ("/issuers/0/cluster", Purpose::Metadata)]);
        assert_eq!(variables(&configuration), [("/sinks/0/bearer/env".to_owned(), "T".to_owned())]);
    }
}
