//! Ory Kratos, the login form before Hydra (PROTOCOL §2.6).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Field;
use super::Verdict::{Failure, Step, Success};
use super::{Adapter, Handle, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "kratos",
    about: "Ory Kratos, the login form before Hydra",
    session_cookies: words!["ory_kratos_session"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/self-service/login", Kind::Interaction, Field),
    route("/self-service/login/{step}", Kind::Interaction, Field),
    route("/self-service/registration", Kind::Interaction, Field),
    route("/self-service/recovery", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] =
    &[login("kratos", "/self-service/login", words!["identifier", "/identifier"], FLOW, Field)
        .handle(Handle::Query(word("flow")))];

/// Message 4000006 is Kratos' word for bad credentials.
const FLOW: &[Rule] = &[
    when(
        tests![
            Test::Status(400),
            Test::JsonIs(word("/ui/messages/0/id"), word("4000006")),
            Test::JsonCode(word("/ui/messages/0/id"))
        ],
        Failure,
    ),
    when(tests![Test::Cookie(word("ory_kratos_session"))], Success),
    when(tests![Test::Status(410)], Step),
];
