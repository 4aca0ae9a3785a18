// The way back through batch normalisation, in place: g <- scale (g - mean of g - y mean of (g y)).
struct Params { rows: u32, features: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> g: array<f32>;

var<workgroup> sums: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) t: u32) {
    let c = id.x;
    var sum = vec2<f32>();
    for (var i = t; i < p.rows; i += 64u) {
        let at = i * p.features + c;
        sum += vec2<f32>(g[at], g[at] * y[at]);
    }
    sums[t] = sum;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if t < half { sums[t] += sums[t + half]; }
        workgroupBarrier();
    }
    let means = sums[0] / f32(p.rows);
    for (var i = t; i < p.rows; i += 64u) {
        let at = i * p.features + c;
        g[at] = scale[c] * (g[at] - means.x - y[at] * means.y);
    }
}
