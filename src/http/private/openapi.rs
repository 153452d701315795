//! `/openapi.json`: the private side, drawn from the routes themselves.

use axum::Json;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, Content, OpenApi, Ref, RefOr, ResponseBuilder};

use super::{broadcasts, contacts, conversations, deploys, events, handoffs, machines, messages, playbooks};

/// All routes for programs.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "bridged", description = "The private side of the daemon. Times are RFC 3339 in UTC, phone numbers E.164."),
    paths(
        events::take,
        contacts::list,
        contacts::write,
        contacts::read,
        contacts::erase,
        broadcasts::list,
        broadcasts::start,
        broadcasts::read,
        broadcasts::order,
        conversations::list,
        conversations::read,
        messages::list,
        handoffs::list,
        handoffs::reply,
        handoffs::close,
        playbooks::list,
        playbooks::read,
        deploys::order,
        deploys::apply,
        machines::ready,
        machines::metrics,
        describe,
    )
)]
struct Private;

/// Name of the one way to prove oneself.
const TOKEN: &str = "console_token";

/// The description of this API.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub async fn describe() -> Json<OpenApi> {
    let mut document = Private::openapi();
    let components = ComponentsBuilder::from(document.components.take().unwrap_or_default());
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components = Some(components.security_scheme(TOKEN, token).build());
    // Any route may answer with a problem: a store that is away, a body that is no JSON.
    let problem =
        ResponseBuilder::new().description("a problem").content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))));
    let problem: RefOr<_> = problem.build().into();
    for path in document.paths.paths.values_mut() {
        for operation in [&mut path.get, &mut path.put, &mut path.post, &mut path.delete].into_iter().flatten() {
            operation.responses.responses.entry("default".to_owned()).or_insert_with(|| problem.clone());
        }
    }
    document.security = Some(vec![SecurityRequirement::new(TOKEN, Vec::<String>::new())]);
    Json(document)
}
