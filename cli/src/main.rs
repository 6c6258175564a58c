//! `oidc-audit`: collects, checks and reconstructs audit records.

fn main() {}
