// Rows to the place of a ring that the step says, and on from its beginning.
struct Params { numbers: u32, most: u32, columns: u32, word: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> rows: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> ring: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let i = (id.x + id.y * count.x) * 256u + t;
    if i >= p.numbers { return; }
    ring[p.at + (step[p.word] + i) % p.most] = rows[i];
}
