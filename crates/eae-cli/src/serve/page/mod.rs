//! Files of the page: plain HTML, CSS and JavaScript without external dependencies.

use super::reply::Reply;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Returns the file of the page at a path.
pub(super) fn file(path: &str) -> Option<Reply> {
    let (content_type, content) = match path {
        "/" => ("text/html; charset=utf-8", include_str!("index.html")),
        "/style.css" => ("text/css; charset=utf-8", include_str!("style.css")),
        "/panels.css" => ("text/css; charset=utf-8", include_str!("panels.css")),
        "/rows.css" => ("text/css; charset=utf-8", include_str!("rows.css")),
        "/layout.css" => ("text/css; charset=utf-8", include_str!("layout.css")),
        "/icon.svg" => ("image/svg+xml", include_str!("icon.svg")),
        "/app.js" => (SCRIPT, include_str!("app.js")),
        "/ask.js" => (SCRIPT, include_str!("ask.js")),
        "/code.js" => (SCRIPT, include_str!("code.js")),
        "/thing.js" => (SCRIPT, include_str!("thing.js")),
        "/picture.js" => (SCRIPT, include_str!("picture.js")),
        "/row.js" => (SCRIPT, include_str!("row.js")),
        "/number.js" => (SCRIPT, include_str!("number.js")),
        "/view.js" => (SCRIPT, include_str!("view.js")),
        "/columns.js" => (SCRIPT, include_str!("columns.js")),
        "/radius.js" => (SCRIPT, include_str!("radius.js")),
        "/keep.js" => (SCRIPT, include_str!("keep.js")),
        "/link.js" => (SCRIPT, include_str!("link.js")),
        "/pager.js" => (SCRIPT, include_str!("pager.js")),
        "/strip.js" => (SCRIPT, include_str!("strip.js")),
        "/table.js" => (SCRIPT, include_str!("table.js")),
        "/sliders.js" => (SCRIPT, include_str!("sliders.js")),
        "/samples.js" => (SCRIPT, include_str!("samples.js")),
        "/yours.js" => (SCRIPT, include_str!("yours.js")),
        "/drawing.js" => (SCRIPT, include_str!("drawing.js")),
        "/walk.js" => (SCRIPT, include_str!("walk.js")),
        "/map.js" => (SCRIPT, include_str!("map.js")),
        _ => return None,
    };
    Some(Reply::new(content_type, content))
}
