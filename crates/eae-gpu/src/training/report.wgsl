// The squared error of the batch and the entropy of its codes in nats.
struct Params { parts: u32, n: u32, d: u32, k: u32, closest: f32, constant: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read> keys: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> report: array<f32>;

var<workgroup> sums: array<vec2<f32>, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) t: u32) {
    var sum = vec2<f32>();
    for (var i = t; i < p.parts; i += 256u) { sum.x += parts[i]; }
    // Half the logarithm of the square.
    for (var i = t; i < p.n * p.k; i += 256u) { sum.y += weights[i % p.k] * 0.5 * log(max(keys[i], p.closest)); }
    sums[t] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if t < half { sums[t] += sums[t + half]; }
        workgroupBarrier();
    }
    if t == 0u {
        let n = f32(p.n);
        report[0] = sums[0].x / n;
        report[1] = p.constant + f32(p.d) / n * sums[0].y;
    }
}
