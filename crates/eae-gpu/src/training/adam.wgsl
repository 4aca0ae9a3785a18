// A step of Adam (Kingma and Ba, 2015) for all parameters, unless the loss is not finite. The
// critic, whose parameters are the last, may have made fewer steps than the model.
struct Params { numbers: u32, critic: u32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, eps: f32 }
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
    for (var term = 0u; term < 8u; term++) { if !is_finite(report[term]) { return; } }
    let rate = select(0u, 2u, i >= p.critic);
    // The critic makes no step if the penalty has no weight.
    if step[rate + 1u] == 0u { return; }
    let m = p.beta1 * first[i] + p.rest1 * g[i];
    let v = p.beta2 * second[i] + p.rest2 * g[i] * g[i];
    first[i] = m;
    second[i] = v;
    x[i] -= bitcast<f32>(step[rate]) * m / (sqrt(v) * bitcast<f32>(step[rate + 1u]) + p.eps);
}
