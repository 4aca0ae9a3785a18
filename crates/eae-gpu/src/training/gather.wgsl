// Copies images, selected by index, from the images in this buffer.
struct Params { at: u32, pixels: u32, batch: u32, first: u32, end: u32, words: u32 }
@group(0) @binding(1) var<storage, read> images: array<f32>;
// The words of a step, followed by the indices.
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

fn each(i: u32) {
    if i >= p.batch * p.pixels { return; }
    let place = step[p.words + i / p.pixels];
    if place < p.first || place >= p.end { return; }
    x[i] = images[p.at + (place - p.first) * p.pixels + i % p.pixels];
}
