//! Training data that has changed since the training.

use std::fs;

use crate::support::data::{TRAIN_ROWS, with_rows};
use crate::support::program::{json, stderr, succeeds};
use crate::support::transcript::Transcript;

#[test]
fn data_that_has_changed_is_named() {
    let folder = with_rows();
    let folder = folder.path();
    let quick = ["--epochs", "1", "--draws", "0", "--critic", "0", "--no-report", "--quiet", "--out", "run"];
    succeeds(folder, &[&TRAIN_ROWS[..], &quick].concat());
    let commands = [
        "encode run --part train --out c.csv",
        "encode run --part test --out c.csv",
        "encode run --data csv:rows.csv --part train --out c.csv",
        "reconstruct run",
        "interpolate run --out p.csv",
        "traverse run --image 0 --out t.csv",
        "report run",
    ];
    let words = |typed: &'static str| typed.split(' ').collect::<Vec<_>>();
    let evaluated = || json(&succeeds(folder, &["evaluate", "run", "--json"])).remove(0)["warnings"].to_string();
    let warning = " was trained on it; the results are for the changed data";
    for typed in commands {
        let message = stderr(&succeeds(folder, &words(typed)));
        assert!(!message.contains(warning), "{typed}: {message}");
    }
    assert!(!evaluated().contains(warning), "{}", evaluated());

    // As many rows as before, of which only one number has changed.
    let text = fs::read_to_string(folder.join("rows.csv")).unwrap();
    fs::write(folder.join("rows.csv"), text.replacen("0,1,0\n", "0.5,1,0\n", 1)).unwrap();
    for typed in commands {
        let message = stderr(&succeeds(folder, &words(typed)));
        assert!(message.contains(warning) && message.starts_with("warning: "), "{typed}: {message}");
    }
    assert!(evaluated().contains(warning), "{}", evaluated());
    // Other data is not compared with that of the training.
    fs::copy(folder.join("rows.csv"), folder.join("other.csv")).unwrap();
    let message = stderr(&succeeds(folder, &words("encode run --data other.csv --part test --out c.csv")));
    assert!(!message.contains(warning), "{message}");
}

#[test]
fn data_that_is_gone_can_be_named() {
    let folder = with_rows();
    let folder = folder.path();
    let quick = ["--epochs", "1", "--draws", "0", "--critic", "0", "--no-report", "--quiet", "--out", "run"];
    succeeds(folder, &[&TRAIN_ROWS[..], &quick].concat());
    fs::rename(folder.join("rows.csv"), folder.join("moved.csv")).unwrap();
    let mut transcript = Transcript::new(folder);
    let words = |typed: &'static str| typed.split(' ').collect::<Vec<_>>();
    for typed in [
        "train --resume run --epochs 2",
        "train --config run/config.toml",
        "encode run --out c.csv",
        "evaluate run",
        "reconstruct run",
        "report run",
    ] {
        transcript.refused(&words(typed), 2);
    }
    transcript.check("data that is gone");
    // Both ways out.
    succeeds(folder, &words("encode run --data moved.csv --out c.csv"));
    let config = fs::read_to_string(folder.join("run/config.toml")).unwrap();
    fs::write(folder.join("run/config.toml"), config.replace("rows.csv", "moved.csv")).unwrap();
    succeeds(folder, &words("train --resume run --epochs 2 --no-report --quiet"));
    assert!(!stderr(&succeeds(folder, &words("encode run --part train --out c.csv"))).contains("warning"));
}
