// The squared differences between the sorted distances from the origin and their quantiles, and the
// gradient of weight / n times their sum. Each invocation finds the rank of its code.
struct Params { n: u32, d: u32, word: u32 }
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read> radii: array<f32>;
@group(0) @binding(3) var<storage, read> quantiles: array<f32>;
@group(0) @binding(4) var<storage, read> step: array<u32>;
@group(0) @binding(5) var<storage, read_write> g: array<f32>;
@group(0) @binding(6) var<storage, read_write> squares: array<f32>;

fn each(i: u32) {
    if i >= p.n { return; }
    let own = radii[i];
    var place = 0u;
    for (var other = 0u; other < p.n; other++) {
        let before = radii[other] < own || (radii[other] == own && other < i);
        place += select(0u, 1u, before);
    }
    let off = own - quantiles[place];
    squares[i] = off * off;
    // A code at the origin has no direction in which to move.
    if own <= 0.0 { return; }
    let factor = bitcast<f32>(step[p.word]) * 2.0 * off / (f32(p.n) * own);
    for (var c = 0u; c < p.d; c++) { g[i * p.d + c] += factor * z[i * p.d + c]; }
}
