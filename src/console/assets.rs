//! Style sheet, script and icon. Their names change with their content, so browsers keep them for good and never show an old one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use crate::graph;

/// Characters of the hash in a name: enough that no two versions ever share one.
const HASH: usize = 12;

/// Content is named by its hash: it can be kept for as long as browsers keep anything (a year, in seconds).
const FOR_GOOD: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// One file.
pub struct Asset {
    /// What stands behind `/static/`.
    pub name: String,
    /// Its `Content-Type`.
    kind: &'static str,
    /// What is in it.
    content: &'static str,
}

/// All files.
pub struct Assets {
    /// The one style sheet.
    pub css: Asset,
    /// The one script.
    pub js: Asset,
    /// Icon of the tab.
    pub icon: Asset,
}

/// Ours, behind what flow charts bring along.
static CSS: LazyLock<String> = LazyLock::new(|| format!("{}\n{}", graph::STYLE, include_str!("assets/app.css")));

/// All files, under their names.
pub static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    css: asset("app", "css", "text/css; charset=utf-8", &CSS),
    js: asset("app", "js", "text/javascript; charset=utf-8", include_str!("assets/app.js")),
    icon: asset("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")),
});

fn asset(stem: &str, ending: &str, kind: &'static str, content: &'static str) -> Asset {
    let hash: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = hash.get(..HASH).unwrap_or_default();
    Asset { name: format!("{stem}.{hash}.{ending}"), kind, content }
}

/// `GET /static/{name}`.
pub async fn file(Path(name): Path<String>) -> Response {
    let Assets { css, js, icon } = &*ASSETS;
    match [css, js, icon].into_iter().find(|asset| asset.name == name) {
        Some(asset) => give(asset),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /favicon.ico`: asked for by browsers that show something else than our pages, such as `/metrics`.
pub async fn icon() -> Response {
    give(&ASSETS.icon)
}

fn give(asset: &Asset) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)), (header::CACHE_CONTROL, FOR_GOOD)], asset.content).into_response()
}
