// Batch normalisation in training, a workgroup for each feature: y = (x - mean) / sqrt(variance + eps), and the running
// statistics a step on.
struct Params { rows: u32, features: u32, eps: f32, momentum: f32, mean_at: u32, variance_at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
// 1 / sqrt(variance + eps), for the way back.
@group(0) @binding(3) var<storage, read_write> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> running: array<f32>;

var<workgroup> sums: array<f32, 64>;
fn total(t: u32, number: f32) -> f32 {
    sums[t] = number;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if t < half { sums[t] += sums[t + half]; }
        workgroupBarrier();
    }
    let sum = sums[0];
    workgroupBarrier();
    return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) t: u32) {
    let c = id.x;
    // From the first row, not from 0: a variance that is small beside the mean would lose its digits.
    let first = x[c];
    var sum = 0.0;
    for (var i = t; i < p.rows; i += 64u) { sum += x[i * p.features + c] - first; }
    let n = f32(p.rows);
    let mean = first + total(t, sum) / n;
    var squares = 0.0;
    for (var i = t; i < p.rows; i += 64u) {
        let off = x[i * p.features + c] - mean;
        squares += off * off;
    }
    squares = total(t, squares);
    let factor = 1.0 / sqrt(squares / n + p.eps);
    for (var i = t; i < p.rows; i += 64u) { y[i * p.features + c] = (x[i * p.features + c] - mean) * factor; }
    if t == 0u {
        scale[c] = factor;
        let m = p.momentum;
        running[p.mean_at + c] = (1.0 - m) * running[p.mean_at + c] + m * mean;
        running[p.variance_at + c] = (1.0 - m) * running[p.variance_at + c] + m * squares / (n - 1.0);
    }
}
