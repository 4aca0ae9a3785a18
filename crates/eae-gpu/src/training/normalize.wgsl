// Batch normalization in training, one workgroup per feature: y = (x - mean) / sqrt(variance +
// eps). Also updates the running statistics.
struct Params { rows: u32, features: u32, eps: f32, momentum: f32, mean_at: u32, variance_at: u32 }
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
// 1 / sqrt(variance + eps), for the backward pass.
@group(0) @binding(3) var<storage, read_write> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> running: array<f32>;
// The running statistics before the step, in case it fails.
@group(0) @binding(5) var<storage, read_write> before: array<f32>;

fn group(c: u32, t: u32) {
    // Surplus workgroups write nothing, but all invocations must reach the barriers.
    let rows = select(0u, p.rows, c < p.features);
    // Use differences from the first row, because a variance that is small beside the mean would
    // lose its digits.
    var first = 0.0;
    if rows > 0u { first = x[c]; }
    var sum = 0.0;
    for (var i = t; i < rows; i += 64u) { sum += x[i * p.features + c] - first; }
    let n = f32(p.rows);
    let mean = first + total(t, sum) / n;
    var squares = 0.0;
    for (var i = t; i < rows; i += 64u) {
        let off = x[i * p.features + c] - mean;
        squares += off * off;
    }
    squares = total(t, squares);
    let factor = 1.0 / sqrt(squares / n + p.eps);
    for (var i = t; i < rows; i += 64u) { y[i * p.features + c] = (x[i * p.features + c] - mean) * factor; }
    if t == 0u && rows > 0u {
        scale[c] = factor;
        let m = p.momentum;
        before[p.mean_at + c] = running[p.mean_at + c];
        before[p.variance_at + c] = running[p.variance_at + c];
        running[p.mean_at + c] = (1.0 - m) * running[p.mean_at + c] + m * mean;
        running[p.variance_at + c] = (1.0 - m) * running[p.variance_at + c] + m * squares / (n - 1.0);
    }
}
