//! What a kernel is before any device has seen it: text, and the numbers that devices have limits
//! for.

use std::fmt::Debug;

/// A kernel in all its variants. What [`Debug`] writes is its name, under which its pipeline is
/// kept: two variants with different text must not be written the same.
pub(crate) trait Kernel: Debug {
    fn shader(&self) -> Shader;
}

/// A kernel's text, and what it takes.
#[derive(Debug, Clone)]
pub(crate) struct Shader {
    /// In WGSL, with an entry point `main`. It declares the struct `Params` of at most [`Params`];
    /// binding 0 is a uniform `p` of it, which is declared for it, and from 1 on there are
    /// `bindings`.
    pub(crate) source: String,
    pub(crate) bindings: Vec<Access>,
    /// Invocations of a workgroup.
    pub(crate) threads: u32,
    /// Bytes that a workgroup shares. No layer below checks it.
    pub(crate) shared: u32,
}

/// What a kernel does with a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// The words of a kernel's uniform, in its order; a float by its bits.
pub(crate) type Params = [u32; 16];

/// Some words, and zeros behind them.
pub(crate) fn params<const N: usize>(words: [u32; N]) -> Params {
    let mut params = [0; 16];
    params[..N].copy_from_slice(&words);
    params
}

/// More workgroups in one direction are not portable.
const MOST_GROUPS: u32 = 65_535;

/// So many workgroups, in as many directions as are needed; some more than asked for, which kernels
/// find to be past the end. Their number is `id.x + id.y * count.x`.
pub(crate) fn groups(count: usize) -> Option<[u32; 3]> {
    let count = u32::try_from(count).ok()?;
    let rows = count.div_ceil(MOST_GROUPS);
    (rows <= MOST_GROUPS).then(|| if rows == 0 { [0, 1, 1] } else { [count.div_ceil(rows), rows, 1] })
}

/// An entry point that calls the kernel's `each(i)` for every number, some past the end among them.
pub(crate) fn for_each(threads: u32) -> String {
    format!("{}    each((id.x + id.y * count.x) * {threads}u + t);\n}}\n", main(threads))
}

/// An entry point that calls the kernel's `group(place, t)` in each workgroup, some past the end
/// among them, and `total(t, part)` for it: the sum over a workgroup of values of the type
/// `number`, always in the same order.
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

/// `read_{name}(row, column, rows, columns)`: four numbers of a row of the binding of this name,
/// and zeros where there are none. Rows are `length` numbers apart, the first begins at
/// `p.{name}_at`; `wide` bindings are of vectors, and all that are whole.
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
    fn as_many_groups_as_are_asked_for() {
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
