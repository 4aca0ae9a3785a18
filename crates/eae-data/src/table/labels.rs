//! Columns of text as category codes.

use std::collections::HashMap;

use super::cell::{Meaning, meaning};

/// The labels of a column so far, with codes in the order of first occurrence.
#[derive(Default)]
pub(super) struct Labels(HashMap<String, usize>);

impl Labels {
    /// Returns the code of a cell of text.
    pub(super) fn code(&mut self, label: &str) -> f64 {
        if let Some(&code) = self.0.get(label) {
            return code as f64;
        }
        let code = self.0.len();
        self.0.insert(label.to_owned(), code);
        code as f64
    }

    /// Returns the code of a number in a column of text. Numbers before the first text are known
    /// only by value, so `1` and `1.0` are the same label.
    pub(super) fn code_of_number(&mut self, value: f64) -> f64 {
        // Minus zero is zero.
        let value = value + 0.0;
        self.code(&if value.abs() < 1e15 { format!("{value}") } else { format!("{value:?}") })
    }

    /// Returns the sorted labels, numbers by value and before text, and the new value of each code.
    pub(super) fn sorted(self) -> (Vec<String>, Vec<usize>) {
        let mut labels: Vec<(String, usize)> = self.0.into_iter().collect();
        let number = |label: &str| match meaning(label, false) {
            Meaning::Number(value) => value,
            _ => f64::NAN,
        };
        // In the total order, NaN sorts after every number.
        labels.sort_by(|(a, _), (b, _)| number(a).total_cmp(&number(b)).then_with(|| a.cmp(b)));
        let mut codes = vec![0; labels.len()];
        labels.iter().enumerate().for_each(|(code, (_, before))| codes[*before] = code);
        (labels.into_iter().map(|(label, _)| label).collect(), codes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_the_order_of_the_labels() {
        let mut labels = Labels::default();
        let given = [labels.code("red"), labels.code_of_number(10.0), labels.code("blue"), labels.code("red")];
        assert_eq!(given, [0.0, 1.0, 2.0, 0.0]);
        assert_eq!(labels.code_of_number(-0.0), labels.code("0"));
        assert_eq!([labels.code_of_number(9.5), labels.code_of_number(1e300)], [4.0, 5.0]);
        let (sorted, codes) = labels.sorted();
        assert_eq!(sorted, ["0", "9.5", "10", "1e300", "blue", "red"]);
        assert_eq!(codes, [5, 2, 4, 0, 1, 3]);
    }
}
