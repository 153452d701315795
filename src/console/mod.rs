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
//! now                         what goes out, waits and arrives
//! conversations ─ thread      who says what
//! broadcasts                  a playbook started for many
//! contacts ─ import           everybody who is known, and more of them out of a table
//! account                     Twilio: credentials, numbers, webhooks
//! inbox                       conversations that wait for a person
//! playbooks                   the flow chart with people on it
//! people ─ decisions          whoever it is about; the journal in words
//! phone                       playing the customer, where Twilio is pretended
//! ```

mod account;
mod assets;
mod audit;
mod broadcasts;
mod contacts;
mod conversations;
mod decisions;
mod enter;
mod import;
mod inbox;
mod live;
mod moment;
mod now;
mod people;
mod phone;
mod playbooks;
mod thread;
mod trouble;
mod view;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::watch;

use crate::http::Doors;
use crate::http::private::Pages;
use crate::http::problem::Problem;

use account::Tested;
use import::Imports;

pub use account::{Account, Change, Facts, Finding, Number};
pub use audit::Audit;
pub use phone::{FAULTS, Phones, SHOWN, Said};

/// What pages are drawn from.
pub struct Console {
    /// Store, playbooks, health and gate, as the API has them.
    doors: Arc<Doors>,
    /// Who did what.
    audit: Audit,
    /// The pretend phones, where Twilio is pretended.
    phones: Option<Arc<dyn Phones>>,
    /// The Twilio account; none where nobody can be asked.
    account: Option<Arc<dyn Account>>,
    /// How the newest test of the connection went.
    tested: Mutex<Option<Tested>>,
    /// The newest import of contacts.
    imports: Imports,
    /// True once the daemon ends: pages that wait for news are let go.
    end: watch::Receiver<bool>,
}

impl Console {
    /// Pages over the same doors as the API.
    pub fn new(doors: Arc<Doors>, end: watch::Receiver<bool>) -> Console {
        Console { doors, audit: Audit::default(), phones: None, account: None, tested: Mutex::default(), imports: Imports::default(), end }
    }

    /// With pretend phones to write from.
    pub fn with_phones(mut self, phones: Option<Arc<dyn Phones>>) -> Console {
        self.phones = phones;
        self
    }

    /// With the Twilio account that texts go through.
    pub fn with_account(mut self, account: Arc<dyn Account>) -> Console {
        self.account = Some(account);
        self
    }

    /// The pages, for the private side to put beside the API.
    pub fn pages(self) -> Pages {
        let routes = Router::new()
            .route("/", get(now::page))
            .route("/now/live", get(now::live))
            .route("/broadcasts", get(broadcasts::list))
            .route("/broadcasts/live", get(broadcasts::list_live))
            .route("/broadcasts/new", get(broadcasts::new).post(broadcasts::start))
            .route("/broadcasts/{id}", get(broadcasts::page))
            .route("/broadcasts/{id}/live", get(broadcasts::live))
            .route("/broadcasts/{id}/{order}", post(broadcasts::order))
            .route("/conversations", get(conversations::page))
            .route("/conversations/live", get(conversations::live))
            .route("/conversations/{id}", get(thread::page))
            .route("/conversations/{id}/live", get(thread::live))
            .route("/conversations/{id}/take", post(thread::take))
            .route("/conversations/{id}/end", post(thread::end))
            .route("/inbox", get(inbox::page))
            .route("/inbox/live", get(inbox::live))
            .route("/inbox/{id}", get(inbox::one))
            .route("/inbox/{id}/live", get(inbox::live_one))
            .route("/inbox/{id}/reply", post(inbox::reply))
            .route("/inbox/{id}/note", post(inbox::note))
            .route("/inbox/{id}/close", post(inbox::close))
            .route("/segments", post(inbox::cost))
            .route("/playbooks", get(playbooks::list))
            .route("/playbooks/live", get(playbooks::list_live))
            .route("/playbooks/{name}", get(playbooks::page))
            .route("/playbooks/{name}/live", get(playbooks::live))
            .route("/playbooks/{name}/{order}", post(playbooks::order))
            .route("/playbooks/{name}/at/{step}", get(playbooks::people))
            .route("/contacts", get(contacts::list))
            .route("/contacts.csv", get(contacts::export))
            .route("/contacts/import", get(import::new).post(import::look))
            .route("/contacts/import/{id}", get(import::page).post(import::run))
            .route("/contacts/import/{id}/live", get(import::live))
            .route("/contacts/{number}", get(contacts::one))
            .route("/contacts/{number}/erase", post(contacts::erase))
            .route("/twilio", get(account::page))
            .route("/twilio/live", get(account::live))
            .route("/twilio/test", post(account::test))
            .route("/twilio/connect", post(account::connect))
            .route("/phone", get(phone::first).post(phone::other))
            .route("/phone/{number}", get(phone::one).post(phone::write))
            .route("/phone/{number}/live", get(phone::live))
            .route("/phone/{number}/turn", post(phone::turn))
            .route("/phone/{number}/fault", post(phone::fault))
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
