//! The likeliest mistakes with each command: what is not there, what is of another kind, what does not fit, a number out of
//! range.

use std::fs;

use ndarray::Array4;
use ndarray_npy::WriteNpyExt;

use crate::refused;
use crate::trained::{commands, run};

const GONE: &str = "nowhere: there is no such file or folder";
const OTHER: &str = "table.csv: not a valid safetensors file";
const UNLIKE: &str = "takes images of shape [28, 28, 1], those of npy:small.npy are [9, 9, 1]";

/// What is typed, with RUN for the folder of a training; the exit code, and what is said.
const CASES: &[(&str, i32, &str)] = &[
    ("train --data npy:nowhere.npy", 2, "nowhere.npy: "),
    ("train --data csv:word.csv", 2, "word.csv: line 2, column 1 (counted from 0): \"four\" is not a number"),
    ("train --data npy:small.npy --model conv28", 2, "conv28 does not take images of shape [9, 9, 1]"),
    ("train --epochs 0", 2, "epochs is 0, it must be at least 1"),
    ("sample nowhere --out x.png", 2, GONE),
    ("sample table.csv --out x.png", 2, OTHER),
    ("sample RUN --n 0 --out x.png", 2, "--n is 0, it must be from 1 to"),
    ("sample RUN --sampler uniform --out x.png", 2, "'uniform'"),
    ("reconstruct nowhere", 2, GONE),
    ("reconstruct table.csv", 2, OTHER),
    ("reconstruct RUN --data npy:small.npy", 2, UNLIKE),
    ("interpolate nowhere --out x.png", 2, GONE),
    ("interpolate table.csv --out x.png", 2, OTHER),
    ("interpolate RUN --data npy:small.npy --out x.png", 2, UNLIKE),
    ("interpolate RUN --steps 1 --out x.png", 2, "--steps is 1, it must be from 2 to 1000"),
    ("traverse nowhere --out x.png", 2, GONE),
    ("traverse table.csv --out x.png", 2, OTHER),
    ("traverse RUN --dims 4 --out x.png", 2, "--dims has 4, the numbers of a code are from 0 to 3"),
    ("encode nowhere --out x.npy", 2, GONE),
    ("encode table.csv --out x.npy", 2, OTHER),
    ("encode RUN --data npy:small.npy --out x.npy", 2, UNLIKE),
    ("decode nowhere --codes table.csv --out x.png", 2, GONE),
    ("decode RUN --codes nowhere.csv --out x.png", 2, "nowhere.csv: cannot be opened"),
    ("decode RUN --codes table.csv --out x.png", 2, "table.csv: codes of 3 numbers, the model takes 4"),
    ("decode RUN --codes small.npy --out x.png", 2, "small.npy: an array of shape [40, 1, 9, 9], it must be"),
    ("evaluate nowhere", 2, GONE),
    ("evaluate table.csv", 2, OTHER),
    ("evaluate RUN --data npy:small.npy", 2, UNLIKE),
    ("evaluate RUN --features table.csv", 2, OTHER),
    ("evaluate RUN --k 0", 2, "--k is 0, it must be from 1 to 99"),
    ("evaluate RUN --k 100", 2, "--k is 100, it must be from 1 to 99"),
    ("report nowhere", 2, "nowhere"),
    ("report empty", 2, "empty/config.toml: "),
    ("report RUN --data npy:small.npy", 2, UNLIKE),
    ("serve nowhere", 2, GONE),
    ("serve table.csv", 2, OTHER),
    ("serve RUN --data npy:small.npy", 2, UNLIKE),
    ("info nowhere", 2, GONE),
    ("info table.csv", 2, OTHER),
    ("info empty", 2, "empty: there is no config.toml in it, and no model.safetensors"),
    ("export nowhere --onnx", 2, GONE),
    ("export table.csv --onnx", 2, OTHER),
    ("export RUN", 2, "--onnx"),
    ("compare", 2, "--out <OUT>"),
    ("compare --out x --seeds 0", 2, "--seeds is 0, it must be at least 1"),
    ("compare --out x --row gan", 2, "gan"),
    ("compare --out x --data npy:nowhere.npy", 2, "nowhere.npy"),
    ("compare --out x --data npy:small.npy --model mlp --batch 37", 2, "at most the 36 images"),
    ("entropy nowhere.csv", 2, "nowhere.csv: cannot be opened"),
    ("entropy word.csv", 2, "word.csv, line 2"),
    ("entropy small.npy", 2, "small.npy: an array of shape [40, 1, 9, 9], it must be"),
    ("entropy table.csv --k 9", 2, "k is 9"),
    ("mi nowhere.csv --x 0 --y 1", 2, "nowhere.csv: cannot be opened"),
    ("mi word.csv --x 0 --y 1", 2, "word.csv: no label stands for two rows"),
    ("mi table.csv --x 0 --y 3", 2, "there is no column \"3\""),
    ("mi table.csv --x 0 --y height", 2, "there is no column \"height\""),
    ("te nowhere.csv --source 0 --target 1", 2, "nowhere.csv: cannot be opened"),
    ("te word.csv --source 0 --target 1", 2, "word.csv, line 2"),
    ("te table.csv --target 1", 2, "--source <SOURCE>"),
    ("te table.csv --source 0 --target 1 --delay 0", 2, "delays start at 1"),
    ("divergence table.csv nowhere.csv", 2, "nowhere.csv: cannot be opened"),
    ("divergence word.csv table.csv", 2, "word.csv, line 2"),
    ("divergence table.csv table.csv --k 9", 2, "k is 9"),
    ("bench knn --n 3 --k 5", 2, "k is 5"),
    ("bench step --model conv29", 2, "no network `conv29`"),
    ("bench step --model mlp --batch 1", 2, "--batch must be from 2"),
    ("completions", 2, "<SHELL>"),
    ("completions tcsh", 2, "possible values: bash"),
    ("completions bash zsh", 2, "unexpected argument 'zsh'"),
    ("man --out word.csv", 1, "word.csv"),
    ("man --out word.csv/pages", 1, "word.csv/pages"),
    ("man eae", 2, "unexpected argument 'eae'"),
];

#[test]
fn each_command_refuses_the_likeliest_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("empty")).unwrap();
    let row = |i: usize| format!("{i},{},{}\n", i % 4, i * i);
    fs::write(folder.join("table.csv"), (0..9).map(row).collect::<String>()).unwrap();
    fs::write(folder.join("word.csv"), "1,2\n3,four\n").unwrap();
    let small = Array4::<u8>::from_shape_fn((40, 1, 9, 9), |(n, _, i, j)| (7 * n + i * j) as u8);
    small.write_npy(fs::File::create(folder.join("small.npy")).unwrap()).unwrap();
    let (run, made) = (run(), fs::read_dir(folder).unwrap().count());
    for (typed, code, message) in CASES {
        let arguments: Vec<&str> = typed.split(' ').map(|word| if word == "RUN" { run } else { word }).collect();
        refused(folder, &arguments, *code, message);
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), made, "nothing was made");
    for command in commands(folder) {
        let count = CASES.iter().filter(|(typed, ..)| typed.split(' ').next() == Some(&command)).count();
        assert!(count >= 3, "{count} mistakes with {command}");
    }
}
