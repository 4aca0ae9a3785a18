// What the terms of the loss come to, but for constants: the squared error of an image; d times the mean logarithm of the distances
// of codes from their neighbours; how far the radii are from their quantiles, squared; and how much farther, by the logarithm,
// draws are from images than from each other.
struct Params {
    parts: u32, decoded: u32,
    n: u32, d: u32, k: u32,
    // Codes whose radii count, and draws.
    radii: u32, draws: u32,
    closest: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read> keys: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> squares: array<f32>;
@group(0) @binding(5) var<storage, read> across: array<f32>;
@group(0) @binding(6) var<storage, read> within: array<f32>;
@group(0) @binding(7) var<storage, read_write> report: array<f32>;

var<workgroup> sums: array<vec4<f32>, 256>;

// Half the logarithm of the square.
fn logarithm(key: f32) -> f32 { return 0.5 * log(max(key, p.closest)); }

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) t: u32) {
    var sum = vec4<f32>();
    for (var i = t; i < p.parts; i += 256u) { sum.x += parts[i]; }
    for (var i = t; i < p.n * p.k; i += 256u) { sum.y += weights[i % p.k] * logarithm(keys[i]); }
    for (var i = t; i < p.radii; i += 256u) { sum.z += squares[i]; }
    for (var i = t; i < p.draws; i += 256u) { sum.w += logarithm(across[i]) - logarithm(within[i]); }
    sums[t] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if t < half { sums[t] += sums[t + half]; }
        workgroupBarrier();
    }
    if t == 0u {
        let n = f32(p.n);
        report[0] = sums[0].x / f32(p.decoded);
        report[1] = f32(p.d) / n * sums[0].y;
        report[2] = sums[0].z / n;
        report[3] = sums[0].w / f32(max(p.draws, 1u));
    }
}
