// Some images, by their places, of those that this buffer holds.
struct Params { at: u32, pixels: u32, batch: u32, first: u32, end: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> images: array<f32>;
// What changes from step to step: eight words, and the places behind them.
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let i = (id.x + id.y * count.x) * 256u + t;
    if i >= p.batch * p.pixels { return; }
    let place = step[8u + i / p.pixels];
    if place < p.first || place >= p.end { return; }
    x[i] = images[p.at + (place - p.first) * p.pixels + i % p.pixels];
}
