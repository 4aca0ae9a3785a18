//! Event files. The tags `step/...` have every [`EVERY`]th step and `epoch/...` the means of
//! epochs, both over the number of steps.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use eae::{EpochReport, Objective, Observer, StepReport};
use prost::Message;
use serde::Serialize;

use super::proto::{Content, Event, Image, SessionLog, Summary, Value, What};
use super::record::record;

/// Interval of the steps that are written.
const EVERY: usize = 10;

/// Fields of the reports that are counters and are not drawn.
const COUNTS: [&str; 4] = ["step", "steps", "epoch", "epochs"];

/// An event file of a training.
pub(crate) struct TensorBoard {
    file: File,
    path: PathBuf,
    /// The entropy estimate of a step for codes drawn from N(0, I).
    normal_entropy: f64,
    /// The weight of the entropy, if the objective has one.
    lambda: Option<f64>,
    /// Number of steps so far.
    steps: usize,
    /// True if a write error was reported.
    complained: bool,
}

impl TensorBoard {
    /// Creates a new file in the run folder, for a training after `steps` steps. Later steps in
    /// older files are from a process that was killed, and the first event tells readers to
    /// discard them.
    pub(crate) fn start(folder: &Path, objective: &Objective, normal_entropy: f64, steps: usize) -> io::Result<Self> {
        let seconds = since_1970() as u64;
        let host = gethostname::gethostname().to_string_lossy().replace(['/', '\\'], "-");
        let named = |number: u64| folder.join(format!("events.out.tfevents.{:010}.{host}", seconds + number));
        // Names sort by time, and another file can have the name of this second.
        let path = (0..).map(named).find(|path| !path.exists()).expect("some name is free");
        let file = File::options().create_new(true).append(true).open(&path)?;
        let lambda = if let Objective::Eae(eae) = objective { Some(eae.lambda) } else { None };
        let mut log = Self { file, path, normal_entropy, lambda, steps, complained: false };
        log.write(What::FileVersion("brain.Event:2".to_owned()), 0)?;
        log.write(What::SessionLog(SessionLog::START), steps + 1)?;
        Ok(log)
    }

    /// Writes pictures of the run folder, PNG files with these names, at the end of the training.
    pub(crate) fn pictures(&mut self, folder: &Path, names: &[&str]) -> io::Result<()> {
        let mut values = Vec::new();
        for name in names {
            let bytes = fs::read(folder.join(name))?;
            let content = Some(Content::Image(image(bytes).ok_or(io::ErrorKind::InvalidData)?));
            values.push(Value { tag: name.trim_end_matches(".png").to_owned(), content });
        }
        self.write(What::Summary(Summary { value: values }), self.steps)
    }

    fn write(&mut self, what: What, step: usize) -> io::Result<()> {
        let event = Event { wall_time: since_1970(), step: step as i64, what: Some(what) };
        self.file.write_all(&record(&event.encode_to_vec()))
    }

    /// Writes the numbers of a report under their names in metrics.jsonl. The training continues
    /// after a write error.
    fn scalars(&mut self, group: &str, report: &impl Serialize) {
        let serde_json::Value::Object(numbers) = serde_json::to_value(report).expect("plain data") else {
            unreachable!("a report is an object")
        };
        let number = |name: &str| numbers.get(name).and_then(serde_json::Value::as_f64);
        let lambda = self.lambda.zip(number("share")).map(|(lambda, share)| ("lambda", lambda * share));
        let beside = [("normal_entropy", self.normal_entropy)].into_iter().chain(lambda);
        let of_report = numbers.keys().filter(|name| !COUNTS.contains(&name.as_str()));
        let all = of_report.filter_map(|name| Some((name.as_str(), number(name)?))).chain(beside);
        let value = |(name, number): (&str, f64)| Value {
            tag: format!("{group}/{name}"),
            content: Some(Content::SimpleValue(number as f32)),
        };
        let summary = Summary { value: all.map(value).collect() };
        if let Err(problem) = self.write(What::Summary(summary), self.steps)
            && !self.complained
        {
            errln!("warning: the training continues, but {} cannot be written: {problem}", self.path.display());
            self.complained = true;
        }
    }
}

impl Observer<f32> for TensorBoard {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.steps = report.step + 1;
        if self.steps.is_multiple_of(EVERY) {
            self.scalars("step", report);
        }
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        self.scalars("epoch", report);
        ControlFlow::Continue(())
    }
}

/// Reads size and channels from the header of a PNG file. Returns `None` for other files.
fn image(png: Vec<u8>) -> Option<Image> {
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(8..18)?;
    let side = |at: usize| i32::from_be_bytes(header[at..at + 4].try_into().expect("four bytes"));
    // Color type 0 is gray, and 2 is red, green and blue.
    let colorspace = if header[9] == 0 { 1 } else { 3 };
    Some(Image { width: side(0), height: side(4), colorspace, encoded_image_string: png })
}

fn since_1970() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that TensorBoard 2.21 writes:
    /// `RecordWriter(file).write(Event(...).SerializeToString())`.
    #[test]
    fn bytes_match_those_of_tensorboard() {
        let value = |tag: &str, content| Value { tag: tag.to_owned(), content: Some(content) };
        let picture = Image { height: 2, width: 3, colorspace: 1, encoded_image_string: b"png".to_vec() };
        let summary =
            Summary { value: vec![value("step/mse", Content::SimpleValue(2.5)), value("x", Content::Image(picture))] };
        let cases = [
            (
                0,
                What::FileVersion("brain.Event:2".to_owned()),
                "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c",
            ),
            (7, What::SessionLog(SessionLog::START), "0f000000000000006d532b0909000000000000f83f10073a020801774771c7"),
            (
                300,
                What::Summary(summary),
                "31000000000000009d8383e909000000000000f83f10ac022a230a0f0a08737465702f6d736515000020400a100a0178220b08\
                 02100318012203706e67e384af56",
            ),
        ];
        for (step, what, expected) in cases {
            let bytes = record(&Event { wall_time: 1.5, step, what: Some(what) }.encode_to_vec());
            assert_eq!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
        }
    }

    #[test]
    fn the_size_of_a_png_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for (channels, colorspace) in [(1, 1), (3, 3)] {
            let path = folder.path().join("x.png");
            eae::picture::write_grid(&path, ndarray::Array4::<f32>::zeros((2, 5, 3, channels)).view(), 2, 1).unwrap();
            let found = image(fs::read(path).unwrap()).unwrap();
            // Two images with a width of 3 pixels, and three lines between and around them.
            assert_eq!((found.width, found.height, found.colorspace), (9, 7, colorspace));
        }
        assert!(image(b"GIF89a".to_vec()).is_none() && image(b"\x89PNG\r\n\x1a\n".to_vec()).is_none());
    }
}
