// The sums of squares of a matrix's columns, one workgroup per column.
struct Params { rows: u32, columns: u32 }
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

fn group(c: u32, t: u32) {
    // Surplus workgroups write nothing, but all invocations must reach the barriers.
    let end = select(0u, p.rows, c < p.columns);
    var sum = 0.0;
    for (var i = t; i < end; i += 64u) { sum += x[i * p.columns + c] * x[i * p.columns + c]; }
    sum = total(t, sum);
    if t == 0u && c < p.columns { sums[c] = sum; }
}
