//! Notes about columns that no flag names: names of series, and times.

use crate::commands::estimate::input::Data;

/// Returns a note about an unused column whose equal values are all adjacent, such as the name of a
/// patient in a file of several patients.
pub(super) fn several(data: &Data, used: &[usize]) -> Option<String> {
    let columns = (0..data.table.values.ncols()).filter(|column| !used.contains(column));
    let mut names = columns.filter(|&column| {
        let mut values: Vec<u64> = data.values(&[column]).iter().map(|x| (x + 0.0).to_bits()).collect();
        values.dedup();
        let runs = values.len();
        values.sort_unstable();
        values.dedup();
        (2..=data.len() / 5).contains(&runs) && values.len() == runs
    });
    names.next().map(|column| {
        let name = data.column(column);
        format!(
            "each value of {} is in adjacent rows; if these are series of their own, use --group {name}",
            data.table.describe(column)
        )
    })
}

/// Returns a note about an unused column of times that do not increase, or of which some are
/// missing, because rows are taken for steps.
pub(super) fn times(data: &Data, used: &[usize]) -> Option<String> {
    let columns = (0..data.table.values.ncols()).filter(|column| !used.contains(column));
    columns.filter(|column| data.table.categories[*column].is_none()).find_map(|column| {
        let values = data.values(&[column]).column(0).to_vec();
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let steps: Vec<f64> = sorted.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let step = steps.iter().copied().fold(f64::INFINITY, f64::min);
        // Times are distinct, and most steps between them are equal.
        let equal = |found: f64, times: f64| (found - times * step).abs() <= 1e-6 * step;
        let usual = steps.iter().filter(|found| equal(**found, 1.0)).count();
        let whole = steps.iter().all(|found| equal(*found, (found / step).round()) && *found > 0.5 * step);
        if steps.len() < 10 || step <= 0.0 || !whole || 2 * usual < steps.len() {
            return None;
        }
        let described = data.table.describe(column);
        if !values.is_sorted() {
            return Some(format!(
                "{described} has the numbers of an index or of times, but they do not increase from row to row; rows are taken \
                 for steps in the order of the file, so sort them first"
            ));
        }
        let gaps = steps.len() - usual;
        (gaps > 0).then(|| {
            format!(
                "{described} has the numbers of an index or of times, of which some are missing: {gaps} of {} steps are longer \
                 than the others; rows are taken for steps, so fill the gaps, or give each unbroken part a name and use --group",
                steps.len()
            )
        })
    })
}
