// The gradient of -weight times the entropy, where weight is a share of lambda: for each pair of a code and one of its neighbours
//     d/n w_j (z_i - z_j) / |z_i - z_j|^2
// is the code's, and its negative the neighbour's. A code looks for those whose neighbour it is, so that none is written by two.
struct Params { n: u32, d: u32, k: u32, closest: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
// Squared distances, and which.
@group(0) @binding(2) var<storage, read> keys: array<f32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read> step: array<u32>;
@group(0) @binding(6) var<storage, read_write> g: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let at = (id.x + id.y * count.x) * 64u + t;
    if at >= p.n * p.d { return; }
    let i = at / p.d;
    let c = at % p.d;
    let own = z[at];
    var sum = 0.0;
    for (var pair = 0u; pair < p.n * p.k; pair++) {
        let row = pair / p.k;
        let other = ids[pair];
        // Of pairs that are closer than the floor, the estimate does not say how close.
        if (row != i && other != i) || other >= p.n || keys[pair] < p.closest { continue; }
        let far = select(z[row * p.d + c], z[other * p.d + c], row == i);
        sum += weights[pair % p.k] * (own - far) / keys[pair];
    }
    g[at] = -bitcast<f32>(step[2]) * f32(p.d) / f32(p.n) * sum;
}
