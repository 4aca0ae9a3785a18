// The losses of both players and their gradients, from the network's outputs for images followed by
// those for as many draws. The log odds l are the outputs times a gain. The critic's own loss is the
// mean of softplus(-l) over images plus the mean of softplus(l) over draws, plus half the product of
// its second weight and the pull on that weight. The decoder's is the mean of softplus(-l) over draws,
// weighted by a word of the step.
struct Params { images: u32, smoothed: u32, word: u32, place: u32, width: u32, second: u32, gain: f32 }
@group(0) @binding(1) var<storage, read> outputs: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
// The second weight, and one row of pulls per image of the term of smoothness.
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read> pull: array<f32>;
// The gradient of the critic's own loss for all outputs, and of the decoder's for those of draws.
@group(0) @binding(5) var<storage, read_write> own: array<f32>;
@group(0) @binding(6) var<storage, read_write> deceiving: array<f32>;
@group(0) @binding(7) var<storage, read_write> report: array<f32>;

// Preserves NaN, which `max` may lose.
fn softplus(l: f32) -> f32 { return select(l, 0.0, l <= 0.0) + log(1.0 + exp(-abs(l))); }
fn sigmoid(l: f32) -> f32 { return 1.0 / (1.0 + exp(-l)); }

fn group(_group: u32, t: u32) {
    let weight = bitcast<f32>(step[p.word]);
    let share = 1.0 / f32(p.images);
    var sum = vec2<f32>();
    for (var i = t; i < 2u * p.images; i += 256u) {
        let l = p.gain * outputs[i];
        if i < p.images {
            sum.y += share * softplus(-l);
            own[i] = -p.gain * share * sigmoid(-l);
        } else {
            sum += share * vec2<f32>(softplus(-l), softplus(l));
            own[i] = p.gain * share * sigmoid(l);
            deceiving[i - p.images] = -weight * p.gain * share * sigmoid(-l);
        }
    }
    for (var i = t; i < p.smoothed * p.width; i += 256u) {
        sum.y += 0.5 * parameters[p.second + i % p.width] * pull[i];
    }
    sum = total(t, sum);
    if t == 0u {
        report[p.place] = sum.x;
        report[p.place + 1u] = sum.y;
    }
}
