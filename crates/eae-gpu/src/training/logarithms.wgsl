// The gradient of a sum of log distances from neighbors, weighted by a word of the step. Each pair
// contributes
//     factor w_j (z_i - z_j) / |z_i - z_j|^2
// to the row, and the negative to the neighbor if that is one of the rows. Each invocation searches
// for the rows whose neighbor its row is, so no two invocations write to the same place. The result
// is multiplied by the derivative of the activation that produced the rows.
alias T = f32;
struct Params {
    n: u32, d: u32, k: u32,
    // Number of others that are the rows themselves: n or 0.
    own: u32,
    closest: f32, word: u32, factor: f32, add: u32, slope: f32,
    z_at: u32, others_at: u32, g_at: u32,
}
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read> others: array<f32>;
// Squared distances and indices.
@group(0) @binding(3) var<storage, read> keys: array<f32>;
@group(0) @binding(4) var<storage, read> ids: array<u32>;
@group(0) @binding(5) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> step: array<u32>;
@group(0) @binding(7) var<storage, read_write> g: array<f32>;

fn each(at: u32) {
    if at >= p.n * p.d { return; }
    let i = at / p.d;
    let c = at % p.d;
    let y = z[p.z_at + at];
    var sum = 0.0;
    for (var pair = 0u; pair < p.n * p.k; pair++) {
        let row = pair / p.k;
        let other = ids[pair];
        let is_others = other == i && i < p.own;
        // The estimate does not depend on distances below the floor. A row may lack a neighbor.
        if (row != i && !is_others) || other == 0xffffffffu || keys[pair] < p.closest { continue; }
        var far = 0.0;
        if row == i { far = others[p.others_at + other * p.d + c]; } else { far = z[p.z_at + row * p.d + c]; }
        sum += weights[pair % p.k] * (y - far) / keys[pair];
    }
    let v = bitcast<f32>(step[p.word]) * p.factor * sum;
    let result = DERIVATIVE;
    if p.add == 1u { g[p.g_at + at] += result; } else { g[p.g_at + at] = result; }
}
