// Subtracts from rows their mean and divides by the square root of their number, one workgroup per
// column. The product of the transposed result and the result is then the covariance. A word of the
// step is the number of rows; the others are unfilled rows of a memory bank and become 0.
struct Params { rows: u32, columns: u32, at: u32, word: u32 }
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> centered: array<f32>;
// The means of all columns, followed by their variances.
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;

fn group(c: u32, t: u32) {
    // Surplus workgroups write nothing, but all invocations must reach the barriers.
    let rows = select(0u, p.rows, c < p.columns);
    let filled = min(step[p.word], rows);
    // Use differences from the first row, because a variance that is small beside the mean would
    // lose its digits.
    var first = 0.0;
    if filled > 0u { first = x[p.at + c]; }
    var sum = 0.0;
    for (var i = t; i < filled; i += 64u) { sum += x[p.at + i * p.columns + c] - first; }
    let n = f32(max(filled, 1u));
    let mean = first + total(t, sum) / n;
    let factor = 1.0 / sqrt(n);
    var squares = 0.0;
    for (var i = t; i < rows; i += 64u) {
        var off = 0.0;
        if i < filled { off = (x[p.at + i * p.columns + c] - mean) * factor; }
        centered[i * p.columns + c] = off;
        squares += off * off;
    }
    squares = total(t, squares);
    if t == 0u && rows > 0u {
        statistics[c] = mean;
        statistics[p.columns + c] = squares;
    }
}
