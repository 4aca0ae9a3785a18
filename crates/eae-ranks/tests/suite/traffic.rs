use eae_ranks::{Array, Counted, Entropy, Threads};

use crate::points_of;

/// The bytes of an entropy agree with the formulas of `docs/distributed.md`.
#[test]
fn bytes_are_those_of_the_formulas() {
    let (n, d, k) = (12_000_usize, 3_usize, 4_usize);
    let x = points_of(0, n, d, 7);
    for size in [1, 2, 3, 4, 6, 8, 12] {
        let all = Threads::run(size, |ranks| {
            let counted = Counted::new(ranks);
            let asked = Entropy::new(k).estimate(&counted, &Array::new(x.view())).unwrap().asked;
            (counted.traffic(), asked)
        });
        let bytes: u64 = all.iter().map(|(traffic, _)| traffic.bytes).sum();
        let (asked, p) = (all[0].1, size as f64);
        // Each point moves with its row, and its value returns with its row, unless they stay.
        let moved = (8 * d + 8 + 16) as f64 * n as f64 * (p - 1.0) / p;
        // A question is a point and a radius; its answer is a count and the distances and rows of
        // up to k points.
        let questions = (8 * (d + 1) + 4) as f64 * asked.questions as f64;
        let answers = [16.0, 16.0 * k as f64].map(|bytes| bytes * asked.answered as f64);
        // Every rank gathers the sample of the partition, the sample for rounding and for the rank
        // of the columns, and the box and a few sums of every other rank.
        let share = n / size;
        let sample = share.div_ceil(share.div_ceil(2048));
        let rounding = n.div_ceil(n.div_ceil(2048)) + 4 * d + 17;
        let gathered = (p - 1.0) * (p * (sample * (8 * d + 8)) as f64 + (rounding * 8 * d) as f64 + p * 300.0);
        let low = 0.98 * moved + questions + answers[0] + 0.9 * gathered;
        let high = 1.02 * moved + questions + answers[1] + 1.1 * gathered;
        let bytes = bytes as f64;
        assert!(low <= bytes && bytes <= high, "{size} ranks: {bytes} bytes, not {low} to {high}");
        // Every call sends at most one message to every other rank.
        for (traffic, _) in all {
            assert!(traffic.messages <= traffic.calls * (size as u64 - 1));
        }
    }
}
