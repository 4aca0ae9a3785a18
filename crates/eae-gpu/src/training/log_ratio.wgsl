// The mean log ratio of the distances of images from draws and from each other.
struct Params { images: u32, closest: f32, place: u32 }
@group(0) @binding(1) var<storage, read> across: array<f32>;
@group(0) @binding(2) var<storage, read> within: array<f32>;
@group(0) @binding(3) var<storage, read_write> report: array<f32>;

// Half the logarithm of the square.
fn logarithm(key: f32) -> f32 { return 0.5 * log(max(key, p.closest)); }

fn group(_group: u32, t: u32) {
    var sum = 0.0;
    for (var i = t; i < p.images; i += 256u) { sum += logarithm(across[i]) - logarithm(within[i]); }
    sum = total(t, sum);
    if t == 0u { report[p.place] = sum / f32(p.images); }
}
