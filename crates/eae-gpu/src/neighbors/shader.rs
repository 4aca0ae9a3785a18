//! The shader of the search. One kernel computes distances and keeps the nearest, and it never
//! stores the distances of other pairs.

use std::fmt::Write;

use crate::kernel::{Access, Kernel, Shader, for_each, reader};

/// Largest number of neighbors that one run of the kernel can find. For more neighbors the kernel
/// runs again, and finds those after the last.
pub(super) const MOST: usize = 64;
/// Number of queries in a workgroup, one per invocation.
pub(super) const QUERIES: usize = 64;
/// Number of references that a workgroup shares at a time.
const POINTS: u32 = 16;

/// The kernel that finds, for each query, the nearest of some references, as sorted lists of keys
/// and indices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nearest {
    /// The capacity of the lists.
    pub(super) room: u32,
    /// Number of vectors of 4 in a point, or processed at a time: 1, 2 or 4.
    pub(super) vectors: u32,
    /// True if this is the whole point.
    pub(super) whole: bool,
    /// True if rows consist of complete vectors.
    pub(super) wide: bool,
    /// True if only neighbors after the last of an earlier list count.
    pub(super) after: bool,
}

/// The kernel that merges several lists of each query into one list of the nearest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Merge {
    pub(super) room: u32,
}

/// Returns the capacity of lists of length `k` or more.
pub(super) fn room(k: usize) -> u32 {
    [1, 4, 16, MOST as u32].into_iter().find(|&room| room as usize >= k).unwrap_or(MOST as u32)
}

/// Returns the code of a list of the nearest so far, sorted by key and then by index. The key is
/// the bit pattern of the distance. For nonnegative numbers it has the same order, a compiler
/// cannot assume that there are no infinities, and NaN is recognized by its bits.
fn list(room: u32) -> String {
    format!(
        "
const NONE = 0xffffffffu;
const INFINITY = 0x7f800000u;
var<private> keys: array<u32, {room}>;
var<private> ids: array<u32, {room}>;
fn before(key: u32, id: u32, other_key: u32, other_id: u32) -> bool {{
    return key < other_key || (key == other_key && id < other_id);
}}
fn clear() {{
    for (var s = 0u; s < {room}u; s++) {{ keys[s] = INFINITY; ids[s] = NONE; }}
}}
fn insert(key: u32, id: u32) {{
    var s = p.k - 1u;
    for (; s > 0u; s--) {{
        if !before(key, id, keys[s - 1u], ids[s - 1u]) {{ break; }}
        keys[s] = keys[s - 1u];
        ids[s] = ids[s - 1u];
    }}
    keys[s] = key;
    ids[s] = id;
}}
"
    )
}

const PARAMS: &str = "
struct Params {
    n: u32, references: u32, d: u32, k: u32,
    q_at: u32, r_at: u32,
    // References of one list, the first workgroup and the total number of workgroups.
    chunk: u32, first: u32, blocks: u32,
    // Indices of the first query and reference, whether a window is excluded, and its size.
    query_base: u32, reference_base: u32, exclude: u32, window: u32,
    // The list of this run, if a query has several.
    slot: u32,
}
";

