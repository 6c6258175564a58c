//! The protocol: which endpoint a message belongs to, and what it says ([`Observation`]).
//!
//! Knows OAuth 2.0 and OpenID Connect. Does not know records, findings, sinks or Envoy.
//!
//! The way through: [`Policy::triage`] says whether a request matters, [`Policy::bodies`] and
//! [`Policy::response_bodies`] what is read of it, [`decode`] unpacks what was read, [`observe`] tells what it was.
//! Everything here takes bytes of strangers, never fails, and is bounded. Entries for fuzz targets: [`form::read`],
//! [`Parameters::read`], [`json::read`], [`jwt::read`], [`html_form::read`], [`multipart::read`], [`scripted_response::read`],
//! [`client_authentication::read_basic`],
//! [`Policy::learn`], [`Policy::learn_keys`], and in the basics `http::{normalise_path, read_challenges, UrlParts::read}`, `body::decode`.

mod authorization;
mod authorization_response;
mod back_channel;
mod bearer;
mod bodies;
mod callback;
mod checks;
mod ciba;
mod circumstances;
pub mod client_authentication;
mod client_documents;
mod client_logout;
mod decode;
mod device;
mod document;
mod dpop;
mod endpoint;
mod error;
mod event;
pub mod form;
mod grants;
pub mod html_form;
mod introspection;
pub mod json;
pub mod jwt;
mod keys;
mod limits;
mod links;
mod login;
mod logout;
mod messages;
mod metadata;
pub mod multipart;
mod notices;
mod observation;
mod observe;
mod other_endpoints;
mod parameters;
mod party;
mod path_template;
mod policy;
mod provider;
mod published;
mod pushed;
mod recognise;
mod redirects;
mod registration;
mod revocation;
mod scene;
pub mod scripted_response;
pub mod signature;
mod signed_message;
mod token;
mod token_claims;
mod userinfo;
mod username;
mod vantage;

pub use bodies::{BodyPlan, has_enough};
pub use circumstances::Circumstances;
pub use decode::{Decoded, End, ResponseSource, Transcript, decode};
pub use document::Document;
pub use endpoint::{Endpoint, EndpointKind};
pub use event::ProtocolEvent;
pub use keys::KeysError;
pub use limits::{Limits, LoginForms};
pub use messages::*;
pub use metadata::{Declared, Learned, MetadataError};
pub use observation::*;
pub use observe::{observe, passing_document};
pub use parameters::Parameters;
pub use party::{Party, PartyProblem, PartySettings, Side};
pub use policy::{
    Endpoints, Interest, Issuer, IssuerSettings, Policy, PolicyError, PolicyField, PolicyProblem, PolicyProblemKind,
};
pub use provider::{
    Adapter, Evidence, Handle, JarSemantics, Means, Only, PROVIDERS, Profile, Provider, Purpose, Route, Rule, Test,
    Verdict, Word,
};
pub use signature::{SignatureCheck, Unchecked};
pub use vantage::Vantage;
