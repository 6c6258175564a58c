//! Every rule in one table: its name in records, how severe it is, and what people read of it.
//!
//! Where a row says `up`, a declared baseline raises the severity by one step. `attempt`: on a refused exchange the same
//! condition is an attempt, one step lower; `always`: the outcome changes nothing. Evidence letters: `X` one exchange
//! decides; `C` the configuration, the issuer's metadata or its keys are needed. What several records decide is not here.

use super::finding::Severity;

macro_rules! rules {
    ($($name:ident $id:literal $severity:ident $baseline:ident $outcome:ident $evidence:literal
        $title:literal $condition:literal $reference:literal $notes:literal;)*) => {
        /// A rule that one exchange or the configuration can decide.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        pub enum Rule {
            $(#[doc = concat!("`", $id, "`")] $name),*
        }

        const ROWS: &[Row] = &[$(Row {
            rule: Rule::$name,
            id: $id,
            severity: Severity::$severity,
            raised: Baseline::$baseline.raises(),
            attempt: Outcome::$outcome.counts(),
        }),*];

        #[cfg(not(target_family = "wasm"))]
        const TEXTS: &[RuleText] = &[$(RuleText {
            id: $id,
            name: $title,
            severity: Severity::$severity.as_str(),
            raised: Baseline::$baseline.raises(),
            evidence: $evidence,
            condition: $condition,
            reference: $reference,
            notes: $notes,
        }),*];
    };
}

struct Row {
    rule: Rule,
    id: &'static str,
    severity: Severity,
    raised: bool,
    attempt: bool,
}

/// What people read of a rule. Native only: records name rules by their id.
#[cfg(not(target_family = "wasm"))]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RuleText {
    /// `A-01`
    pub id: &'static str,
    /// A few words.
    pub name: &'static str,
    /// `critical`, `high`, `medium`, `low` or `info`: before settings and circumstances.
    pub severity: &'static str,
    /// Whether a declared baseline raises it by one step.
    pub raised: bool,
    /// What it takes to decide: `X` one exchange, `C` configuration, metadata or keys.
    pub evidence: &'static str,
    /// When it fires.
    pub condition: &'static str,
    /// What it rests on.
    pub reference: &'static str,
    /// When it fires wrongly, and what it does not check.
    pub notes: &'static str,
}

/// The rules of the filter, for documents and tools. Native only.
#[cfg(not(target_family = "wasm"))]
#[must_use]
pub fn table() -> &'static [RuleText] {
    TEXTS
}

#[expect(non_camel_case_types, reason = "words of the table")]
enum Baseline {
    same,
    up,
}

#[expect(non_camel_case_types, reason = "words of the table")]
enum Outcome {
    always,
    attempt,
}

impl Baseline {
    const fn raises(self) -> bool {
        matches!(self, Self::up)
    }
}

impl Outcome {
    const fn counts(self) -> bool {
        matches!(self, Self::attempt)
    }
}

impl Rule {
    /// Every rule, by id.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.rule)
    }

    /// The rule of this id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.id == id).map(|row| row.rule)
    }

    /// Its id, as records and the configuration name it: `A-01`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |row| row.id)
    }

    /// How severe it is where nothing else is said.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.row().map_or(Severity::Info, |row| row.severity)
    }

    /// Whether a declared baseline raises the severity.
    pub(super) fn is_raised(self) -> bool {
        self.row().is_some_and(|row| row.raised)
    }

    /// Whether the condition on a refused exchange is an attempt.
    pub(super) fn may_be_attempt(self) -> bool {
        self.row().is_some_and(|row| row.attempt)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.get(usize::from(self as u8))
    }
}

