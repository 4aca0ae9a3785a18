// The sum of (y - x)^2 in each workgroup, and the gradient of the total with respect to the input
// of the last activation.
alias T = f32;
struct Params { numbers: u32, factor: f32, slope: f32 }
@group(0) @binding(1) var<storage, read> output: array<f32>;
@group(0) @binding(2) var<storage, read> images: array<f32>;
@group(0) @binding(3) var<storage, read_write> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> parts: array<f32>;

fn group(block: u32, t: u32) {
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
    sum = total(t, sum);
    if t == 0u && block * 1024u < p.numbers { parts[block] = sum; }
}
