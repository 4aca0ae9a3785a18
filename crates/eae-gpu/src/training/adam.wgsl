// A step of Adam (Kingma and Ba, 2015) for all parameters, unless the loss is not finite.
struct Params { numbers: u32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, eps: f32 }
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> first: array<f32>;
@group(0) @binding(3) var<storage, read_write> second: array<f32>;
@group(0) @binding(4) var<storage, read> g: array<f32>;
@group(0) @binding(5) var<storage, read> step: array<u32>;
@group(0) @binding(6) var<storage, read> report: array<u32>;

// Test the bits, because a compiler may assume that all numbers are finite.
fn is_finite(bits: u32) -> bool { return (bits & 0x7f800000u) != 0x7f800000u; }

fn each(i: u32) {
    if i >= p.numbers { return; }
    for (var term = 0u; term < 6u; term++) { if !is_finite(report[term]) { return; } }
    let m = p.beta1 * first[i] + p.rest1 * g[i];
    let v = p.beta2 * second[i] + p.rest2 * g[i] * g[i];
    first[i] = m;
    second[i] = v;
    x[i] -= bitcast<f32>(step[0]) * m / (sqrt(v) * bitcast<f32>(step[1]) + p.eps);
}
