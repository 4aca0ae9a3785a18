//! The page's markup, with styles, scripts and data in it.

use eae::Autoencoder;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

/// What lets the page load nothing, from nowhere.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("style.css");

/// One module, so that its parts see each other: those before the last define, the last begins.
const SCRIPTS: [&str; 8] = [
    include_str!("weights.js"),
    include_str!("layers.js"),
    include_str!("samplers.js"),
    include_str!("model.js"),
    include_str!("save.js"),
    include_str!("show.js"),
    include_str!("sliders.js"),
    include_str!("page.js"),
];

/// The page of a model that `data` describes, with the `numbers` of its arrays in base64.
pub(super) fn document(title: &str, model: &Autoencoder<f32>, data: &Value, numbers: &str) -> Markup {
    let vectors = model.columns().is_some();
    let (one, many) = if vectors { ("row", "rows") } else { ("picture", "pictures") };
    let what = if vectors { "a row" } else { "a picture" };
    let latent = model.latent();
    // A name of a class must not end the script.
    let data = data.to_string().replace('<', "\\u003c");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) ": new " (many) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p {
                        "An autoencoder that makes new " (many) ": its decoder turns "
                        @if latent == 1 { "1 number" } @else { (latent) " numbers" }
                        " into " (what) ". All of it is in this file, and nothing leaves your device."
                    }
                }
                noscript { p.problem { "The page computes its " (many) " by itself, and needs JavaScript for that." } }
                p #problem .problem hidden {}
                main class=(many) {
                    section #samples aria-label={"New " (many)} {
                        div.controls {
                            button #again .first type="button" { "New " (many) }
                            label #from { "Codes from " select #sampler {} }
                            label #of { "Class " select #class {} }
                        }
                        @if vectors {
                            div.scroll { table #rows { thead {} tbody {} } }
                            p #left-out .hint hidden {}
                            div.controls {
                                label { "Rows " input #count type="number" min="1" max="100000" value="1000"; }
                                button #csv type="button" { "Save as CSV" }
                            }
                        } @else {
                            div #grid {}
                            p.hint { "Choose one, and change it with the sliders." }
                        }
                    }
                    section #chosen aria-label={"The chosen " (one)} {
                        @if vectors {
                            h2 { "The chosen row" }
                            div.scroll { table #values {} }
                        } @else {
                            canvas #picture role="img" aria-label="The chosen picture" {}
                        }
                        div.controls {
                            button #back type="button" { "As drawn" }
                            button #mean type="button" { "The mean" }
                            @if !vectors { button #png type="button" { "Save as PNG" } }
                        }
                    }
                    section #code aria-label="The code" {
                        h2 { "Its code" }
                        p #code-hint .hint { "What changes the " (one) " most comes first." }
                        div #sliders {}
                        button #more type="button" hidden {}
                    }
                }
                script type="application/json" id="model" { (PreEscaped(data)) }
                script type="application/octet-stream" id="numbers" { (numbers) }
                script type="module" { @for script in SCRIPTS { (PreEscaped(script)) } }
            }
        }
    }
}
