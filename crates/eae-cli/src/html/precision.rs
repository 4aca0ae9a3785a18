//! The precision that a page's weights need.

use eae::Autoencoder;
use half::f16;
use ndarray::ArrayView2;
use nn_layers::WeightsError;

use super::numbers::Precision;

/// Half of one of 255 levels of brightness: what is closer is the same on a screen, but for rounding
/// to a level or the next.
const SEEN: f32 = 0.5 / 255.0;

/// Returns the largest difference of a pixel when `codes` are decoded by weights of 16 bits, and the
/// precision that follows: 16 bits where nobody sees the difference. The numbers of a vector are
/// read and not seen, and have 32 bits.
pub(super) fn needed(
    model: &Autoencoder<f32>,
    codes: ArrayView2<'_, f32>,
) -> Result<(Precision, Option<f32>), WeightsError> {
    if model.columns().is_some() {
        return Ok((Precision::Single, None));
    }
    let mut weights = model.to_weights();
    let names: Vec<String> = weights.names().filter(|name| rounded(name)).map(str::to_owned).collect();
    for name in names {
        let shape = weights.shape(&name).unwrap_or_default().to_vec();
        let array = weights.get::<f32>(&name, &shape)?.mapv(|x| f16::from_f32(x).to_f32());
        if array.iter().any(|x| x.is_infinite()) {
            return Ok((Precision::Single, None));
        }
        weights.insert(name, &array);
    }
    let mut coarse = model.clone();
    let [_, decoder] = coarse.networks_mut();
    decoder.read("decoder", &weights)?;
    let differences = coarse.decode(codes) - model.decode(codes);
    let largest = differences.fold(0.0_f32, |largest, x| largest.max(x.abs()));
    Ok((if largest < SEEN { Precision::Half } else { Precision::Single }, Some(largest)))
}

/// Whether an array of the decoder is one of those that [`network`](super::network) puts in the
/// precision of the page.
fn rounded(name: &str) -> bool {
    name.starts_with("decoder.") && name.ends_with(".weight")
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler::normal;
    use eae::{Ending, Preset};

    #[test]
    fn weights_have_the_bits_that_are_seen() {
        let codes = normal::<f32>(20, 4, 0);
        let mut model = Autoencoder::<f32>::new(Preset::Mlp, [8, 8, 1], 4, 0).unwrap();
        let (precision, difference) = needed(&model, codes.view()).unwrap();
        assert_eq!(precision, Precision::Half);
        assert!((1e-7..SEEN).contains(&difference.unwrap()), "{difference:?}");

        // A thousand times the weights, whose rounding then changes pixels from 0 to 1; then more than 16
        // bits have room for.
        for (factor, measured) in [(1e3, true), (1e9, false)] {
            let mut weights = model.to_weights();
            let names: Vec<String> = weights.names().filter(|name| rounded(name)).map(str::to_owned).collect();
            for name in names {
                let shape = weights.shape(&name).unwrap().to_vec();
                weights.insert(&*name, &(weights.get::<f32>(&name, &shape).unwrap() * factor));
            }
            model.read(&weights).unwrap();
            let (precision, difference) = needed(&model, codes.view()).unwrap();
            assert_eq!((precision, difference.is_some()), (Precision::Single, measured), "{factor} {difference:?}");
        }
    }

    #[test]
    fn vectors_are_exact() {
        let rows = normal::<f64>(20, 3, 0);
        let columns = eae::data::Columns::fit(rows.view(), None);
        let model = Autoencoder::<f32>::for_vectors(Preset::Mlp, columns, 2, Ending::Normalized, 0).unwrap();
        assert_eq!(needed(&model, normal::<f32>(5, 2, 0).view()).unwrap(), (Precision::Single, None));
    }
}
