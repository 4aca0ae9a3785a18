// The distances of codes from the origin.
struct Params { n: u32, d: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read_write> radii: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let i = (id.x + id.y * count.x) * 64u + t;
    if i >= p.n { return; }
    var sum = 0.0;
    for (var c = 0u; c < p.d; c++) { sum += z[i * p.d + c] * z[i * p.d + c]; }
    radii[i] = sqrt(sum);
}
