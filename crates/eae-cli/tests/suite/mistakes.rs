//! Common mistakes with each command: missing files, files of another kind, data that does not fit,
//! and numbers out of range.

use std::fs::{self, File};
use std::path::Path;

use ndarray::{Array3, Array4, array};
use ndarray_npy::WriteNpyExt;

use crate::support::model::{data, run};
use crate::support::program::commands;
use crate::support::transcript::Transcript;

/// Commands with a mistake of the user, which fail with exit code 2. RUN is a run folder.
const TYPED: &str = "
train --data npy:nowhere.npy
train --data csv:word.csv
train --data csv:nan.csv
train --data mnist:.
train --data cifar
train --data npy:few.npy --batch 5
train --data npy:u16.npy
train --data npy:signed.npy
train --data npy:standard.npy
train --data npy:gap.npy
train --data npy:to-255.npy
train --data npy:small.npy --model conv28
train --model conv29
train --latent 0
train --latent 18446744073709551615
train --epochs 0
train --batch 9001
train --batch 18446744073709551615
train --k 200
train --learning-rate -1
train --learning-rate=-1
train --objective vae --beta=-1
train --objective vae --lambda 1
train --resume full
train --resume full --epochs 3
train --patience 0
train --keep-every=-1
train --config broken.safetensors
train --threads 0
train --out full
sample nowhere --out x.png
sample full --out x.png
sample table.csv --out x.png
sample half.safetensors --out x.png
sample RUN --n 0 --out x.png
sample RUN --n 18446744073709551615 --out x.npy
sample RUN --out x.jpg
sample RUN --out full/
sample RUN --out ./
sample RUN --sampler uniform --out x.png
sample RUN --temperature nan --out x.png
sample RUN --temperature=-1 --out x.png
sample RUN --codes x.txt --out x.png
sample RUN --zoom 0 --out x.png
sample RUN --zoom 100000 --out x.png
sample RUN --n 200000 --out x.png
sample RUN --n 10 --zoom 100000 --out x/
sample RUN --unrounded --out x.png
sample RUN --n -5 --out x.png
sample RUN --n 2.5 --out x.png
sample RUN --temperature warm --out x.png
reconstruct nowhere
reconstruct table.csv
reconstruct model.safetensors
reconstruct RUN --n 0
reconstruct RUN --n 101
reconstruct RUN --n 100 --zoom 700 --out x.png
reconstruct RUN --data npy:small.npy
interpolate nowhere --out x.png
interpolate table.csv --out x.png
interpolate RUN --data npy:small.npy --out x.png
interpolate RUN --steps 1 --out x.png
interpolate RUN --from 3 --out x.png
interpolate RUN --from 3 --to 100 --out x.png
interpolate RUN --n 51 --out x.png
interpolate RUN --n 50 --steps 1000 --out x.png
interpolate RUN --way round --out x.png
traverse nowhere --out x.png
traverse table.csv --out x.png
traverse RUN --dims 1,4 --out x.png
traverse RUN --image middle --out x.png
traverse RUN --image 100 --out x.png
traverse RUN --range 0 --out x.png
traverse RUN --steps 200000 --out x.png
traverse RUN --steps 1000 --zoom 50 --out x.png
encode nowhere --out x.npy
encode table.csv --out x.npy
encode RUN --out x.png
encode RUN --part some --out x.npy
encode RUN --data npy:none.npy --out x.npy
encode RUN --data npy:small.npy --out x.npy
decode nowhere --codes table.csv --out x.png
decode RUN --codes nowhere.csv --out x.png
decode RUN --codes table.csv --out x.png
decode RUN --codes small.npy --out x.png
decode RUN --codes three.npy --out x.png
decode RUN --codes nan.csv --out x.png
decode RUN --codes codes.csv --zoom 9999 --out x.png
decode RUN --codes word.csv --out x.png
evaluate nowhere
evaluate table.csv
evaluate model.safetensors
evaluate RUN --data npy:small.npy
evaluate RUN --features table.csv
evaluate RUN --k 0
evaluate RUN --k 100
features train
features train nowhere
features train --data table.csv
features train --data npy:small.npy
features train RUN --epochs 0
quality nowhere.npy nowhere.npy
quality table.csv npy:small.npy
quality table.csv three.npy --k 0
quality table.csv word.csv
quality table.csv nan.csv
quality npy:small.npy npy:small.npy --features table.csv
report nowhere
report empty
report RUN --data npy:small.npy
report RUN --data npy:none.npy
report RUN --data cifar
serve nowhere
serve table.csv
serve RUN --data npy:small.npy
serve RUN --data mnist:nowhere
serve RUN --host nowhere.invalid
serve RUN --port 65536
serve RUN --port -1
serve RUN --allow-host http://lab/
info nowhere
info table.csv
info empty
info full
export nowhere --onnx
export table.csv --onnx
export RUN --onnx --out word.csv
export RUN
compare
compare --out x --seeds 0
compare --out x --row gan
compare --out x --row ae --row ae
compare --out x --data npy:nowhere.npy
compare --out x --data npy:small.npy --model mlp
compare --out x --model mlp --batch 9001
entropy nowhere.csv
entropy word.csv
entropy small.npy
entropy table.csv --k 9
mi nowhere.csv --x 0 --y 1
mi word.csv --x 0 --y 1
mi table.csv --x 0 --y 3
mi table.csv --x 0 --y height
te nowhere.csv --source 0 --target 1
te word.csv --source 0 --target 1
te table.csv --target 1
te table.csv --source 0 --target 1 --delay 0
divergence table.csv nowhere.csv
divergence word.csv table.csv
divergence table.csv table.csv --k 9
bench knn --n 3 --k 5
bench knn --threads 1025
bench step --model conv29
bench step --model mlp --batch 1
gpu info --adapter
gpu info --threads 0
gpu bench --repeats none
gpu take
completions
completions tcsh
completions bash zsh
man eae
";

