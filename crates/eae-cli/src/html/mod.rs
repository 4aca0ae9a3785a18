//! A trained model as one page that decodes in the browser, from nothing but itself: the decoder's
//! layers and the samplers as data, and a script that knows how to compute with them.
//!
//! The page asks no machine for anything, which its content security policy makes sure of.

mod document;
mod network;
mod numbers;
mod precision;
mod sampler;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use eae::Autoencoder;
use eae::sampler::Sampler;
use ndarray::{Array2, Axis};
use serde_json::{Value, json};

pub(crate) use network::PageError;

use crate::report::dimensions;
use numbers::Numbers;

/// Draws by which the precision is chosen.
const COMPARED: usize = 100;
/// Draws that the reach of the sliders is taken from.
const DRAWN: usize = 1000;
/// Numbers in a code up to which sliders are in the order of what they change; each takes the
/// decoder's time.
const MOST_WEIGHED: usize = 1024;
/// The most bytes of a page.
const MOST_BYTES: usize = 256 << 20;

/// What a page shows.
pub(crate) struct Subject<'a> {
    /// Its heading.
    pub(crate) title: &'a str,
    pub(crate) model: &'a Autoencoder<f32>,
    /// What codes are drawn from at first, and beside it N(0, I).
    pub(crate) sampler: &'a Sampler,
    /// The classes with a sampler each.
    pub(crate) classes: &'a [(String, Sampler)],
    /// The class that is chosen at first.
    pub(crate) label: Option<&'a str>,
}

/// A page, and what its numbers have become.
pub(crate) struct Page {
    pub(crate) content: String,
    /// The bits of a weight.
    pub(crate) bits: usize,
    /// By how much weights of 16 bits change a pixel at most, if that was measured.
    pub(crate) difference: Option<f32>,
}

/// Makes the page.
pub(crate) fn page(subject: &Subject<'_>, seed: u64) -> Result<Page, PageError> {
    let Subject { title, model, sampler, classes, label } = *subject;
    let [height, width, channels] = model.image_shape();
    if model.columns().is_none() && ![1, 3].contains(&channels) {
        return Err(PageError::Channels(channels));
    }
    let drawn: Array2<f32> = sampler.sample(DRAWN, seed);
    let (precision, difference) = precision::needed(model, drawn.slice_axis(Axis(0), (..COMPARED).into()))?;
    let mut numbers = Numbers::new(precision);
    let decoder = network::described(model.decoder(), &mut numbers)?;
    let normal = Sampler::Normal { latent: model.latent() };
    let samplers = [sampler, &normal].map(|sampler| sampler::described(sampler, &mut numbers));
    let distinct = if *sampler == normal { &samplers[..1] } else { &samplers[..] };
    let classes: Vec<Value> = classes
        .iter()
        .map(|(name, sampler)| json!({"name": name, "sampler": sampler::described(sampler, &mut numbers)}))
        .collect();
    let bytes = numbers.bytes.len().div_ceil(3) * 4;
    if bytes > MOST_BYTES {
        return Err(PageError::TooLarge(bytes));
    }
    let data = json!({
        "title": title,
        "latent": model.latent(),
        "image": {"height": height, "width": width, "channels": channels},
        "columns": columns(model),
        "decoder": decoder,
        "samplers": distinct,
        "classes": classes,
        "label": label,
        "sliders": sliders(model, drawn),
        "bits": precision.bits(),
    });
    let content = document::document(title, model, &data, &BASE64_STANDARD.encode(&numbers.bytes)).into_string();
    Ok(Page { content, bits: precision.bits(), difference })
}

/// The names and the units of the columns, for a model of vectors.
fn columns(model: &Autoencoder<f32>) -> Option<Value> {
    let columns = model.columns()?;
    let names: Vec<String> = match columns.names() {
        Some(names) => names.to_vec(),
        None => (0..columns.len()).map(|column| format!("column {column}")).collect(),
    };
    let (mean, scale): (Vec<f64>, Vec<f64>) = (0..columns.len()).map(|column| columns.moments(column)).unzip();
    Some(json!({"names": names, "named": columns.names().is_some(), "mean": mean, "scale": scale}))
}

/// The place of each slider's number in a code, its mean and its standard deviation; those that
/// change the picture most first.
fn sliders(model: &Autoencoder<f32>, drawn: Array2<f32>) -> Vec<Value> {
    if model.latent() > MOST_WEIGHED {
        let moments = drawn.axis_iter(Axis(1)).map(|column| (column.mean().unwrap_or_default(), column.std(0.0)));
        return moments
            .enumerate()
            .map(|(place, (mean, sd))| json!({"place": place, "mean": mean, "sd": sd}))
            .collect();
    }
    let mut weighed = dimensions(model, drawn.view());
    weighed.sort_by(|a, b| b.effect.total_cmp(&a.effect));
    weighed.iter().map(|of| json!({"place": of.index, "mean": of.mean, "sd": of.sd})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::Preset;

    fn subject<'a>(model: &'a Autoencoder<f32>, sampler: &'a Sampler) -> Subject<'a> {
        Subject { title: "a <b> & \"c\"", model, sampler, classes: &[], label: None }
    }

    #[test]
    fn a_page_is_itself_alone() {
        let model = Autoencoder::<f32>::new(Preset::Mlp, [8, 8, 1], 4, 0).unwrap();
        let page = page(&subject(&model, &Sampler::Normal { latent: 4 }), 0).unwrap();
        assert_eq!(page.bits, 16);
        let text = &page.content;
        assert!(text.contains("default-src 'none'") && text.contains("<title>a &lt;b&gt; &amp;"));
        for of_others in ["http:", "https:", "src=", "import ", "fetch(", "<b>"] {
            assert!(!text.contains(of_others), "{of_others}");
        }
        assert_eq!(text.matches("</script>").count(), 3, "a script, the model and its numbers");
    }

    #[test]
    fn images_of_other_channels_are_refused() {
        let model = Autoencoder::<f32>::new(Preset::Mlp, [8, 8, 2], 4, 0).unwrap();
        let error = page(&subject(&model, &Sampler::Normal { latent: 4 }), 0).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("the model's images have 2 channels"), "{error}");
    }
}
