// The gradient of a sum of log distances of images from their nearest draws, weighted by a word of
// the step. Each image x adds
//     factor (z - x) / |z - x|^2
// to its nearest draw z. Each invocation searches for the images of its draw, so no two invocations
// write to the same place. The result is multiplied by the derivative of the activation that
// produced the draws.
alias T = f32;
struct Params {
    images: u32, draws: u32, d: u32,
    closest: f32, word: u32, factor: f32, add: u32, slope: f32,
    x_at: u32, z_at: u32, g_at: u32,
}
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
// Squared distances and indices.
@group(0) @binding(3) var<storage, read> keys: array<f32>;
@group(0) @binding(4) var<storage, read> ids: array<u32>;
@group(0) @binding(5) var<storage, read> step: array<u32>;
@group(0) @binding(6) var<storage, read_write> g: array<f32>;

fn each(at: u32) {
    if at >= p.draws * p.d { return; }
    let i = at / p.d;
    let c = at % p.d;
    let y = z[p.z_at + at];
    var sum = 0.0;
    for (var row = 0u; row < p.images; row++) {
        // The estimate does not depend on distances below the floor.
        if ids[row] != i || keys[row] < p.closest { continue; }
        sum += (y - x[p.x_at + row * p.d + c]) / keys[row];
    }
    let v = bitcast<f32>(step[p.word]) * p.factor * sum;
    let result = DERIVATIVE;
    if p.add == 1u { g[p.g_at + at] += result; } else { g[p.g_at + at] = result; }
}
