//! TLS ([RFC 8446](https://www.rfc-editor.org/rfc/rfc8446)) and, with a client CA, mutual TLS.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, server::danger::ClientCertVerifier};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::failure::{self, Failure};

/// The PEM files of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files<'a> {
    pub(crate) certificate: &'a Path,
    pub(crate) key: &'a Path,
    /// Whose certificates clients must show.
    pub(crate) client_ca: Option<&'a Path>,
}

/// Reads the files, and checks that key and certificate belong together.
///
/// # Errors
///
/// Which file is wrong and how; never what is in it.
pub(crate) fn acceptor(files: Files<'_>) -> Result<TlsAcceptor, Failure> {
    let provider = Arc::new(ring::default_provider());
    let chain = certificates(files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(files.key).map_err(|error| unreadable(files.key, "private key", &error))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| Failure::new("this build has no usable TLS version"))?;
    let builder = match files.client_ca {
        Some(path) => builder.with_client_cert_verifier(verifier(path, provider)?),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|_| {
        let (key, certificate) = (files.key.display(), files.certificate.display());
        Failure::new(format!("the key {key} does not belong to the certificate {certificate}"))
            .hint("the certificate of the server comes first in its file, then those of the authorities that issued it")
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config).into())
}

/// What a client shows of itself: PEM files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) certificate: &'a Path,
    pub(crate) key: &'a Path,
}

/// Trusts the authorities of `ca`, or those of the system, and shows a certificate where there is one.
///
/// # Errors
///
/// Which file is wrong, or that the system has none where it is looked for.
pub(crate) fn connector(ca: Option<&Path>, identity: Option<Identity<'_>>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => certificates(path)?.into_iter().for_each(|certificate| drop(roots.add(certificate))),
        None => {
            let found = BUNDLES.iter().map(Path::new).find(|path| path.exists()).map(certificates).transpose()?;
            let _ = roots.add_parsable_certificates(found.into_iter().flatten());
        }
    }
    if roots.is_empty() {
        return Err(Failure::new("no certificate authority is known that could vouch for the server")
            .hint("--webhook-ca, or --ca of `lookup`, names a PEM file of authorities"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| Failure::new("this build has no usable TLS version"))?
        .with_root_certificates(roots);
    let Some(Identity { certificate, key: file }) = identity else {
        return Ok(Arc::new(config.with_no_client_auth()).into());
    };
    let key = PrivateKeyDer::from_pem_file(file).map_err(|error| unreadable(file, "private key", &error))?;
    let config = config.with_client_auth_cert(certificates(certificate)?, key);
    let config = config.map_err(|_| {
        Failure::new(format!("the key {} does not belong to the certificate {}", file.display(), certificate.display()))
    })?;
    Ok(Arc::new(config).into())
}

fn verifier(
    path: &Path,
    provider: Arc<tokio_rustls::rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Failure> {
    let mut roots = RootCertStore::empty();
    let useless = || Failure::new(format!("{} holds no certificate authority that can be used", path.display()));
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|_| useless())?;
    }
    let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    built.map_err(|_: VerifierBuilderError| useless())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = |error: pem::Error| unreadable(path, "certificate", &error);
    let chain: Vec<_> = CertificateDer::pem_file_iter(path).map_err(read)?.collect::<Result<_, _>>().map_err(read)?;
    match chain.is_empty() {
        true => Err(unreadable(path, "certificate", &pem::Error::NoItemsFound)),
        false => Ok(chain),
    }
}

fn unreadable(path: &Path, what: &str, error: &pem::Error) -> Failure {
    match error {
        pem::Error::Io(error) => Failure::new(format!("cannot read {}: {}", path.display(), failure::reason(error))),
        _ => Failure::new(format!("{} holds no PEM {what}", path.display())),
    }
}

/// Where systems keep the authorities that they trust.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