impl Kernel for Nearest {
    fn shader(&self) -> Shader {
        let Self { room, vectors, whole, wide, after } = *self;
        let mut bindings = vec![Access::Read, Access::Read, Access::Write, Access::Write];
        let of = if wide { "vec4<f32>" } else { "f32" };
        let mut text = format!(
            "{PARAMS}
@group(0) @binding(1) var<storage, read> q: array<{of}>;
@group(0) @binding(2) var<storage, read> r: array<{of}>;
@group(0) @binding(3) var<storage, read_write> out_keys: array<u32>;
@group(0) @binding(4) var<storage, read_write> out_ids: array<u32>;
"
        );
        if after {
            bindings.extend([Access::Read; 2]);
            text += "@group(0) @binding(5) var<storage, read> after_keys: array<u32>;
@group(0) @binding(6) var<storage, read> after_ids: array<u32>;
";
        }
        text += &list(room);
        text += &reader("q", "p.d", wide);
        text += &reader("r", "p.d", wide);
        let (last_key, last_id) =
            if after { ("after_keys[i * 64u + 63u]", "after_ids[i * 64u + 63u]") } else { ("0u", "NONE") };
        let _ = write!(
            text,
            "
fn consider(i: u32, j: u32, end: u32, distance: f32, last_key: u32, last_id: u32) {{
    let key = min(bitcast<u32>(distance) & 0x7fffffffu, INFINITY);
    let id = p.reference_base + j;
    if j >= end || !before(key, id, keys[p.k - 1u], ids[p.k - 1u]) {{ return; }}
    let place = p.query_base + i;
    if p.exclude == 1u && max(place, id) - min(place, id) <= p.window {{ return; }}
    {behind}
    insert(key, id);
}}
var<workgroup> points: array<vec4<f32>, {size}>;
@compute @workgroup_size({QUERIES})
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {{
    let block = p.first + id.x + id.y * count.x;
    if block >= p.blocks {{ return; }}
    let i = block * {QUERIES}u + t;
    let start = id.z * p.chunk;
    let end = min(p.references, start + p.chunk);
    var last_key = 0u;
    var last_id = NONE;
    if i < p.n {{ last_key = {last_key}; last_id = {last_id}; }}
    clear();
",
            behind = if after { "if !before(last_key, last_id, key, id) { return; }" } else { "" },
            size = POINTS * vectors,
        );
        let read_query = |text: &mut String, indent: &str, from: &str| {
            for v in 0..vectors {
                let _ = writeln!(text, "{indent}let q{v} = read_q(i, {from}{}u, p.n, p.d);", 4 * v);
            }
        };
        if whole {
            read_query(&mut text, "    ", "");
        }
        text += &format!("    for (var r0 = start; r0 < end; r0 += {POINTS}u) {{\n");
        (0..POINTS).for_each(|point| text += &format!("        var d{point} = 0.0;\n"));
        let bring = format!(
            "workgroupBarrier();
        if t < {size}u {{ points[t] = read_r(r0 + t / {vectors}u, c0 + t % {vectors}u * 4u, end, p.d); }}
        workgroupBarrier();
",
            size = POINTS * vectors
        );
        if whole {
            let _ = write!(text, "        let c0 = 0u;\n        {bring}");
        } else {
            let _ = write!(text, "        for (var c0 = 0u; c0 < p.d; c0 += {}u) {{\n        {bring}", 4 * vectors);
            read_query(&mut text, "        ", "c0 + ");
        }
        for point in 0..POINTS {
            for v in 0..vectors {
                let at = point * vectors + v;
                let _ =
                    writeln!(text, "        let e{at} = q{v} - points[{at}];\n        d{point} += dot(e{at}, e{at});");
            }
        }
        if !whole {
            text += "        }\n";
        }
        for point in 0..POINTS {
            let _ = writeln!(text, "        consider(i, r0 + {point}u, end, d{point}, last_key, last_id);");
        }
        text += "    }
    if i >= p.n { return; }
    let at = ((p.slot + id.z) * p.n + i) * p.k;
    for (var s = 0u; s < p.k; s++) {
        out_keys[at + s] = keys[s];
        out_ids[at + s] = ids[s];
    }
}
";
        Shader { source: text, bindings, threads: QUERIES as u32, shared: POINTS * vectors * 16 }
    }
}

impl Kernel for Merge {
    fn shader(&self) -> Shader {
        let text = format!(
            "{PARAMS}
@group(0) @binding(1) var<storage, read> in_keys: array<u32>;
@group(0) @binding(2) var<storage, read> in_ids: array<u32>;
@group(0) @binding(3) var<storage, read_write> out_keys: array<u32>;
@group(0) @binding(4) var<storage, read_write> out_ids: array<u32>;
{list}
{each}
fn each(i: u32) {{
    if i >= p.n {{ return; }}
    clear();
    for (var slot = 0u; slot < p.slot; slot++) {{
        let at = (slot * p.n + i) * p.k;
        for (var s = 0u; s < p.k; s++) {{
            // The list is sorted, so all following entries are farther.
            if !before(in_keys[at + s], in_ids[at + s], keys[p.k - 1u], ids[p.k - 1u]) {{ break; }}
            insert(in_keys[at + s], in_ids[at + s]);
        }}
    }}
    for (var s = 0u; s < p.k; s++) {{
        out_keys[i * p.k + s] = keys[s];
        out_ids[i * p.k + s] = ids[s];
    }}
}}
",
            list = list(self.room),
            each = for_each(64)
        );
        let bindings = vec![Access::Read, Access::Read, Access::Write, Access::Write];
        Shader { source: text, bindings, threads: 64, shared: 0 }
    }
}
