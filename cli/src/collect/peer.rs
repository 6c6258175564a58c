//! Who is at the other end of a connection: the workload that its certificate names.

use oidc_audit::record::verify::SpiffeId;
use tokio_rustls::rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The SPIFFE id of the first of these certificates, which the handshake has verified. `None`: it has no URI, or more than one
/// (an X509-SVID has one), or that one is no SPIFFE id.
pub(crate) fn of(chain: Option<&[CertificateDer<'_>]>) -> Option<SpiffeId> {
    let leaf = EndEntityCert::try_from(chain?.first()?).ok()?;
    let mut names = leaf.valid_uri_names();
    let name = names.next()?;
    if names.next().is_some() {
        return None;
    }
    SpiffeId::parse(name)
}
