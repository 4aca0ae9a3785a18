// The backward pass of batch normalization, in place: g <- scale (g - mean of g - y mean of (g y)).
struct Params { rows: u32, features: u32 }
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> g: array<f32>;

fn group(c: u32, t: u32) {
    // Surplus workgroups write nothing, but all invocations must reach the barriers.
    let rows = select(0u, p.rows, c < p.features);
    var sum = vec2<f32>();
    for (var i = t; i < rows; i += 64u) {
        let at = i * p.features + c;
        sum += vec2<f32>(g[at], g[at] * y[at]);
    }
    let means = total(t, sum) / f32(p.rows);
    for (var i = t; i < rows; i += 64u) {
        let at = i * p.features + c;
        g[at] = scale[c] * (g[at] - means.x - y[at] * means.y);
    }
}
