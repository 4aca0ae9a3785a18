use super::*;
use ndarray::{Array3, ArrayD, Axis, arr0, array};

fn all() -> [Sampler; 5] {
    let codes = normal::<f64>(300, 3, 1).mapv(|x| x.powi(3));
    [
        Sampler::Normal { latent: 3 },
        Sampler::Sphere { latent: 3 },
        Sampler::Gaussian(Gaussian::fit(codes.view()).unwrap()),
        Sampler::Mixture(Mixture::fit(codes.view(), 3, 0).unwrap()),
        Sampler::Gaussianization(Gaussianization::fit(codes.view(), 4, 0).unwrap()),
    ]
}

fn written(sampler: &Sampler) -> Weights {
    let mut weights = Weights::default();
    sampler.write("s", &mut weights);
    weights
}

#[test]
fn one_component_or_layer_is_in_the_singular() {
    let codes = normal::<f64>(300, 3, 1).mapv(|x| x.powi(3));
    let mixture = |components| Sampler::Mixture(Mixture::fit(codes.view(), components, 0).unwrap()).to_string();
    assert_eq!([mixture(1), mixture(3)], ["a mixture of 1 Gaussian", "a mixture of 3 Gaussians"]);
    let map = Sampler::Gaussianization(Gaussianization::fit(codes.view(), 1, 0).unwrap());
    assert_eq!(map.to_string(), "a Gaussianization of 1 layer");
}

#[test]
fn a_seed_gives_the_same_codes_in_any_size_and_precision() {
    for sampler in all() {
        let codes = sampler.sample::<f64>(3_000, 7);
        assert_ne!(codes, sampler.sample::<f64>(3_000, 8));
        for n in [0, 1, 2, 5, 1_025] {
            let first = codes.slice_axis(Axis(0), (..n).into());
            assert_eq!(sampler.sample::<f64>(n, 7), first, "{n} of {}", sampler.name());
            assert_eq!(sampler.sample::<f32>(n, 7), first.mapv(|x| x as f32));
        }
    }
}

#[test]
fn a_temperature_scales_the_deviation() {
    let close = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().all(|e| e.abs() < 1e-9);
    for sampler in all() {
        let at = |temperature| sampler.sample_tempered::<f64>(50, 7, temperature);
        assert_eq!(at(1.0), sampler.sample::<f64>(50, 7));
        let means = at(0.0);
        if let Sampler::Gaussianization(map) = &sampler {
            let half = map.forward(at(1.0).view()) * 0.5;
            assert!(close(&map.forward(at(0.5).view()), &half));
        } else {
            assert!(close(&at(0.5), &(&means + (at(1.0) - &means) * 0.5)), "{}", sampler.name());
        }
        for mean in means.outer_iter() {
            let expected = match &sampler {
                Sampler::Normal { .. } | Sampler::Sphere { .. } => vec![array![0.0, 0.0, 0.0]],
                Sampler::Gaussian(gaussian) => vec![gaussian.mean().to_owned()],
                Sampler::Mixture(mixture) => mixture.means().outer_iter().map(|mean| mean.to_owned()).collect(),
                Sampler::Gaussianization(map) => vec![map.inverse(Array2::zeros((1, 3)).view()).row(0).to_owned()],
            };
            assert!(expected.iter().any(|expected| mean == expected), "{mean} of {}", sampler.name());
        }
    }
}

#[test]
fn round_trip_through_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sampler.safetensors");
    let mut linear = all();
    if let Sampler::Gaussianization(map) = &mut linear[4] {
        // A map without layers, which results if no coordinate of any layer differs from normal.
        *map = Gaussianization::fit(normal::<f64>(20, 3, 1).view(), 1, 0).unwrap();
    }
    for (sampler, name) in all().into_iter().chain(linear).zip(Sampler::NAMES.into_iter().cycle()) {
        let mut weights = written(&sampler);
        // Other tensors in the file, one of which has a name with a common part.
        weights.insert("encoder.0.weight", &arr0(1.0_f32).into_dyn());
        weights.insert("spare.mixture.means", &arr0(1.0_f32).into_dyn());
        weights.save(&path).unwrap();
        let read = Sampler::read("s", name, &Weights::read(&path).unwrap()).unwrap();
        assert_eq!((read.name(), read.latent()), (name, 3));
        assert_eq!(read.sample::<f64>(10, 1), sampler.sample::<f64>(10, 1));
        assert_eq!(read, sampler);
    }
}

