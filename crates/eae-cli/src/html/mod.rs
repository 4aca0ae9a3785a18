//! Writes a trained model as one HTML page that decodes in the browser. The page contains the
//! layers of the decoder and the samplers as data, and a script that computes with them.
//!
//! The page makes no network requests. Its content security policy enforces this.

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
#[cfg(all(test, feature = "onnx"))]
pub(crate) use network::tests::Own;

use crate::report::dimensions;
use numbers::Numbers;

/// Number of draws that decide the precision of the weights.
const COMPARED: usize = 100;
/// Number of draws that determine the range of the sliders.
const DRAWN: usize = 1000;
/// Largest latent dimension for which the sliders are sorted by their effect. Measuring an effect
/// takes a pass of the decoder for each number.
const MOST_WEIGHED: usize = 1024;
/// Largest size of the arrays of a page, in bytes of base64.
const MOST_BYTES: usize = 256 << 20;

/// Content of a page.
pub(crate) struct Subject<'a> {
    /// Heading of the page.
    pub(crate) title: &'a str,
    pub(crate) model: &'a Autoencoder<f32>,
    /// Sampler that is selected at first. The page also offers N(0, I).
    pub(crate) sampler: &'a Sampler,
    /// Names of the classes, each with its sampler.
    pub(crate) classes: &'a [(String, Sampler)],
    /// Class that is selected at first.
    pub(crate) label: Option<&'a str>,
}

/// Finished page and the precision of its weights.
pub(crate) struct Page {
    pub(crate) content: String,
    /// Number of bits of a weight.
    pub(crate) bits: usize,
    /// Largest change of a pixel by 16-bit weights. `None` if not measured.
    pub(crate) difference: Option<f32>,
}

/// Returns the page of a model.
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

/// Returns the names, means and scales of the columns of a model of vectors.
fn columns(model: &Autoencoder<f32>) -> Option<Value> {
    let columns = model.columns()?;
    let names: Vec<String> = (0..columns.len()).map(|column| columns.name(column)).collect();
    let (mean, scale): (Vec<f64>, Vec<f64>) = (0..columns.len()).map(|column| columns.moments(column)).unzip();
    Some(json!({"names": names, "named": columns.names().is_some(), "mean": mean, "scale": scale}))
}

/// Returns the index, mean and standard deviation of the number that each slider changes. Numbers
/// with the largest effect on the picture come first.
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
    fn a_page_is_self_contained() {
        let model = Autoencoder::<f32>::new(Preset::Mlp, [8, 8, 1], 4, 0).unwrap();
        let page = page(&subject(&model, &Sampler::Normal { latent: 4 }), 0).unwrap();
        assert_eq!(page.bits, 16);
        let text = &page.content;
        assert!(text.contains("default-src 'none'") && text.contains("<title>a &lt;b&gt; &amp;"));
        for of_others in ["http:", "https:", "src=", "import ", "fetch(", "<b>"] {
            assert!(!text.contains(of_others), "{of_others}");
        }
        assert_eq!(text.matches("</script>").count(), 3, "the script, the model and the arrays");
    }

    #[test]
    fn images_of_other_channels_are_refused() {
        let model = Autoencoder::<f32>::new(Preset::Mlp, [8, 8, 2], 4, 0).unwrap();
        let error = page(&subject(&model, &Sampler::Normal { latent: 4 }), 0).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("the model's images have 2 channels"), "{error}");
    }
}
