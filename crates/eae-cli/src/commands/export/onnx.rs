//! Writes the networks of a model as ONNX files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use eae::Autoencoder;
use serde::Serialize;

use super::{ONNX, written};
use crate::failure::Failure;
use crate::onnx::{self, Draws, ExportError, Interface, OPSET};
use crate::run_folder::Trained;
use crate::sampling::Chosen;

/// Paths of the written files.
#[derive(Serialize)]
pub(super) struct Files {
    encoder: PathBuf,
    decoder: PathBuf,
    generator: PathBuf,
    /// Names of the inputs of the generator.
    inputs: &'static [&'static str],
    opset: i64,
}

impl Files {
    /// Returns one line that describes the written files.
    pub(super) fn describe(&self, chosen: &Chosen, why: &str) -> String {
        let Self { encoder, decoder, generator, inputs, .. } = self;
        let (encoder, decoder, generator) = (encoder.display(), decoder.display(), generator.display());
        let inputs = inputs.join(" and ");
        format!("wrote {encoder}, {decoder} and {generator}, which turns {inputs} into draws from {chosen}{why}")
    }
}

/// Writes the three files into the folder `out`.
pub(super) fn write(trained: &Trained, chosen: &Chosen, label: Option<&str>, out: &Path) -> Result<Files, Failure> {
    let Trained { file, model, .. } = trained;
    let failed = |e| Failure::other(e).at(file);
    let [encoder, decoder] = networks(model).map_err(failed)?;
    let generator = generator(model, chosen, label).map_err(failed)?;
    let [encoder_name, decoder_name, generator_name] = ONNX;
    Ok(Files {
        encoder: written(out, encoder_name, &encoder)?,
        decoder: written(out, decoder_name, &decoder)?,
        generator: written(out, generator_name, &generator)?,
        inputs: onnx::inputs(&chosen.sampler),
        opset: OPSET,
    })
}

/// Returns the contents of encoder.onnx and decoder.onnx.
fn networks(model: &Autoencoder<f32>) -> Result<[Vec<u8>; 2], ExportError> {
    let metadata: &HashMap<_, _> = &model.to_weights().metadata;
    let says_variances = model.encoder().output_shape() != [model.latent()];
    let (columns, (sample, samples)) = (model.columns(), samples(model));
    let encoder = Interface {
        name: "encoder",
        about: &format!("Encoder of an autoencoder, from {samples} to codes"),
        draws: None,
        input: sample,
        outputs: if says_variances { &["code", "log_variance"] } else { &["code"] },
        columns: [columns, None],
        metadata,
    };
    let decoder = Interface {
        name: "decoder",
        about: &format!("Decoder of an autoencoder, from codes to {samples}"),
        draws: None,
        input: "code",
        outputs: &[sample],
        columns: [None, columns],
        metadata,
    };
    Ok([onnx::export(model.encoder(), &encoder)?, onnx::export(model.decoder(), &decoder)?])
}

/// Returns the content of generator.onnx: the sampler, which turns noise into codes, followed by
/// the decoder. A refinement is between the two. With a `label`, the sampler is that of this class.
fn generator(model: &Autoencoder<f32>, chosen: &Chosen, label: Option<&str>) -> Result<Vec<u8>, ExportError> {
    let mut metadata = model.to_weights().metadata;
    let entries = [("sampler", chosen.flag().to_owned()), ("draws_from", chosen.to_string())];
    let entries = entries.into_iter().chain(label.map(|label| ("label", label.to_owned())));
    metadata.extend(entries.map(|(key, value)| (key.to_owned(), value)));
    let (sample, samples) = samples(model);
    let of_class = label.map(|label| format!(" of the class {label}")).unwrap_or_default();
    let uniform = match onnx::inputs(&chosen.sampler) {
        [_] => "",
        [_, uniform] => &format!(" and `{uniform}` from U(0, 1)"),
        _ => unreachable!("one or two inputs"),
    };
    let about = format!(
        "Generator of {samples}{of_class}: draw `{}` from N(0, I){uniform}; the sampler is {chosen}",
        onnx::NOISE,
    );
    let generator = Interface {
        name: "generator",
        about: &about,
        draws: Some(Draws { chosen, encoder: model.encoder() }),
        input: onnx::NOISE,
        outputs: &[sample],
        columns: [None, model.columns()],
        metadata: &metadata,
    };
    onnx::export(model.decoder(), &generator)
}

