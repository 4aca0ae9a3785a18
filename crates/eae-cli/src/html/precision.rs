//! Chooses the precision of the weights of a page.

use eae::Autoencoder;
use half::f16;
use ndarray::ArrayView2;
use nn_layers::WeightsError;

use super::numbers::Precision;

/// Half of one of the 255 steps of brightness. A smaller difference is at most one step on the
/// screen, after rounding.
const SEEN: f32 = 0.5 / 255.0;

/// Returns the precision that the weights need, and the largest change of a pixel when `codes` are
/// decoded with 16-bit weights. 16 bits are enough if the change is not visible. Models of vectors
/// keep 32 bits, because their outputs are read as numbers.
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

/// Returns true for the arrays of the decoder that [`network`](super::network) stores in the
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
    fn precision_depends_on_the_change_of_pixels() {
        let codes = normal::<f32>(20, 4, 0);
        let mut model = Autoencoder::<f32>::new(Preset::Mlp, [8, 8, 1], 4, 0).unwrap();
        let (precision, difference) = needed(&model, codes.view()).unwrap();
        assert_eq!(precision, Precision::Half);
        assert!((1e-7..SEEN).contains(&difference.unwrap()), "{difference:?}");

        // With weights 1e3 times as large, rounding changes pixels from 0 to 1. With weights 1e9
        // times as large, 16 bits overflow.
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
    fn vectors_need_single_precision() {
        let rows = normal::<f64>(20, 3, 0);
        let columns = eae::data::Columns::fit(rows.view(), None);
        let model = Autoencoder::<f32>::for_vectors(Preset::Mlp, columns, 2, Ending::Normalized, 0).unwrap();
        assert_eq!(needed(&model, normal::<f32>(5, 2, 0).view()).unwrap(), (Precision::Single, None));
    }
}
