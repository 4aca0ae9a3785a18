//! Distance between two univariate samples.

use ndarray::ArrayView1;

/// Returns the Kolmogorov-Smirnov distance: the largest difference of the distribution functions.
pub(super) fn distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    let [a, b] = [a, b].map(|x| {
        let mut x = x.to_vec();
        x.sort_by(f64::total_cmp);
        x
    });
    let share = |sorted: &[f64], x: f64| sorted.partition_point(|&y| y <= x) as f64 / sorted.len() as f64;
    a.iter().chain(&b).map(|&x| (share(&a, x) - share(&b, x)).abs()).fold(0.0, f64::max)
}

/// Returns the distance that 1 % of pairs of samples of these sizes from one distribution exceed.
pub(super) fn usual(n: usize, m: usize) -> f64 {
    let (n, m) = (n as f64, m as f64);
    (1.628 * ((n + m) / (n * m)).sqrt()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler;
    use ndarray::array;

    #[test]
    fn distances_of_small_samples_are_exact() {
        let (a, b) = (array![1.0, 2.0, 3.0, 4.0], array![3.5, 2.5]);
        assert_eq!(distance(a.view(), a.view()), 0.0);
        // At 2 the distribution functions are 0.5 and 0.
        assert_eq!(distance(a.view(), b.view()), 0.5);
        assert_eq!(distance(array![0.0, 0.0].view(), array![1.0].view()), 1.0);
    }

    #[test]
    fn chance_rarely_exceeds_the_usual_distance() {
        let (a, b) = (sampler::normal::<f64>(300, 200, 1), sampler::normal::<f64>(500, 200, 2));
        let limit = usual(300, 500);
        let beyond = a.columns().into_iter().zip(b.columns()).filter(|(a, b)| distance(a.view(), b.view()) > limit);
        assert!(beyond.count() <= 6, "about 2 of 200");
    }
}