#[test]
fn damaged_tensors_are_refused() {
    let one = |x: f64| array![x].into_dyn();
    let eye = |x: f64| (Array2::<f64>::eye(3) * x).into_dyn();
    let eyes = |x: f64| Array3::from_shape_fn((3, 3, 3), |(_, i, j)| if i == j { x } else { 0.0 }).into_dyn();
    let none = |shape: &[usize]| ArrayD::<f64>::zeros(shape);
    let map = written(&all()[4]);
    let knots = map.shape("s.gaussianization.x").unwrap();
    let cases: Vec<(usize, &str, ArrayD<f64>, &str)> = vec![
        (0, "latent", one(3.0), "`s.normal.latent` holds F64"),
        (2, "mean", none(&[0]), "`s.gaussian.mean` has shape [0]; expected [d]"),
        (2, "mean", none(&[3, 3]), "has shape [3, 3]; expected [d]"),
        (2, "mean", array![1.0, f64::NAN, 0.0].into_dyn(), "`s.gaussian.mean` holds NaN at position 1"),
        (2, "mean", array![1.0, 1e150, 0.0].into_dyn(), "`s.gaussian.mean` holds 1"),
        (2, "mean", none(&[2]), "`s.gaussian.covariance` has shape [3, 3], but the network needs [2, 2]"),
        (2, "covariance", eye(-1.0), "matrix 0 of `s.gaussian.covariance` is not a covariance"),
        (2, "covariance", eye(1e300), "a covariance is at most 1e201"),
        (2, "other", eye(1.0), "`s.gaussian.other` is not a tensor of this sampler"),
        (3, "weights", array![0.5, 0.5, 0.5].into_dyn(), "the weights `s.mixture.weights` sum to 1.5"),
        (3, "weights", array![1.0, 0.5, -0.5].into_dyn(), "`s.mixture.weights` holds -0.5 at position 2"),
        (3, "weights", none(&[2]), "`s.mixture.weights` has shape [2]"),
        (3, "means", none(&[0, 1 << 40]), "expected [k, d], both at least 1"),
        (3, "covariances", eyes(0.0), "matrix 0 of `s.mixture.covariances` is not a covariance"),
        (3, "covariances", eyes(f64::INFINITY), "`s.mixture.covariances` holds inf at position 0"),
        (4, "scale", array![1.0, 0.0, 1.0].into_dyn(), "`s.gaussianization.scale` holds 0 at position 1"),
        (4, "directions", eye(1.01), "matrix 0 of `s.gaussianization.directions` is not a rotation"),
        (4, "directions", eye(1e200), "is not a rotation"),
        (4, "rotations", none(map.shape("s.gaussianization.rotations").unwrap()), "matrix 0 of `s.gaussianization.rot"),
        (4, "rotations", none(&[0, 3, 3]), "has shape [0, 3, 3]; expected [layers, d, d]"),
        (4, "x", none(knots), "`s.gaussianization.x` holds 0 at position 1; a knot is at least 1e-9 above"),
        (4, "y", ArrayD::from_elem(knots, 1e10), "a knot is at most 1e9"),
        (4, "y", none(&[knots[0], 3, 1]), "at least two knots"),
        (4, "y", none(&[0, 3, 1 << 50]), "at least two knots"),
    ];
    for (kind, tensor, damaged, expected) in cases {
        let sampler = &all()[kind];
        let mut weights = written(sampler);
        weights.insert(format!("s.{}.{tensor}", sampler.name()), &damaged);
        let error = Sampler::read("s", sampler.name(), &weights).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}, not {expected}");
    }
}

#[test]
fn missing_several_and_incomplete_samplers() {
    let error = |kind: &str, weights: &Weights| Sampler::read("s", kind, weights).unwrap_err().to_string();
    let said = error("sphere", &written(&all()[0]));
    assert_eq!(said, "no tensor name begins with `s.sphere.`; the file was probably written without this sampler");
    assert!(error("encoder", &written(&all()[0])).starts_with("no tensor name begins with `s.encoder.`"));
    let mut together = Weights::default();
    all().iter().for_each(|sampler| sampler.write("s", &mut together));
    for sampler in all() {
        assert_eq!(Sampler::read("s", sampler.name(), &together).unwrap(), sampler);
    }
    for sampler in all() {
        for name in written(&sampler).names() {
            let mut part = Weights::default();
            part.insert(name, &array![[1.0]].into_dyn());
            assert!(Sampler::read("s", sampler.name(), &part).is_err(), "{name}");
        }
    }
    for latent in [0, 1 << 40] {
        let mut weights = Weights::default();
        weights.insert_count("s.normal.latent", latent);
        assert!(error("normal", &weights).contains("the latent dimension is from 1 to 65536"));
    }
}