rules! {
    A01 "A-01" High same attempt "X" "Implicit grant" "`response_type` contains `token`, or an authorization response carries an access token" "RFC 9700 §2.1.2; OAuth 2.1 §10.1" "Old single-page applications are true positives.";
    A02 "A-02" Low up attempt "X" "ID token in the front channel" "`response_type` contains `id_token` and the response mode is not `form_post`; or a response carries one in query or fragment" "RFC 9700 §2.1.2; FAPI 2.0 §5.3.2.2; OIDC Core §17.1" "Hybrid designs that are accepted.";
    A03 "A-03" Medium up attempt "X/C" "No PKCE" "`response_type` contains `code` and no `code_challenge` was sent. High for a client declared public, low for an OpenID request with `nonce` of any other" "RFC 9700 §2.1.1; RFC 7636" "Not where parameters are pushed, referenced or encrypted: what is not seen is not missing.";
    A04 "A-04" Medium up attempt "X" "PKCE method `plain`" "`code_challenge` with `code_challenge_method` `plain` or none" "RFC 7636 §4.3, §7.2; RFC 9700 §2.1.1" "";
    A05 "A-05" Low same attempt "X" "Malformed code challenge" "An S256 challenge that is not 43 characters of base64url, or a plain one outside 43 to 128" "RFC 7636 §4.1, §4.2" "";
    A07 "A-07" High same attempt "X" "Nothing binds the response to the browser" "None of `state`, `nonce` and `code_challenge` was sent" "RFC 9700 §2.1, §4.7; RFC 6749 §10.12" "Test links. Not where parameters are pushed, referenced or encrypted.";
    A08 "A-08" Medium same attempt "X" "Short `state`" "`state` of fewer than 16 octets; low where `code_challenge` was sent" "RFC 9700 §4.7; RFC 6749 §10.10" "Its length is measured, not its randomness.";
    A09 "A-09" High same attempt "X" "No `nonce` where it is required" "`response_type` contains `id_token` and no `nonce` was sent" "OIDC Core §3.2.2.1, §3.3.2.11" "";
    A10 "A-10" High same attempt "C" "Redirection endpoint not listed" "`redirect_uri` is none of the client's `redirect_uris`, compared exactly but for the port of a loopback address" "RFC 9700 §2.1, §4.1.3; RFC 8252 §7.3" "Needs `rules.clients`; a list that is out of date.";
    A11 "A-11" High same attempt "X" "Redirection endpoint over http" "`redirect_uri` of scheme `http` whose host is no loopback address; low for the name `localhost`" "RFC 9700 §2.6; RFC 8252 §8.3" "";
    A12 "A-12" High same attempt "X" "Suspicious redirection endpoint" "`redirect_uri` with fragment, user information, `*`, backslash, control characters, dot segments, double encoding, an address instead of a name, an internationalised name, a script scheme, or a name that looks like one of the client's" "RFC 6749 §3.1.2; RFC 9700 §4.1.1, §4.1.3" "Wildcard hosts of preview deployments; the look-alikes need `rules.clients`.";
    A13 "A-13" Medium same attempt "X" "Redirection endpoint that redirects on" "The query of `redirect_uri` holds an absolute URL of another host" "RFC 9700 §4.11.1, §4.1.1" "Parameters of analytics.";
    A14 "A-14" Low same attempt "X" "No `redirect_uri`" "An OpenID request without `redirect_uri`" "OIDC Core §3.1.2.1" "";
    A15 "A-15" Medium same attempt "X" "Parameter sent twice" "A known parameter came more than once" "RFC 6749 §3.1, §3.2" "`resource` and `audience` may be repeated.";
    A16 "A-16" Medium up attempt "X" "Weak request object" "A request object with `alg` `none` or `HS*`, or without `exp` within an hour" "RFC 9101 §10.1; FAPI 2.0 §5.4.1; RFC 8725 §3.2" "OpenID Connect Core §6.1 permits `none`, and asks for no `exp`. Encrypted ones are not looked at.";
    A17 "A-17" High same attempt "X" "Request object that contradicts" "`client_id`, `redirect_uri` or `response_type` beside a request object differ from those in it, or its `iss` is not the client, or its `aud` not the issuer" "RFC 9101 §6.3, §10.7" "OpenID Connect Core §6.1 lets an object override the rest.";
    A18 "A-18" Medium up attempt "C" "Pushed request required and not used" "The issuer's metadata or `par_required` of the client demands a pushed request, and this one was plain" "RFC 9126 §5, §6" "Fires where the server did not refuse.";
    A19 "A-19" Medium same attempt "X/C" "Request object from outside" "`request_uri` is an http or https URL that is none of the client's `request_uris`" "RFC 9101 §10.4" "";
    A22 "A-22" Low up attempt "X" "Long-lived pushed request" "`expires_in` of a pushed authorization request is 600 seconds or more" "FAPI 2.0 §5.3.2.2; RFC 9126 §2.2" "";
    A23 "A-23" Info same attempt "X" "Personal data in the URL" "`login_hint` that is an e-mail address or telephone number, an `id_token_hint`, or values of claims that are asked for, in the query" "OIDC Core §17.1; RFC 9700 §4.2" "";
    A24 "A-24" High same attempt "X" "Tokens by response mode `query`" "`response_mode=query` with `token` or `id_token` in `response_type`" "OAuth 2.0 Multiple Response Types §3, §5" "";
    A25 "A-25" Low same attempt "C" "More scope than the client may ask for" "A requested scope is none of the client's `scopes`" "RFC 9700 §2.3; OIDC Core §11" "Needs `rules.clients`.";
    A26 "A-26" Medium same always "X" "Cross-origin reads of the authorization endpoint" "`Access-Control-Allow-Origin` on its answer" "RFC 9700 §2.6; FAPI 2.0 §5.2.3" "A middleware that sets it everywhere.";
    A27 "A-27" Medium same always "X" "Login page that can be framed" "A page of the authorization endpoint or of a login without `frame-ancestors` and `X-Frame-Options`" "RFC 9700 §4.16" "Pages that are framed by design.";
    A28 "A-28" High same always "X" "Endpoint over plain http" "A request to the authorization server other than the token endpoint came without TLS (see `rules.plaintext`)" "RFC 6749 §3.1; FAPI 2.0 §5.2.1" "TLS that ends one hop earlier.";
    A29 "A-29" High same always "X" "Credential in `Referer`" "The query of `Referer` holds `code`, `access_token`, `id_token`, `refresh_token` or `id_token_hint`" "RFC 9700 §4.2" "Low where the page refers to its own origin.";
    R01 "R-01" High same attempt "X" "Credentials sent on by 307" "A form posted to the authorization server was answered with 307 or 308 to another host" "RFC 9700 §4.12; OIDC Core §16.22; FAPI 2.0 §5.3.2.2" "A 307 that answers GET is harmless.";
    R02 "R-02" Info same attempt "X/C" "Credentials followed by 302" "The same with 302, where a baseline is declared" "RFC 9700 §4.12" "Nearly every server does; 303 is unambiguous.";
    R03 "R-03" Critical same attempt "X" "Response sent elsewhere" "The response went to another place than `redirect_uri` of the same exchange" "RFC 9700 §4.1, §4.11.2" "What was asked in an earlier exchange is not compared here.";
    R04 "R-04" Medium up attempt "C" "No `iss` in the response" "The issuer's metadata or FAPI 2.0 promises `iss`, and there is neither `iss` nor an ID token nor a JWT response" "RFC 9207 §2, §3" "";
    R05 "R-05" High same attempt "X" "Mix-up of issuers" "`iss` of the response is not the issuer whose endpoint answered, or not `iss` of the ID token" "RFC 9207 §2.4; RFC 9700 §4.4" "Issuers that are written in several ways.";
    R08 "R-08" High same attempt "X" "Token in the query of a redirect" "`Location` has `access_token` or `id_token` in its query" "RFC 9700 §4.3.2; RFC 6750 §5.3" "";
    R09 "R-09" High same attempt "X" "Code or token over http" "The response goes to scheme `http` and no loopback host, or came to a client without TLS (see `rules.plaintext`)" "RFC 9700 §2.6" "";
    R10 "R-10" Low same attempt "X" "Response that may be cached" "A form post page, or a client's page whose address is the response, without `Cache-Control: no-store`" "OAuth 2.0 Form Post Response Mode §2; RFC 9700 §4.3" "";
    R11 "R-11" High same attempt "X/C" "Invalid JWT response" "A JARM response with `alg` `none`, an invalid signature, another `aud` or `iss`, or an `exp` that is past" "JARM §2.4" "";
    R12 "R-12" Low same always "X" "Markup in an error text" "`error_description` or `error_uri` has characters outside those allowed" "RFC 6749 §4.1.2.1" "Servers that write UTF-8.";
    R13 "R-13" High same always "X/C" "Open redirector" "An error was sent to a redirection endpoint that A-10 or A-12 name" "RFC 9700 §4.11.2; RFC 6749 §4.1.2.1" "";
    T01 "T-01" High same attempt "X" "Password grant" "`grant_type` is `password` or a vendor's variant" "RFC 9700 §2.4; FAPI 2.0 §5.3.2.1" "";
    T02 "T-02" High same attempt "X" "Secret in the query" "`client_secret`, `client_assertion` or `password` in the URL of a request to the server" "RFC 6749 §2.3.1" "";
    T03 "T-03" Medium same attempt "X" "Token request that is no posted form" "GET, parameters in the query, or JSON or multipart where only forms are defined" "RFC 6749 §3.2" "Products that take JSON.";
    T04 "T-04" Medium same attempt "X" "Several client authentications" "More than one of Basic, `client_secret` and `client_assertion`, or two of them name different clients" "RFC 6749 §2.3" "";
    T05 "T-05" Info same attempt "X" "Basic credentials not encoded" "A half of the credentials has a `%` that escapes nothing" "RFC 6749 §2.3.1" "";
    T13 "T-13" Medium same attempt "X/C" "Unprotected refresh token of a public client" "A client that did not authenticate refreshed, the token was not rotated and is not bound" "RFC 9700 §2.2.2, §4.14" "Clients that are authenticated by their certificate alone.";
    T15 "T-15" Medium same attempt "X" "More scope than asked for" "`scope` of the response has words that the request has not" "RFC 6749 §3.3, §5.1" "Default scopes and aliases of a server.";
    T18 "T-18" Medium same attempt "X" "Tokens that may be cached" "A token response without `Cache-Control: no-store`" "RFC 6749 §5.1; OIDC Core §3.1.3.3" "`private` alone is still one.";
    T19 "T-19" Critical same always "X" "Token endpoint over plain http" "A token request came without TLS (see `rules.plaintext`)" "RFC 6749 §3.2; FAPI 2.0 §5.2.1" "TLS that ends one hop earlier.";
    T20 "T-20" High same attempt "X/C" "Bad client assertion" "`alg` is `none`; `exp` is missing, past or more than 10 minutes ahead; `iss` is not `sub`; no `jti`; `aud` does not name the issuer. Low where `aud` is the endpoint (medium with a baseline), medium with several audiences" "RFC 7523 §3; FAPI 2.0 §5.3.3.1" "Assertions of federated workloads.";
    T22 "T-22" High same attempt "C" "Confidential client without authentication" "A client declared confidential was served without visible authentication" "RFC 6749 §3.2.1; RFC 9700 §2.5" "A client certificate that this proxy does not see.";
    T23 "T-23" Low same attempt "X" "Refresh token for client credentials" "The answer to a client credentials grant has a refresh token" "RFC 6749 §4.4.3" "";
    T24 "T-24" Low same attempt "X" "Long-lived access token" "`expires_in` is over `rules.lifetimes`" "RFC 6750 §5.3" "";
    T30 "T-30" Medium same attempt "X" "Impersonation" "A token exchange gave a token of the subject that names no actor" "RFC 8693 §1.1, §4.1" "Gateways that are trusted with it; opaque tokens show nothing.";
    T32 "T-32" High same attempt "X" "Invalid DPoP proof accepted" "A proof of wrong `typ`, `alg`, `jwk`, `htm`, `htu` or `ath`, of another key than the token's, without `jti`, or more than 300 s old or ahead, and the request succeeded" "RFC 9449 §4.3, §11.1" "Gateways that rewrite authority or path. The proof's signature is not checked.";
    T33 "T-33" Medium same attempt "X" "DPoP proof ignored" "A proof was sent and the token type is `Bearer`" "RFC 9449 §5" "Servers without DPoP.";
    T34 "T-34" Info same attempt "X" "Unknown grant type" "`grant_type` is none that is known" "RFC 6749 §4.5" "";
    T36 "T-36" Low same always "X" "Internals in an error text" "`error_description` looks like a token, a key or an exception" "RFC 6749 §5.2" "";
    T37 "T-37" Medium same attempt "X" "Client secret in a browser" "A token request with `Origin` or `Sec-Fetch-Mode: cors` and a client secret" "RFC 9700 §2.5; RFC 6749 §2.1" "Development proxies.";
    I01 "I-01" Critical same attempt "X" "Unsigned ID token" "`alg` is `none`" "OIDC Core §2; RFC 8725 §3.2" "Allowed by registration in the code flow.";
    I02 "I-02" Medium up attempt "X/C" "Weak algorithm" "`HS*` for a client that did not authenticate or is declared public; `RSA1_5`; `RS256` under FAPI 2.0; an RSA key of fewer than 2048 bits in a key set" "RFC 8725 §3.2; FAPI 2.0 §5.4.1" "The keys of clients are not looked at.";
    I03 "I-03" Medium same attempt "C" "Unexpected algorithm" "`alg` is none of the issuer's `id_token_signing_alg_values_supported`" "OIDC Core §3.1.3.7 (7); RFC 8725 §3.1" "";
    I04 "I-04" Critical same attempt "C" "Invalid signature" "No key of the issuer made the signature" "OIDC Core §3.1.3.7 (6)" "Keys that are out of date.";
    I05 "I-05" Low same attempt "C" "Unknown key" "`kid` is in no key set of the issuer that was seen" "OIDC Core §10.1.1" "Keys that were just rotated.";
    I06 "I-06" High same attempt "X" "Key named by the token" "The header has `jku`, `x5u` or `jwk`, or a `kid` with control or path characters" "RFC 8725 §3.10" "";
    I07 "I-07" High same attempt "X" "Required claim missing" "An ID token without `iss`, `sub`, `aud`, `exp` or `iat`" "OIDC Core §2" "";
    I08 "I-08" High same attempt "X" "Another issuer in the ID token" "`iss` is not the issuer of the endpoint" "OIDC Core §3.1.3.7 (2)" "Servers that answer to several names.";
    I09 "I-09" High same attempt "X" "ID token for another client" "`aud` does not hold the client" "OIDC Core §3.1.3.7 (3)" "Brokers and exchanges.";
    I10 "I-10" Medium same attempt "X" "Unclear authorized party" "Several audiences without `azp`, or `azp` is another client" "OIDC Core §3.1.3.7 (4, 5)" "";
    I11 "I-11" High same attempt "X" "Expired when issued" "`exp` is past, or not after `iat`" "OIDC Core §3.1.3.7 (9)" "A clock that is wrong.";
    I12 "I-12" Low same attempt "X" "Long-lived ID token" "`exp` is more than `rules.lifetimes.id_token` after `iat`" "OIDC Core §3.1.3.7 (9), §16.18" "";
    I13 "I-13" Info same attempt "X" "Issued in the future" "`iat` is more than 10 s ahead of the proxy's clock; medium over 60 s" "OIDC Core §3.1.3.7 (10); FAPI 2.0 §5.3.2.1" "The proxy's own clock.";
    I14 "I-14" High same attempt "X" "Another nonce in the ID token" "`nonce` is not that of the request in the same exchange" "OIDC Core §3.1.3.7 (11)" "Requests of other exchanges are compared by `oidc-audit findings`.";
    I16 "I-16" High same attempt "X" "Wrong `at_hash`" "`at_hash` does not fit the access token beside it; medium where it is missing in the front channel" "OIDC Core §3.1.3.8, §3.2.2.9, §3.3.2.9" "Servers that change the access token after signing.";
    I17 "I-17" High same attempt "X" "Wrong `c_hash`" "`c_hash` does not fit the code beside it; medium where it is missing" "OIDC Core §3.3.2.10, §3.3.2.11" "";
    I18 "I-18" Medium same attempt "X" "`max_age` ignored" "`max_age` was asked for, and the ID token of the same exchange has no `auth_time` or one that is older" "OIDC Core §3.1.2.1, §3.1.3.7 (13)" "";
    I19 "I-19" Info same attempt "X" "Other `acr` than asked for" "`acr_values` were asked for, and the ID token of the same exchange has none of them" "OIDC Core §5.5.1.1" "`acr_values` are voluntary.";
    I20 "I-20" Low same attempt "X" "Personal data in a front-channel ID token" "An ID token in query, fragment or form has name, e-mail address, telephone number, address or birth date" "OIDC Core §17.1" "";
    I21 "I-21" High same attempt "X" "One kind of token for another" "An ID token was accepted as an access token, or `typ` of a token is that of another kind" "RFC 8725 §3.11, §3.12; RFC 9068 §5" "Servers that were made to take ID tokens. An ID token is known by `nonce` or a hash, and no scope.";
    I24 "I-24" Low same attempt "X" "Risky subject identifier" "`sub` is longer than 255 characters or an e-mail address" "OIDC Core §2, §5.7" "";
    I25 "I-25" Medium up attempt "X" "Token not bound" "A DPoP proof was accepted and the JWT access token has no `cnf`" "RFC 9449 §6; RFC 8705 §3" "Bindings that only introspection shows.";
    I26 "I-26" Medium same attempt "X" "Value that can be guessed" "A code, request URI or opaque token of fewer than 22 characters" "RFC 6749 §10.10; FAPI 2.0 §5.4.1" "Length is measured, not randomness.";
    B01 "B-01" High same attempt "X" "Access token in the URL" "`access_token` in the query" "RFC 6750 §2.3, §5.3; FAPI 2.0 §5.3.4" "Where browsers cannot set headers.";
    B02 "B-02" Low same attempt "X" "Access token in the body" "`access_token` in a form" "RFC 6750 §2.2" "";
    B03 "B-03" Critical same always "X" "Access token over plain http" "A request with an access token came to a resource server without TLS (see `rules.plaintext`)" "RFC 6750 §5.2, §5.3" "TLS that ends one hop earlier.";
    B04 "B-04" Medium same attempt "X" "Access token sent twice" "More than one of header, body and query" "RFC 6750 §2" "";
    B05 "B-05" High same attempt "X" "Expired token accepted" "`exp` of a JWT was past for more than 60 s, and the answer was 2xx" "RFC 9068 §4" "Endpoints that ignore the token (`anonymous_paths`); cached answers.";
    B06 "B-06" High same attempt "C" "Token for others accepted" "`aud` names none of the resource server's `audiences`, and the answer was 2xx" "RFC 9068 §4; RFC 9700 §2.3" "Needs `resource_servers.audiences`; endpoints that ignore the token (`anonymous_paths`).";
    B07 "B-07" Critical same attempt "X" "DPoP-bound token without its proof accepted" "The token has `cnf.jkt`, came as `Bearer` or without a valid proof, and the answer was 2xx" "RFC 9449 §7.1, §7.2" "Hops behind a gateway that checked it.";
    B08 "B-08" Critical same attempt "X" "Certificate-bound token of another holder accepted" "The token has `cnf.x5t#S256`, the certificate of the request is another or none, and the answer was 2xx" "RFC 8705 §3" "TLS that ends one hop earlier: none is missed where this hop has no TLS.";
    B13 "B-13" Low same always "X" "Refusal without a challenge" "401 to a request with an access token, and no `WWW-Authenticate`" "RFC 6750 §3" "";
    B14 "B-14" High same attempt "C" "Token sent to a stranger" "A client behind this proxy sent a token whose `aud` names none of the resource server's `audiences`" "RFC 9700 §4.9.1" "Needs `resource_servers.audiences`; gateways.";
    B15 "B-15" Critical same attempt "C" "Token of nobody trusted accepted" "`alg` is `none`, or `iss` is not the resource server's `issuer`, and the answer was 2xx" "RFC 8725 §3.8; RFC 9068 §4" "Endpoints that ignore the token (`anonymous_paths`).";
    B16 "B-16" High same always "X" "Client certificate by word of the client" "A request from a public address, whose connection showed no certificate, brings `x-forwarded-client-cert` or `client-cert`" "RFC 9700 §4.13; RFC 9440 §4" "A proxy at a public address that ends TLS.";
    S01 "S-01" High same attempt "X" "Logout token with `nonce`" "A logout token has `nonce`, and could pass for an ID token" "Back-Channel Logout §2.4, §2.6" "";
    S02 "S-02" High same attempt "X" "Logout token without its event" "`events` does not name the back-channel logout" "Back-Channel Logout §2.4" "";
    S03 "S-03" High same attempt "X" "Logout token of nobody" "Neither `sub` nor `sid`" "Back-Channel Logout §2.4" "";
    S04 "S-04" Critical same attempt "X/C" "Invalid logout token accepted" "`alg` is `none`, or `iss` is another, and the client did what it says" "Back-Channel Logout §2.6" "Its signature and audience are not checked.";
    S05 "S-05" Medium same attempt "X" "Logout token that does not end" "`exp` is missing or past; info where it is more than two minutes after `iat`" "Back-Channel Logout §2.4, §4" "";
    S06 "S-06" Medium same always "X" "Logout refused by the client" "The answer to a back-channel logout is neither 200 nor 204, or there is none, and nothing else is wrong with its token" "Back-Channel Logout §2.8" "A session that was gone already.";
    S07 "S-07" Low same attempt "X" "Logout answer that may be cached" "An answer to a back-channel or front-channel logout without `Cache-Control: no-store`" "Back-Channel Logout §2.8; Front-Channel Logout §2" "";
    S08 "S-08" High same attempt "C" "Return from logout not listed" "`post_logout_redirect_uri` is none of the client's" "RP-Initiated Logout §3" "Needs `rules.clients`.";
    S09 "S-09" Low same attempt "X" "Logout without proof of the session" "No `id_token_hint`, and the browser was sent on without a question" "RP-Initiated Logout §2, §6" "Products that never ask.";
    S11 "S-11" Low same attempt "X" "Half a session named" "A front-channel logout with only one of `iss` and `sid`" "Front-Channel Logout §2" "";
    S12 "S-12" Low same attempt "X" "ID token in the URL of a logout" "`id_token_hint` in the query" "OIDC Core §17.1; RFC 9700 §4.2" "The specification's own example does it; POST avoids it.";
    S13 "S-13" Medium same attempt "C" "Foreign hint accepted" "The hint's signature is invalid or its `aud` is another client, and the logout succeeded" "RP-Initiated Logout §2, §4" "An expired hint is legal.";
    C01 "C-01" High same attempt "X" "Open registration" "A client was registered without an access token, authentication or software statement" "RFC 7591 §3, §5" "Servers for clients that nobody knows beforehand.";
    C02 "C-02" High same attempt "X" "Dangerous client metadata" "A client was registered with a redirection endpoint that A-11 or A-12 name, `implicit` or `password`, client credentials without authentication, or a URI over http or into a private network" "RFC 7591 §5; RFC 9700 §2.1, §2.4" "";
    C03 "C-03" Medium same attempt "X" "Registration that may be cached" "An answer with a client secret or registration access token without `Cache-Control: no-store`" "RFC 7591 §3.2.1" "";
    C05 "C-05" High same attempt "X" "Anonymous introspection" "A token was introspected without visible authentication" "RFC 7662 §2.1, §4" "A client certificate that this proxy does not see; admin ports.";
    C07 "C-07" Low same attempt "C" "Token of another audience introspected" "The answer is active, and no `aud` is of the caller's `audiences`" "RFC 7662 §4" "Needs `rules.clients`.";
    C08 "C-08" Medium same attempt "X" "Anonymous revocation" "A token was revoked by nobody: no client id, no authentication" "RFC 7009 §2.1" "Products that take the token as proof.";
    C09 "C-09" High same attempt "X" "Metadata of another issuer" "`issuer` of the document is not the one that is configured for its place" "OIDC Discovery §4.3; RFC 8414 §3.3" "Templates for several tenants.";
    C11 "C-11" Low same attempt "X" "Weak capabilities" "The metadata offers `none`, `plain`, `implicit`, `password` or `HS*`" "RFC 9700 §2" "What is offered need not be used.";
    C12 "C-12" Critical same always "X" "Metadata or keys over plain http" "Metadata or keys were fetched without TLS (see `rules.plaintext`)" "OIDC Discovery §7.1; FAPI 2.0 §5.4.2" "TLS that ends one hop earlier.";
    C13 "C-13" Critical same always "X" "Private key published" "A key set has private or symmetric members" "RFC 7517 §9.2; RFC 7518 §6" "";
    C14 "C-14" Low same always "X" "Two keys of one name" "Two keys of a set have the same `kid`" "FAPI 2.0 §5.4.3" "";
    V01 "V-01" Medium same always "X" "Body cut" "A body was longer than the limit or ended early" "" "What was not seen is not judged.";
    V02 "V-02" Medium same always "X" "Body not unpacked" "An unknown content coding, or more than may be unpacked" "" "";
    V03 "V-03" Low same always "X" "Body not understood" "A whole body that is no JSON or form where one was expected, on an exchange that succeeded or whose outcome rests on it" "" "";
    V04 "V-04" High same always "C" "No keys configured" "The keys of joins and pseudonyms are drawn by the process: records of two processes cannot be joined" "" "With the record `audit.start`.";
    V05 "V-05" Medium same always "X" "Path that can be read in two ways" "The path of a request has encoded letters, slashes or dots, or is encoded twice, and is an endpoint's for whoever decodes it" "" "";
    V06 "V-06" Medium same always "X" "Token request repeated by the proxy" "`x-envoy-attempt-count` of the answer is over 1" "" "Needs `include_attempt_count_in_response` of the route; a repeated redemption looks like a replay.";
}
