// A step of Adam (Kingma and Ba, 2015) for all parameters, unless the loss is no finite number.
struct Params { numbers: u32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, eps: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> first: array<f32>;
@group(0) @binding(3) var<storage, read_write> second: array<f32>;
@group(0) @binding(4) var<storage, read> g: array<f32>;
@group(0) @binding(5) var<storage, read> step: array<u32>;
@group(0) @binding(6) var<storage, read> report: array<u32>;

// By its bits: a compiler may take it that there are no others.
fn is_finite(bits: u32) -> bool { return (bits & 0x7f800000u) != 0x7f800000u; }

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let i = (id.x + id.y * count.x) * 256u + t;
    if i >= p.numbers { return; }
    for (var term = 0u; term < 4u; term++) { if !is_finite(report[term]) { return; } }
    let m = p.beta1 * first[i] + p.rest1 * g[i];
    let v = p.beta2 * second[i] + p.rest2 * g[i] * g[i];
    first[i] = m;
    second[i] = v;
    x[i] -= bitcast<f32>(step[0]) * m / (sqrt(v) * bitcast<f32>(step[1]) + p.eps);
}
