//! Amazon Cognito user pools; name the domain in `authorities` (PROTOCOL §6.6).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Pending, Step, Success, Unknown};
use super::{Adapter, Means, Only, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "cognito",
    about: "Amazon Cognito user pools; name the domain in `authorities`",
    logout_parameters: words!["logout_uri", "redirect_uri"],
    session_cookies: words!["cognito"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("//oauth2/authorize", Kind::Authorization, Documentation),
    route("//login", Kind::Interaction, Documentation),
    route("//signup", Kind::Interaction, Documentation),
    route("//forgotPassword", Kind::Interaction, Documentation),
    route("//oauth2/token", Kind::Token, Documentation),
    route("//oauth2/userInfo", Kind::Userinfo, Documentation),
    route("//oauth2/revoke", Kind::Revocation, Documentation),
    route("//logout", Kind::EndSession, Documentation),
    route("//oauth2/idpresponse", Kind::Interaction, Documentation),
    route("//saml2/idpresponse", Kind::Interaction, Documentation),
    route("//saml2/logout", Kind::Other, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("/.well-known/jwks.json", Kind::Jwks, Documentation),
];

const ADAPTERS: &[Adapter] = &[
    login("cognito", "//login", words!["username"], PAGE, Field),
    login("cognito-rpc", "//", words!["/AuthParameters/USERNAME"], RPC, Documentation)
        .only(Only::Header(word("x-amz-target"), word(".InitiateAuth"))),
    login("cognito-rpc", "//", words!["/ChallengeResponses/USERNAME"], RPC, Documentation)
        .only(Only::Header(word("x-amz-target"), word(".RespondToAuthChallenge")))
        .means(Some(Means::Otp)),
];

const PAGE: &[Rule] = &[
    when(tests![Test::RedirectTo(word("//login")), Test::RedirectQuery(word("error"))], Failure),
    when(tests![Test::RedirectTo(word("//login"))], Unknown),
    when(tests![Test::Redirect, Test::Cookie(word("cognito"))], Success),
];

/// A refusal names itself; other refusals (`InvalidParameterException`) are no attempts.
const RPC: &[Rule] = &[
    when(
        tests![
            Test::Status(400),
            Test::JsonIs(word("/__type"), word("NotAuthorizedException")),
            Test::JsonCode(word("/__type"))
        ],
        Failure,
    ),
    when(
        tests![
            Test::Status(400),
            Test::JsonIs(word("/__type"), word("UserNotFoundException")),
            Test::JsonCode(word("/__type"))
        ],
        Failure,
    ),
    when(
        tests![
            Test::Status(400),
            Test::JsonIs(word("/__type"), word("CodeMismatchException")),
            Test::JsonCode(word("/__type"))
        ],
        Failure,
    ),
    when(
        tests![
            Test::Status(400),
            Test::JsonIs(word("/__type"), word("PasswordResetRequiredException")),
            Test::JsonCode(word("/__type"))
        ],
        Failure,
    ),
    when(tests![Test::Status(400)], Step),
    when(tests![Test::Status(200), Test::Json(word("/AuthenticationResult"))], Success),
    when(tests![Test::Status(200), Test::JsonCode(word("/ChallengeName"))], Pending),
];
