// The sums of a matrix's columns, a workgroup for each.
struct Params { rows: u32, columns: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

var<workgroup> parts: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>, @builtin(local_invocation_index) t: u32) {
    let c = id.x + id.y * count.x;
    // Past the end nothing is written, but all get to the barriers.
    let end = select(0u, p.rows, c < p.columns);
    var sum = 0.0;
    for (var i = t; i < end; i += 256u) { sum += x[i * p.columns + c]; }
    parts[t] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if t < half { parts[t] += parts[t + half]; }
        workgroupBarrier();
    }
    if t == 0u && c < p.columns { sums[p.at + c] = parts[0]; }
}
