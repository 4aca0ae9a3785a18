// Copies rows to the place of a memory bank that a word of the step specifies, wrapping around at
// the end. The old rows are saved.
struct Params { numbers: u32, most: u32, word: u32, rows_at: u32, at: u32 }
@group(0) @binding(1) var<storage, read> rows: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> bank: array<f32>;
@group(0) @binding(4) var<storage, read_write> replaced: array<f32>;

fn each(i: u32) {
    if i >= p.numbers { return; }
    let at = p.at + (step[p.word] + i) % p.most;
    replaced[i] = bank[at];
    bank[at] = rows[p.rows_at + i];
}
