//! `oidc-audit collect` over TLS, mutual TLS and HTTP/2, against certificates made for the moment.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::collector::{Collector, record};
use crate::process::{folder, oidc_audit, output, text};

pub(crate) type Failed = Box<dyn Error + Send + Sync>;

#[test]
fn http2_with_prior_knowledge_and_http1_share_a_plain_port() {
    let collector = Collector::start(&folder(), &[]);
    let answer = wait(async {
        let stream = TcpStream::connect(collector.address).await?;
        ask_http2(stream, vec![record(1, ""), record(2, ""), record(1, "")]).await
    });
    let stored = (200, r#"{"stored":1,"refused":[]}"#.to_owned());
    assert_eq!(answer.unwrap(), vec![stored; 3]);
    assert_eq!(collector.post(record(3, "").as_bytes()).status, 200);
    assert_eq!(collector.lines().len(), 3);
}

#[test]
fn tls_offers_http2_and_http1() {
    let dir = folder();
    let authority = Authority::new("server CA");
    let collector = Collector::start(&dir.join("records"), &authority.server_files(&dir));
    for (index, protocol) in ["h2", "http/1.1"].into_iter().enumerate() {
        let number = u64::try_from(index).unwrap() + 1;
        let client = Client { trusted: &authority, identity: None, protocol };
        let answer = wait(client.ask(&collector, record(number, ""))).unwrap();
        assert_eq!(answer, (200, r#"{"stored":1,"refused":[]}"#.to_owned()), "{protocol}");
    }
    assert_eq!(collector.lines().len(), 2);
}

#[test]
fn mutual_tls_lets_in_the_clients_of_its_authority_and_nobody_else() {
    let dir = folder();
    let (servers, clients, others) =
        (Authority::new("server CA"), Authority::new("mesh CA"), Authority::new("other CA"));
    let mut args = servers.server_files(&dir);
    let trusted = dir.join("clients.pem");
    fs::write(&trusted, clients.issuer.pem()).unwrap();
    args.extend(["--client-ca", leak(&trusted)]);
    let collector = Collector::start(&dir.join("records"), &args);
    for protocol in ["h2", "http/1.1"] {
        let ask = |authority| {
            let identity = Option::map(authority, |authority| Identity { authority, uris: &[] });
            wait(Client { trusted: &servers, identity, protocol }.ask(&collector, record(1, "")))
        };
        assert!(ask(None).is_err(), "no certificate, {protocol}");
        assert!(ask(Some(&others)).is_err(), "another authority, {protocol}");
        assert_eq!(ask(Some(&clients)).unwrap().0, 200, "{protocol}");
    }
    assert_eq!(collector.lines().len(), 1);
}

#[test]
fn tls_and_a_client_authority_open_it_to_the_network() {
    let dir = folder();
    let authority = Authority::new("CA");
    let trusted = dir.join("clients.pem");
    fs::write(&trusted, authority.issuer.pem()).unwrap();
    let mut args = authority.server_files(&dir);
    args.extend(["--client-ca", leak(&trusted), "--listen", "0.0.0.0:0"]);
    let mut all = vec!["collect", "--dir", leak(&dir)];
    all.extend(&args);
    let mut child = oidc_audit(&all).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("listening on https://0.0.0.0:"), "{line}");
}

#[test]
fn a_key_of_another_certificate_is_told_before_anything_is_opened() {
    let dir = folder();
    let mut args = Authority::new("CA").server_files(&dir);
    let other = dir.join("other.key");
    fs::write(&other, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    args[3] = leak(&other);
    let mut all = vec!["collect", "--dir", leak(&dir)];
    all.extend(&args);
    let refused = output(&all);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("does not belong to the certificate"), "{}", text(&refused.stderr));
    args[3] = args[1];
    let refused = output(&[&["collect", "--dir", leak(&dir)], args.as_slice()].concat());
    assert!(text(&refused.stderr).contains("holds no PEM private key"), "{}", text(&refused.stderr));
}

pub(crate) struct Authority {
    pub(crate) issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub(crate) fn issue(&self, names: &[&str], uris: &[&str], usage: ExtendedKeyUsagePurpose) -> (String, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        params.subject_alt_names.extend(uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())));
        params.extended_key_usages = vec![usage];
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key)
    }

    pub(crate) fn server_files(&self, dir: &Path) -> Vec<&'static str> {
        let (certificate, key) = self.issue(&["collector.test", "127.0.0.1"], &[], ExtendedKeyUsagePurpose::ServerAuth);
        let (cert_file, key_file) = (dir.join("tls.crt"), dir.join("tls.key"));
        fs::write(&cert_file, certificate).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        vec!["--tls-cert", leak(&cert_file), "--tls-key", leak(&key_file)]
    }
}

pub(crate) struct Client<'a> {
    pub(crate) trusted: &'a Authority,
    pub(crate) identity: Option<Identity<'a>>,
    pub(crate) protocol: &'static str,
}

/// Whose certificate a client shows, and what that calls it.
pub(crate) struct Identity<'a> {
    pub(crate) authority: &'a Authority,
    pub(crate) uris: &'a [&'a str],
}

impl Client<'_> {
    pub(crate) async fn ask(&self, collector: &Collector, body: String) -> Result<(u16, String), Failed> {
        let stream = TcpStream::connect(collector.address).await?;
        let name = ServerName::try_from("collector.test")?;
        let stream = TlsConnector::from(Arc::new(self.config())).connect(name, stream).await?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(self.protocol.as_bytes()));
        match self.protocol {
            "h2" => Ok(ask_http2(stream, vec![body]).await?.remove(0)),
            _ => ask_http1(stream, body).await,
        }
    }

    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.issuer.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { authority, uris }) => {
                let (pem, key) = authority.issue(&["proxy"], uris, ExtendedKeyUsagePurpose::ClientAuth);
                let chain = vec![
                    <CertificateDer<'_> as tokio_rustls::rustls::pki_types::pem::PemObject>::from_pem_slice(
                        pem.as_bytes(),
                    )
                    .unwrap(),
                ];
                builder.with_client_auth_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap()).unwrap()
            }
        };
        config.alpn_protocols = vec![self.protocol.as_bytes().to_vec()];
        config
    }
}

async fn ask_http2<S>(stream: S, bodies: Vec<String>) -> Result<Vec<(u16, String)>, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for body in bodies {
        sender.ready().await?;
        let request = Request::post("http://collector.test/").body(Full::new(Bytes::from(body)))?;
        answers.push(read(sender.send_request(request).await?).await?);
    }
    Ok(answers)
}

async fn ask_http1<S>(stream: S, body: String) -> Result<(u16, String), Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::post("/").header("host", "collector.test").body(Full::new(Bytes::from(body)))?;
    read(sender.send_request(request).await?).await
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Result<(u16, String), Failed> {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec())?))
}

pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub(crate) fn leak(path: &Path) -> &'static str {
    path.to_str().unwrap().to_owned().leak()
}
