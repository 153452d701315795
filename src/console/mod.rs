//! The private web pages: what people look at and click on.
//!
//! Pages are drawn by the server from the templates in `pages/`; every action is a form that works without script. `assets/app.js` adds
//! numbers that move by themselves (`live`), and nothing that could not be had by loading the page again.
//!
//! ```text
//! assets                      style sheet, script, icon: under names that change with their content
//! view ─ moment               templates, the frame around every page, times as people read them
//! enter                       coming in and going out
//! live                        pieces of a page, drawn again when something has changed
//! trouble ─ audit             what went wrong, and who did what
//! conversations ─ thread      who says what
//! inbox                       conversations that wait for a person
//! playbooks                   the flow chart with people on it
//! phone                       playing the customer, where Twilio is pretended
//! ```

mod assets;
mod audit;
mod enter;
mod live;
mod moment;
mod overview;
mod trouble;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::watch;

use crate::http::Doors;
use crate::http::private::Pages;
use crate::http::problem::Problem;

pub use audit::Audit;

/// What pages are drawn from.
pub struct Console {
    /// Store, playbooks, health and gate, as the API has them.
    doors: Arc<Doors>,
    /// Who did what.
    audit: Audit,
    /// True once the daemon ends: pages that wait for news are let go.
    end: watch::Receiver<bool>,
}

impl Console {
    /// Pages over the same doors as the API.
    pub fn new(doors: Arc<Doors>, end: watch::Receiver<bool>) -> Console {
        Console { doors, audit: Audit::default(), end }
    }

    /// The pages, for the private side to put beside the API.
    pub fn pages(self) -> Pages {
        let routes = Router::new()
            .route("/", get(overview::page))
            .route("/live", get(overview::live))
            .route("/login", get(enter::follow).post(enter::enter))
            .route("/logout", post(enter::leave))
            .route("/log", get(audit::page))
            .route("/static/{name}", get(assets::file))
            .route("/favicon.ico", get(assets::icon))
            .with_state(Arc::new(self));
        Pages { routes, login: || enter::form("").into(), nothing }
    }
}

/// What stands where there is no page.
fn nothing(uri: &Uri) -> Response {
    trouble::page(&Problem::not_found(format_args!("page `{}`", uri.path())))
}
