// The distance of the means m, m' and covariances C, C' of images and draws,
//     (|m - m'|^2 + |C - C'|_F) / tr C,
// and the factors of its gradient with respect to a draw: that of (C - C') (z - m') / sqrt(N) and
// that of m - m', with N draws.
struct Params { columns: u32, word: u32, place: u32 }
// The sums of squares of the columns of C - C'.
@group(0) @binding(1) var<storage, read> apart: array<f32>;
// The means of all columns, followed by their variances.
@group(0) @binding(2) var<storage, read> images: array<f32>;
@group(0) @binding(3) var<storage, read> draws: array<f32>;
@group(0) @binding(4) var<storage, read> step: array<u32>;
@group(0) @binding(5) var<storage, read_write> factors: array<f32>;
@group(0) @binding(6) var<storage, read_write> report: array<f32>;

fn group(_group: u32, t: u32) {
    var sum = vec3<f32>();
    for (var c = t; c < p.columns; c += 256u) {
        let off = images[c] - draws[c];
        sum += vec3<f32>(off * off, apart[c], images[p.columns + c]);
    }
    sum = total(t, sum);
    if t == 0u {
        let distance = sqrt(sum.y);
        // Images that do not vary have no unit, and equal covariances have no gradient.
        var unit = 0.0;
        if sum.z > 0.0 { unit = 1.0 / sum.z; }
        var slope = 0.0;
        if distance > 0.0 { slope = 1.0 / distance; }
        let n = f32(step[p.word]);
        factors[0] = -2.0 * unit * slope / sqrt(n);
        factors[1] = -2.0 * unit / n;
        report[p.place] = unit * (sum.x + distance);
    }
}
