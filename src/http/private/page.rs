//! The one page for people, drawn by the server: the playbooks with their versions, who stands where, and what kept the last load
//! from coming into force. And the form that leads to it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};

use super::playbooks::{self, Faulty, Playbook};
use crate::http::Doors;
use crate::http::problem::Answer;
use crate::twilio::twiml::escape;

/// The style of both.
const CSS: &str = include_str!("app.css");

/// `GET /app.css`.
pub async fn css() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], CSS)
}

/// The login form. Names and passwords of agents will stand below the token.
pub fn login(message: &str) -> Html<String> {
    let message = if message.is_empty() { String::new() } else { format!("<p class=\"bad\" role=\"alert\">{}</p>", escape(message)) };
    frame(
        "Log in",
        &format!(
            "<h1>bridged</h1>{message}<form method=\"post\" action=\"/login\">\
            <label>Console token <input type=\"password\" name=\"token\" required autofocus autocomplete=\"current-password\"></label>\
            <button>Log in</button></form>\
            <p>The token stands in the file that <code>console_token</code> in the settings names.</p>"
        ),
    )
}

/// `GET /`.
pub async fn overview(State(doors): State<Arc<Doors>>) -> Answer<Html<String>> {
    let playbooks = playbooks::all(&doors).await?;
    let report = doors.plans.loaded();
    let faults: Vec<Faulty> = report.faults.iter().map(Faulty::from).collect();
    let mut page = String::from("<header><h1>bridged</h1><form method=\"post\" action=\"/logout\"><button>Log out</button></form></header>");
    if !report.ok {
        let at = report.at.rfc3339();
        let _ = write!(page, "<p class=\"bad\" role=\"alert\">The playbooks as changed at {at} did not load; those below are still running.</p>");
    }
    // Warnings of a load that went well are shown too: they are something to act on.
    for fault in &faults {
        let _ = write!(page, "<pre class=\"fault\">{}</pre>", escape(&fault.line_of_text()));
    }
    if playbooks.is_empty() {
        page.push_str("<p>There are no playbooks yet. Put one into the folder that <code>playbooks</code> in the settings names.</p>");
    }
    for playbook in &playbooks {
        write_playbook(&mut page, playbook);
    }
    Ok(frame("Playbooks", &page))
}

/// A playbook: its name, what it is about, and a row for each step where somebody stands.
fn write_playbook(page: &mut String, playbook: &Playbook) {
    let _ = write!(page, "<section><h2>{}</h2>", escape(&playbook.name));
    if let Some(about) = &playbook.about {
        let _ = write!(page, "<p>{}</p>", escape(about));
    }
    let _ = write!(page, "<table><caption>{} in conversation</caption><tr><th>Version<th>Step<th>People</tr>", playbook.live);
    for version in &playbook.versions {
        let name = if version.current { format!("{} (current)", version.version) } else { version.version.clone() };
        // A version where nobody stands still has a row, so that people see what is in force.
        if version.steps.is_empty() {
            let _ = write!(page, "<tr><td>{}<td>–<td>0</tr>", escape(&name));
        }
        for (step, people) in &version.steps {
            let step = if step.is_empty() { "at the start" } else { step };
            let _ = write!(page, "<tr><td>{}<td>{}<td>{people}</tr>", escape(&name), escape(step));
        }
    }
    page.push_str("</table></section>");
}

/// A page around its content: no script, no style of its own, nothing from elsewhere.
fn frame(title: &str, content: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
        <title>{title} · bridged</title><link rel=\"stylesheet\" href=\"/app.css\"><main>{content}</main></html>"
    ))
}