/// Commands that cannot write or listen, which fail with exit code 1.
const UNWRITABLE: &str = "
serve RUN --host 192.0.2.77 --port 0
sample RUN --out none/x.npy
sample RUN --out none/x/
man --out word.csv
man --out word.csv/pages
";

/// Creates files of all kinds that a user could name by mistake.
fn fill(folder: &Path) {
    let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content).unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    fs::create_dir(folder.join("full")).unwrap();
    write("full/precious", b"x");
    write("broken.safetensors", b"x");
    let model = fs::read(Path::new(run()).join("model.safetensors")).unwrap();
    write("half.safetensors", &model[..model.len() / 2]);
    write("model.safetensors", &model);
    let table: String = (0..9).map(|i| format!("{i},{},{}\n", i % 4, i * i)).collect();
    write("table.csv", table.as_bytes());
    write("word.csv", b"1,2\n3,four\n");
    write("nan.csv", b"1,2,3,4\n1,nan,3,4\n");
    let create = |name: &str| File::create(folder.join(name)).unwrap();
    array![[0.0, 1.0, 2.0]].write_npy(create("three.npy")).unwrap();
    let few = Array3::<u8>::from_shape_fn((12, 28, 28), |(n, i, j)| (31 * n + 7 * i + j) as u8);
    few.write_npy(create("few.npy")).unwrap();
    let small = Array4::<u8>::from_shape_fn((40, 1, 9, 9), |(n, _, i, j)| (7 * n + i * j) as u8);
    small.write_npy(create("small.npy")).unwrap();
    write("codes.csv", b"1,2,3,4\n");
    few.mapv(|x| u16::from(x) * 257).write_npy(create("u16.npy")).unwrap();
    few.mapv(f32::from).write_npy(create("to-255.npy")).unwrap();
    few.mapv(|x| f32::from(x) / 127.5 - 1.0).write_npy(create("signed.npy")).unwrap();
    few.mapv(|x| f32::from(x) / 64.0 - 2.0).write_npy(create("standard.npy")).unwrap();
    let mut gap = few.mapv(|x| f32::from(x) / 255.0);
    gap[[5, 3, 2]] = f32::NAN;
    gap.write_npy(create("gap.npy")).unwrap();
}

#[test]
fn each_command_refuses_common_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fill(folder);
    let made = fs::read_dir(folder).unwrap().count();
    let named = data().display().to_string();
    for command in commands(folder) {
        let mut transcript = Transcript::new(folder).name(&named, "DIGITS").name(run(), "RUN");
        let mut count = 0;
        for (list, code) in [(TYPED, 2), (UNWRITABLE, 1)] {
            for typed in list.lines().filter(|typed| typed.split(' ').next() == Some(&command)) {
                let words: Vec<&str> = typed.split(' ').map(|word| if word == "RUN" { run() } else { word }).collect();
                transcript.refused(&words, code);
                count += 1;
            }
        }
        assert!(count >= 3, "{count} mistakes with {command}");
        transcript.check(&format!("mistakes with {command}"));
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), made, "no files were created");
    assert_eq!(fs::read_to_string(folder.join("full/precious")).unwrap(), "x");
}
