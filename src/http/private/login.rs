//! Coming in by the browser: the one-time link, the form, and out again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::gate::Login;
use super::page;
use crate::http::Doors;
use crate::http::problem::{Problem, TOO_MANY_LOGINS};

/// Name of the session's cookie.
const COOKIE: &str = "bridged_session";

/// The value of the session's cookie.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    // Several cookies may come in one line or in several.
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    all.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// `GET /login`: with a code the one-time link, else the form. The answer leads away at once, so that the code does not stay in the
/// address line.
pub async fn follow(State(doors): State<Arc<Doors>>, uri: Uri) -> Response {
    match parameter(uri.query().unwrap_or_default().as_bytes(), "code") {
        Some(code) => {
            answer(&doors, doors.gate.login_by_code(&code, doors.store.now()), "This login link has been used. Log in with the console token.")
        }
        None => page::login("").into_response(),
    }
}

/// `POST /login`: the form. White space at the ends comes from copying.
pub async fn enter(State(doors): State<Arc<Doors>>, body: Bytes) -> Response {
    let token = parameter(&body, "token").unwrap_or_default();
    answer(&doors, doors.gate.login(token.trim(), doors.store.now()), "This is not the console token.")
}

/// `POST /logout`.
pub async fn leave(State(doors): State<Arc<Doors>>, headers: HeaderMap) -> Response {
    if let Some(cookie) = cookie(&headers) {
        doors.gate.logout(cookie);
    }
    ([(header::SET_COOKIE, set_cookie("", doors.gate.secure))], Redirect::to("/")).into_response()
}

fn answer(doors: &Doors, login: Login, wrong: &str) -> Response {
    match login {
        Login::Open(value) => {
            tracing::info!("somebody logged in to the console");
            ([(header::SET_COOKIE, set_cookie(&value, doors.gate.secure))], Redirect::to("/")).into_response()
        }
        Login::Wrong => {
            // Neither what was typed nor from where: behind a proxy all come from one address.
            tracing::warn!("a login to the console failed");
            (StatusCode::UNAUTHORIZED, page::login(wrong)).into_response()
        }
        Login::TooMany => Problem::new(&TOO_MANY_LOGINS, "wait a minute, then log in again").into_response(),
    }
}

/// The header that gives a browser its session, or takes it away (empty). Scripts and other sites never see it; how long it counts
/// is the gate's business.
fn set_cookie(value: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    let end = if value.is_empty() { "; Max-Age=0" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{end}")
}

/// A field of a form or a query.
fn parameter(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
