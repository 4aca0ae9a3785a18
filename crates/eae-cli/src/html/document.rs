//! Markup of the page, with styles, scripts and data embedded.

use eae::Autoencoder;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

/// Content security policy that forbids all network access.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("style.css");

/// Parts of one module, so that they see each other. The last part runs the page.
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

/// Returns the page of the model that `data` describes. `numbers` are its arrays in base64.
pub(super) fn document(title: &str, model: &Autoencoder<f32>, data: &Value, numbers: &str) -> Markup {
    let vectors = model.columns().is_some();
    let (one, many) = if vectors { ("row", "rows") } else { ("picture", "pictures") };
    let what = if vectors { "a row" } else { "a picture" };
    let latent = model.latent();
    // The name of a class must not close the script element.
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
                        "This autoencoder makes new " (many) ". Its decoder turns a code of "
                        @if latent == 1 { "1 number" } @else { (latent) " numbers" }
                        " into " (what) ". The whole model is in this file, and no data leave your device."
                    }
                }
                noscript { p.problem { "This page computes its " (many) " with JavaScript. Please enable JavaScript." } }
                p #problem .problem hidden {}
                main class=(many) {
                    section #samples aria-label={"New " (many)} {
                        div.controls {
                            button #again .first type="button" { "New " (many) }
                            label #from { "Sampler " select #sampler {} }
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
                            p.hint { "Select a picture and change it with the sliders." }
                        }
                    }
                    section #chosen aria-label={"Selected " (one)} {
                        @if vectors {
                            h2 { "Selected row" }
                            div.scroll { table #values {} }
                        } @else {
                            canvas #picture role="img" aria-label="Selected picture" {}
                        }
                        div.controls {
                            button #back type="button" { "Reset" }
                            button #mean type="button" { "Mean code" }
                            @if !vectors { button #png type="button" { "Save as PNG" } }
                        }
                    }
                    section #code aria-label="Code" {
                        h2 { "Code" }
                        p #code-hint .hint { "The number that changes the " (one) " most comes first." }
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
