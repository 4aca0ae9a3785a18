// The gradient of the distance of means and covariances with respect to the draws of this step,
// weighted by a word of the step. The result is multiplied by the derivative of the activation that
// produced the draws.
alias T = f32;
struct Params { draws: u32, columns: u32, word: u32, add: u32, slope: f32, z_at: u32, g_at: u32 }
@group(0) @binding(1) var<storage, read> z: array<f32>;
// The products of the centered draws and the difference of the covariances.
@group(0) @binding(2) var<storage, read> products: array<f32>;
// The means of all columns, followed by their variances.
@group(0) @binding(3) var<storage, read> images: array<f32>;
@group(0) @binding(4) var<storage, read> draws: array<f32>;
@group(0) @binding(5) var<storage, read> factors: array<f32>;
@group(0) @binding(6) var<storage, read> step: array<u32>;
@group(0) @binding(7) var<storage, read_write> g: array<f32>;

fn each(at: u32) {
    if at >= p.draws * p.columns { return; }
    let c = at % p.columns;
    let y = z[p.z_at + at];
    let v = bitcast<f32>(step[p.word]) * (factors[0] * products[at] + factors[1] * (images[c] - draws[c]));
    let result = DERIVATIVE;
    if p.add == 1u { g[p.g_at + at] += result; } else { g[p.g_at + at] = result; }
}
