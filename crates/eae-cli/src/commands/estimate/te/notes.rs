//! Notes about several delays, of which many are alike.

/// Notes in the order in which they were first made.
#[derive(Default)]
pub(super) struct Notes(Vec<Alike>);

/// Notes that differ at most in their numbers.
struct Alike {
    /// The first note without the numbers that can depend on the delay.
    key: String,
    first: String,
    delays: Vec<usize>,
    /// True if all notes are the same text.
    equal: bool,
}

impl Notes {
    pub(super) fn add(&mut self, delay: usize, note: String) {
        let key = without_numbers(&note);
        // Notes of one delay are kept apart, such as those about its columns.
        match self.0.iter_mut().find(|alike| alike.key == key && alike.delays.last() != Some(&delay)) {
            Some(alike) => {
                alike.equal &= alike.first == note;
                alike.delays.push(delay);
            }
            None => self.0.push(Alike { key, first: note, delays: vec![delay], equal: true }),
        }
    }

    /// Returns one warning for notes that are alike. Those of a range name the delays.
    pub(super) fn into_warnings(self, range: bool) -> impl Iterator<Item = String> {
        self.0.into_iter().map(move |Alike { first, delays, equal, .. }| match &delays[..] {
            _ if !range => first,
            [delay] => format!("delay {delay}: {first}"),
            [delay, .., last] if equal && last - delay + 1 == delays.len() => {
                format!("delays {delay}..{last}: {first}")
            }
            [delay, others @ ..] => {
                let others = others.len();
                let like = if equal { "the same" } else { "similar" };
                format!(
                    "delay {delay}: {first} ({like} for {others} other delay{})",
                    if others == 1 { "" } else { "s" }
                )
            }
            [] => first,
        })
    }
}

/// Returns a note without its numbers and without the lags of its columns, such as 2 in `x (t-2)`.
/// Names of columns stay, even if they are numbers.
fn without_numbers(note: &str) -> String {
    let mut before = "";
    let mut kept = Vec::new();
    for word in note.split(' ') {
        let is_name = before == "column";
        if is_name || !(word.starts_with("(t-") || word.parse::<f64>().is_ok()) {
            kept.push(word);
        }
        before = word;
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(notes: &[(usize, &str)], range: bool) -> Vec<String> {
        let mut all = Notes::default();
        notes.iter().for_each(|&(delay, note)| all.add(delay, note.to_owned()));
        all.into_warnings(range).collect()
    }

    #[test]
    fn notes_that_are_alike_are_merged() {
        let equal = [(1, "rounded"), (2, "rounded"), (3, "rounded")];
        assert_eq!(warnings(&equal, true), ["delays 1..3: rounded"]);
        assert_eq!(warnings(&equal[..1], true), ["delay 1: rounded"]);
        assert_eq!(warnings(&equal[..1], false), ["rounded"]);
        let apart = [(1, "rounded"), (3, "rounded")];
        assert_eq!(warnings(&apart, true), ["delay 1: rounded (the same for 1 other delay)"]);
        let columns = [(1, "column 0"), (1, "column 1"), (2, "column 0"), (2, "column 1")];
        assert_eq!(warnings(&columns, true), ["delays 1..2: column 0", "delays 1..2: column 1"]);
        let named = [(1, "column x1 (t-1)"), (2, "column x2 (t-2)"), (3, "column 5 has"), (4, "column 6 has")];
        assert_eq!(warnings(&named, true).len(), 4);
        let similar = [(1, "x (t-1): 4.5 %"), (1, "tied"), (2, "x (t-2): 10 %"), (3, "x (t-3): 5 %")];
        assert_eq!(warnings(&similar, true), ["delay 1: x (t-1): 4.5 % (similar for 2 other delays)", "delay 1: tied"]);
    }
}
