//! Device-independent descriptions of kernels: the source text, and the numbers that are subject to
//! device limits.

use std::fmt::Debug;

/// A kernel with all its variants. The [`Debug`] output is its name, under which the pipeline is
/// stored. Two variants with different text must have different names.
pub(crate) trait Kernel: Debug {
    fn shader(&self) -> Shader;
}

/// The source text of a kernel and its requirements.
#[derive(Debug, Clone)]
pub(crate) struct Shader {
    /// The source in WGSL, with an entry point `main`. It declares the struct `Params` with at most
    /// the size of [`Params`]. Binding 0 is a uniform `p` of this type, whose declaration is added.
    /// The bindings from 1 on are `bindings`.
    pub(crate) source: String,
    pub(crate) bindings: Vec<Access>,
    /// Number of invocations in a workgroup.
    pub(crate) threads: u32,
    /// Shared memory of a workgroup in bytes. The layers below do not check it.
    pub(crate) shared: u32,
}

/// The access of a kernel to a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// The words of a kernel's uniform, in order. Floating-point numbers are stored by their bits.
pub(crate) type Params = [u32; 16];

/// Pads words with zeros.
pub(crate) fn params<const N: usize>(words: [u32; N]) -> Params {
    let mut params = [0; 16];
    params[..N].copy_from_slice(&words);
    params
}

/// Largest portable number of workgroups in one direction.
const MOST_GROUPS: u32 = 65_535;

/// Distributes a number of workgroups over as many dimensions as needed. The result may have
/// surplus workgroups, which kernels detect. The index of a workgroup is `id.x + id.y * count.x`.
pub(crate) fn groups(count: usize) -> Option<[u32; 3]> {
    let count = u32::try_from(count).ok()?;
    let rows = count.div_ceil(MOST_GROUPS);
    (rows <= MOST_GROUPS).then(|| if rows == 0 { [0, 1, 1] } else { [count.div_ceil(rows), rows, 1] })
}

/// Returns an entry point that calls the kernel's `each(i)` for every index, including some past
/// the end.
pub(crate) fn for_each(threads: u32) -> String {
    format!("{}    each((id.x + id.y * count.x) * {threads}u + t);\n}}\n", main(threads))
}

/// Returns an entry point that calls the kernel's `group(place, t)` in each workgroup, including
/// some past the end. Also defines `total(t, part)`, which sums values of type `number` over a
/// workgroup, always in the same order.
pub(crate) fn for_each_group(threads: u32, number: &str) -> String {
    let half = threads / 2;
    format!(
        "{}    group(id.x + id.y * count.x, t);
}}
var<workgroup> shared_sums: array<{number}, {threads}>;
fn total(t: u32, part: {number}) -> {number} {{
    shared_sums[t] = part;
    workgroupBarrier();
    for (var half = {half}u; half > 0u; half /= 2u) {{
        if t < half {{ shared_sums[t] += shared_sums[t + half]; }}
        workgroupBarrier();
    }}
    let sum = shared_sums[0];
    workgroupBarrier();
    return sum;
}}
",
        main(threads)
    )
}

fn main(threads: u32) -> String {
    format!(
        "@compute @workgroup_size({threads})
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {{
"
    )
}

/// Returns the function `read_{name}(row, column, rows, columns)`. It reads four entries of a row
/// of the binding with this name, and zeros outside. Rows are `length` entries apart, and the first
/// row begins at `p.{name}_at`. `wide` bindings consist of complete vectors.
pub(crate) fn reader(name: &str, length: &str, wide: bool) -> String {
    let head = format!(
        "fn read_{name}(row: u32, column: u32, rows: u32, columns: u32) -> vec4<f32> {{
    if row >= rows || column >= columns {{ return vec4<f32>(); }}
    let at = p.{name}_at + row * {length} + column;
"
    );
    if wide {
        return format!("{head}    return {name}[at / 4u];\n}}\n");
    }
    let mut text = format!("{head}    var v = vec4<f32>({name}[at], 0.0, 0.0, 0.0);\n");
    for (i, part) in [(1, "y"), (2, "z"), (3, "w")] {
        text += &format!("    if column + {i}u < columns {{ v.{part} = {name}[at + {i}u]; }}\n");
    }
    text + "    return v;\n}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_groups_are_dispatched() {
        for count in [1, 2, 65_535, 65_536, 131_071, 10_000_000] {
            let [x, y, z] = groups(count).unwrap().map(u64::from);
            assert!(x <= 65_535 && y <= 65_535 && z == 1);
            let surplus = x * y - count as u64;
            assert!(surplus < y, "{count}: {surplus} too many");
        }
        assert_eq!(groups(usize::MAX), None);
        assert_eq!(groups(0), Some([0, 1, 1]));
    }
}