/// Returns the name of the input or output for data, and its description.
fn samples(model: &Autoencoder<f32>) -> (&'static str, &'static str) {
    match model.columns() {
        Some(_) => ("vector", "vectors in the units of the data"),
        None => ("image", "images with values from 0 to 1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::tests::{Case, noise, runtime_agrees};
    use eae::data::Columns;
    use eae::sampler::{Gaussian, Gaussianization, Mixture, Refinement, Sampler, normal};
    use eae::{Ending, Preset};
    use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, Ix2, array};

    /// Returns a preset for color images whose running statistics, gamma and beta are not trivial.
    fn stirred(preset: Preset, ending: Ending) -> Autoencoder<f32> {
        let image = [preset.side(), preset.side(), 3];
        let mut model = Autoencoder::<f32>::with_ending(preset, image, 5, ending, 1).unwrap();
        let mut weights = model.to_weights();
        let vectors = weights.names().filter(|name| weights.shape(name).is_some_and(|shape| shape.len() == 1));
        let vectors: Vec<_> = vectors.map(str::to_owned).collect();
        for (name, seed) in vectors.into_iter().zip(1..) {
            let moved = noise(weights.shape(&name).unwrap(), 0.5, seed);
            let around = if name.ends_with("running_mean") || name.ends_with("bias") { 0.0 } else { 1.0 };
            weights.insert(name, &(moved + around));
        }
        model.read(&weights).unwrap();
        model
    }

    /// Needs a Python with onnxruntime and numpy: `EAE_PYTHON=python3 cargo test -p eae-cli
    /// onnxruntime -- --ignored`.
    #[test]
    #[ignore = "needs onnxruntime"]
    fn onnxruntime_agrees_for_every_preset_and_ending() {
        for preset in Preset::ALL {
            for ending in [Ending::Normalized, Ending::Plain, Ending::MeanAndLogVariance] {
                let model = stirred(preset, ending);
                let mut exact = Autoencoder::<f64>::with_ending(preset, model.image_shape(), 5, ending, 1).unwrap();
                exact.read(&model.to_weights()).unwrap();
                let images = noise(&[&[8], &model.image_shape()[..]].concat(), 0.5, 0) + 0.5;
                // An untrained decoder of many layers needs large codes to show a difference.
                let codes = noise(&[8, 5], 20.0, 0);
                let [encoder, decoder] = networks(&model).unwrap();
                let outputs: &[&str] =
                    if ending == Ending::MeanAndLogVariance { &["code", "log_variance"] } else { &["code"] };
                runtime_agrees(&[
                    Case::new(encoder, exact.encoder(), ("image", &images), outputs),
                    Case::new(decoder, exact.decoder(), ("code", &codes), &["image"]),
                ]);
            }
        }
    }

    /// Returns rows of four columns with very different scales, and a model of these rows.
    fn vectors() -> (Array2<f64>, Columns, Autoencoder<f32>) {
        let rows = noise(&[8, 4], 1.0, 1).mapv(f64::from).into_dimensionality::<Ix2>().unwrap();
        let rows = rows * array![1.0, 10.0, 3.0, 0.0] + array![0.0, 5.0, 1e9, 7.0];
        let columns = Columns::fit(rows.view(), None);
        let model = Autoencoder::<f32>::for_vectors(Preset::Mlp, columns.clone(), 2, Ending::Normalized, 1).unwrap();
        (rows, columns, model)
    }

    /// Inputs and outputs are in the units of the data, and a column with a deviation far smaller
    /// than its mean keeps its digits.
    #[test]
    #[ignore = "needs onnxruntime"]
    fn onnxruntime_agrees_for_vectors() {
        let (rows, columns, model) = vectors();
        let [encoder, decoder] = networks(&model).unwrap();
        // A column that was constant in training has no effect, even if its value differs now.
        let rows = rows + array![0.0, 0.0, 0.0, 1.0];
        let codes = model.encode(columns.standardize(rows.view()).view());
        let back = columns.restore(model.decode(codes.view()).view());
        assert_eq!(back.column(3), Array1::from_elem(8, 7.0));
        let codes = codes.mapv(f64::from).into_dyn();
        runtime_agrees(&[
            Case { file: encoder, inputs: vec![("vector", rows.into_dyn())], outputs: vec![("code", codes.clone())] },
            Case { file: decoder, inputs: vec![("code", codes)], outputs: vec![("vector", back.into_dyn())] },
        ]);
    }

    /// Returns every sampler, fitted to codes of three clusters that are not normal.
    fn samplers(latent: usize) -> Vec<Sampler> {
        let mut codes = normal::<f64>(900, latent, 1).mapv(|x| x + 0.2 * x.powi(3));
        codes.outer_iter_mut().step_by(3).for_each(|mut code| code += 6.0);
        codes.outer_iter_mut().step_by(5).for_each(|mut code| code -= 4.0);
        let mixture = |components| Sampler::Mixture(Mixture::fit(codes.view(), components, 0).unwrap());
        let map = |layers, codes: &Array2<f64>| Gaussianization::fit(codes.view(), layers, 0).unwrap();
        // A map that is fitted to few normal codes may have no layers, only a rotation and scales.
        let linear = (0..).map(|seed| map(1, &normal(20, latent, seed))).find(|map| map.layers() == 0);
        vec![
            Sampler::Normal { latent },
            Sampler::Sphere { latent },
            Sampler::Gaussian(Gaussian::fit(codes.view()).unwrap()),
            mixture(1),
            mixture(3),
            mixture(12),
            Sampler::Gaussianization(linear.expect("few codes of one seed or another")),
            Sampler::Gaussianization(map(8, &codes)),
        ]
    }

    /// Returns every sampler and refined draws.
    fn choices(model: &Autoencoder<f32>) -> impl Iterator<Item = Chosen> {
        let refined = Chosen::from(Refinement::fit(model, 0).unwrap());
        samplers(model.latent()).into_iter().map(Chosen::from).chain([refined])
    }

    /// Maps each row of `noise`, draws from N(0, I), to a code. A mixture selects its components by
    /// `uniform`.
    fn of_noise(sampler: &Sampler, noise: &Array2<f64>, uniform: &Array1<f64>) -> Array2<f64> {
        let mut codes = noise.clone();
        for (mut code, &uniform) in codes.outer_iter_mut().zip(uniform) {
            let moved = match sampler {
                Sampler::Normal { .. } => continue,
                Sampler::Sphere { latent } => &code * (*latent as f64 / code.dot(&code)).sqrt(),
                Sampler::Gaussian(gaussian) => gaussian.root().dot(&code) + gaussian.mean(),
                Sampler::Mixture(mixture) => {
                    let mut left = uniform;
                    let chosen = mixture.weights().iter().position(|weight| {
                        left -= weight;
                        left < 0.0
                    });
                    // By rounding, the weights can sum to slightly less than 1.
                    let c = chosen.unwrap_or(mixture.components() - 1);
                    mixture.factors().index_axis(Axis(0), c).dot(&code) + mixture.means().row(c)
                }
                Sampler::Gaussianization(map) => return map.inverse(noise.view()),
                other => panic!("the codes of {} for noise are unknown", other.name()),
            };
            code.assign(&moved);
        }
        codes
    }

    /// Returns the generator of each sampler, with the output that is expected for the noise.
    fn generators<'a>(model: &Autoencoder<f32>, sample: &'a str) -> Vec<Case<'a>> {
        let latent = model.latent();
        let of_sampler = |chosen: Chosen| {
            // The noise reaches far out, where the splines are lines.
            let drawn = noise(&[100, latent], 5.0, 3);
            let uniform = (noise(&[100, 1], 0.5, 4) + 0.5).mapv(f64::from);
            let column: Array1<f64> = uniform.index_axis(Axis(1), 0).to_owned().into_dimensionality::<Ix1>().unwrap();
            let doubled = drawn.mapv(f64::from).into_dimensionality::<Ix2>().unwrap();
            let codes = of_noise(&chosen.sampler, &doubled, &column).mapv(|x| x as f32);
            let codes = match &chosen.refinement {
                Some(refinement) => refinement.refine(model, codes.view()),
                None => codes,
            };
            let images = model.decode(codes.view());
            let expected: ArrayD<f64> = match model.columns() {
                Some(columns) => columns.restore(images.view()).into_dyn(),
                None => images.mapv(f64::from).into_dyn(),
            };
            let mut inputs = vec![("noise", doubled.into_dyn()), ("uniform", uniform)];
            inputs.truncate(onnx::inputs(&chosen.sampler).len());
            Case { file: generator(model, &chosen, None).unwrap(), inputs, outputs: vec![(sample, expected)] }
        };
        choices(model).map(of_sampler).collect()
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn onnxruntime_agrees_for_generators() {
        runtime_agrees(&generators(&stirred(Preset::Conv28, Ending::Normalized), "image"));
        runtime_agrees(&generators(&stirred(Preset::Mlp, Ending::MeanAndLogVariance), "image"));
        runtime_agrees(&generators(&vectors().2, "vector"));
        // The features of this code are the channels and pixels of an image.
        let layers = |text: &[&str]| text.iter().map(|layer| layer.parse().unwrap()).collect();
        let network = eae::Network {
            encoder: layers(&["flatten"]),
            decoder: layers(&["unflatten 2 2 3", "conv-transpose 3 kernel=2 stride=2", "sigmoid"]),
        };
        runtime_agrees(&generators(&Autoencoder::new(network, [4, 4, 3], 12, 1).unwrap(), "image"));
    }

    #[test]
    fn a_generator_names_its_sampler() {
        let model = stirred(Preset::Mlp, Ending::Normalized);
        let has = |file: &[u8], text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
        for chosen in choices(&model) {
            let file = generator(&model, &chosen, Some("seven")).unwrap();
            for text in [chosen.flag(), &chosen.to_string(), "draws_from", "of the class seven"] {
                assert!(has(&file, text), "{text} of {}", chosen.name());
            }
            assert_eq!(has(&file, "uniform"), matches!(&chosen.sampler, Sampler::Mixture(m) if m.components() > 1));
            // Only a refinement takes the encoder into the file.
            assert_eq!(has(&file, "encoder.1.weight"), chosen.refinement.is_some());
        }
    }
}
