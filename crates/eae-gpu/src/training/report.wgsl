// The terms of the loss up to constants: the squared error of an image; d times the mean logarithm
// of the distances of codes from their neighbors; the squared differences of the radii from their
// quantiles; and the mean log ratio of the distances of draws from images and from each other.
struct Params {
    parts: u32, decoded: u32,
    n: u32, d: u32, k: u32,
    // Numbers of codes whose radii count, and of draws.
    radii: u32, draws: u32,
    closest: f32,
}
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read> keys: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> squares: array<f32>;
@group(0) @binding(5) var<storage, read> across: array<f32>;
@group(0) @binding(6) var<storage, read> within: array<f32>;
@group(0) @binding(7) var<storage, read_write> report: array<f32>;

// Half the logarithm of the square.
fn logarithm(key: f32) -> f32 { return 0.5 * log(max(key, p.closest)); }

fn group(_group: u32, t: u32) {
    var sum = vec4<f32>();
    for (var i = t; i < p.parts; i += 256u) { sum.x += parts[i]; }
    for (var i = t; i < p.n * p.k; i += 256u) { sum.y += weights[i % p.k] * logarithm(keys[i]); }
    for (var i = t; i < p.radii; i += 256u) { sum.z += squares[i]; }
    for (var i = t; i < p.draws; i += 256u) { sum.w += logarithm(across[i]) - logarithm(within[i]); }
    sum = total(t, sum);
    if t == 0u {
        let n = f32(p.n);
        report[0] = sum.x / f32(p.decoded);
        report[1] = f32(p.d) / n * sum.y;
        report[2] = sum.z / n;
        report[3] = sum.w / f32(max(p.draws, 1u));
    }
}
