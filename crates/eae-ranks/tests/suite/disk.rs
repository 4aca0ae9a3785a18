use std::collections::HashMap;
use std::sync::Mutex;

use eae_ranks::knn_entropy::{KozachenkoLeonenko, Ksg};
use eae_ranks::ndarray::s;
use eae_ranks::{Array, Disk, Entropy, MutualInformation, Stage};

use crate::points_of;

#[test]
fn estimates_through_files_are_those_in_memory() {
    let x = points_of(0, 20_000, 3, 6);
    let folder = tempfile::tempdir().unwrap();
    let stages = Mutex::new(HashMap::new());
    let report = |stage: Stage| *stages.lock().unwrap().entry(stage).or_insert(0) += 1;
    let entropy = Entropy::new(4).progress(&report);
    let all = Disk::run(6, folder.path(), |ranks| entropy.estimate(ranks, &Array::new(x.view()))).unwrap();
    let expected = KozachenkoLeonenko::new(4).entropy(x.view()).unwrap();
    for estimated in all {
        assert_eq!(estimated.unwrap().value.to_bits(), expected.to_bits());
    }
    let stages = stages.into_inner().unwrap();
    assert!(stages.len() == 4 && stages.values().all(|&count| count == 6), "{stages:?}");

    let (left, right) = (x.slice(s![.., ..1]), x.slice(s![.., 1..]));
    let expected = Ksg::new(3).mutual_information(left, right).unwrap();
    let all = Disk::run(4, folder.path(), |ranks| {
        MutualInformation::new(3).estimate(ranks, &[&Array::new(left), &Array::new(right)])
    });
    for estimated in all.unwrap() {
        assert_eq!(estimated.unwrap().value.to_bits(), expected.to_bits());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
