// The distances of codes from the origin.
struct Params { n: u32, d: u32 }
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read_write> radii: array<f32>;

fn each(i: u32) {
    if i >= p.n { return; }
    var sum = 0.0;
    for (var c = 0u; c < p.d; c++) { sum += z[i * p.d + c] * z[i * p.d + c]; }
    radii[i] = sqrt(sum);
}
