// Of each workgroup the sum of (y - x)^2, and the gradient of all of it with respect to what the last activation was given.
alias T = f32;
struct Params { numbers: u32, factor: f32, slope: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> output: array<f32>;
@group(0) @binding(2) var<storage, read> images: array<f32>;
@group(0) @binding(3) var<storage, read_write> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> parts: array<f32>;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let block = id.x + id.y * count.x;
    var sum = 0.0;
    for (var step = 0u; step < 4u; step++) {
        let i = block * 1024u + step * 256u + t;
        if i < p.numbers {
            let y = output[i];
            let off = y - images[i];
            sum += off * off;
            let v = p.factor * off;
            g[i] = DERIVATIVE;
        }
    }
    sums[t] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if t < half { sums[t] += sums[t + half]; }
        workgroupBarrier();
    }
    if t == 0u && block * 1024u < p.numbers { parts[block] = sums[0]; }
}
