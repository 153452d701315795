//! Coming in by the browser: the one-time link, the form, and out again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Console, view};
use crate::http::private::gate::{COOKIE, Login, cookie};
use crate::http::problem::{Problem, TOO_MANY_LOGINS};

/// The login form. Names and passwords of agents will stand below the token.
pub fn form(message: &str) -> Form {
    Form(message.to_owned())
}

/// The login form with what went wrong at the last try.
pub struct Form(String);

impl IntoResponse for Form {
    fn into_response(self) -> Response {
        match view::bare("login.html", "Log in", json!({ "message": self.0 })) {
            Ok(page) => page.into_response(),
            Err(problem) => problem.into_response(),
        }
    }
}

impl From<Form> for Response {
    fn from(form: Form) -> Response {
        form.into_response()
    }
}

/// `GET /login`: with a code the one-time link, else the form. The answer leads away at once, so that the code does not stay in the
/// address line.
pub async fn follow(State(console): State<Arc<Console>>, uri: Uri) -> Response {
    match view::field(uri.query().unwrap_or_default().as_bytes(), "code") {
        Some(code) => {
            let login = console.doors.gate.login_by_code(&code, console.doors.store.now());
            answer(&console, login, "This login link has been used. Log in with the console token.").await
        }
        None => form("").into(),
    }
}

/// `POST /login`: the form. White space at the ends comes from copying.
pub async fn enter(State(console): State<Arc<Console>>, body: Bytes) -> Response {
    let token = view::field(&body, "token").unwrap_or_default();
    let login = console.doors.gate.login(&token, console.doors.store.now());
    answer(&console, login, "This is not the console token.").await
}

/// `POST /logout`.
pub async fn leave(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    if let Some(cookie) = cookie(&headers) {
        console.doors.gate.logout(cookie);
    }
    console.note("logged out", "").await;
    ([(header::SET_COOKIE, set_cookie("", console.doors.gate.secure))], view::to("/")).into_response()
}

async fn answer(console: &Console, login: Login, wrong: &str) -> Response {
    match login {
        Login::Open(value) => {
            console.note("logged in", "").await;
            ([(header::SET_COOKIE, set_cookie(&value, console.doors.gate.secure))], view::to("/")).into_response()
        }
        Login::Wrong => {
            // Neither what was typed nor from where: behind a proxy all come from one address.
            console.note("failed to log in", "").await;
            (StatusCode::UNAUTHORIZED, form(wrong)).into_response()
        }
        Login::TooMany => {
            let problem = Problem::new(&TOO_MANY_LOGINS, "wait a minute, then log in again");
            // Programs read this header; the words are for people.
            ([(header::RETRY_AFTER, "60")], super::trouble::page(&problem)).into_response()
        }
    }
}

/// The header that gives a browser its session, or takes it away (empty). Scripts and other sites never see it; how long it counts
/// is the gate's business.
fn set_cookie(value: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    let end = if value.is_empty() { "; Max-Age=0" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{end}")
}
