//! Pictures that can be enlarged to the size of the window.

use maud::{Markup, PreEscaped, html};

const SCRIPT: &str = include_str!("enlarge.js");

/// Wraps a picture in a button that enlarges it.
pub(super) fn enlarge(picture: &Markup) -> Markup {
    html! { button.enlarge type="button" title="Enlarge" { (picture) } }
}

/// Returns the dialog for enlarged pictures, for the end of the page.
pub(super) fn window() -> Markup {
    html! {
        dialog aria-label="Enlarged picture" {
            div.shown {}
            div.caption {}
            form method="dialog" {
                button.previous type="button" aria-label="Previous picture" { "‹" }
                button.close autofocus aria-label="Close" { "×" }
                button.next type="button" aria-label="Next picture" { "›" }
            }
        }
        script { (PreEscaped(SCRIPT)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_loads_nothing() {
        for elsewhere in ["</script", "<!--", "http", "fetch", "import", "innerHTML"] {
            assert!(!SCRIPT.contains(elsewhere), "{elsewhere}");
        }
    }
}
