//! The shaders of products, generated for each tile. Register tiles are named vectors and inner
//! loops are unrolled, because compilers for WGSL do neither.

use std::fmt::Write;

use super::epilogue::Epilogue;
use super::tile::Tile;
use crate::kernel::{Access, Kernel, Shader, for_each, reader};

/// The factor of a product that is transposed. In memory both are in row-major order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transposed {
    /// `A` is `[m, k]`, `B` is `[k, n]`.
    #[default]
    Neither,
    /// `A` is `[k, m]` and is transposed.
    Left,
    /// `B` is `[n, k]` and is transposed.
    Right,
}

/// The kernel that computes tiles of the product of two matrices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Multiply {
    pub(super) tile: Tile,
    pub(super) transposed: Transposed,
    /// True if all rows consist of complete vectors of 4.
    pub(super) wide: bool,
    pub(super) epilogue: Epilogue,
    /// True for a sum of squared differences instead of products.
    pub(super) distance: bool,
    /// True if the sums of the rows of the left factor are also computed and written after the
    /// product.
    pub(super) sums: bool,
    /// True if the sum is split and the partial sums are written one after the other, without the
    /// epilogue.
    pub(super) partial: bool,
}

/// The kernel that adds up the parts of a split sum, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddUp {
    pub(super) epilogue: Epilogue,
}

/// Common uniform of both kernels.
const PARAMS: &str = "
struct Params {
    m: u32, n: u32, k: u32,
    a_at: u32, b_at: u32, c_at: u32, bias_at: u32, y_at: u32,
    // Terms of the sum in one part, the first workgroup, the number of workgroups in all and per
    // row.
    chunk: u32, first: u32, blocks: u32, row_blocks: u32,
    alpha: f32, beta: f32, slope: f32,
    // Entries of one part.
    stride: u32,
}
";

impl Kernel for Multiply {
    fn shader(&self) -> Shader {
        let Self { tile, sums, partial, distance, .. } = *self;
        let epilogue = if partial { Epilogue::default() } else { self.epilogue };
        let bindings = [Access::Read, Access::Read, Access::Write].into_iter().chain(epilogue.bindings()).collect();
        let words = if self.wide { 4 } else { 1 };
        let mut text = format!("alias T = {};\n{PARAMS}", if self.wide { "vec4<f32>" } else { "f32" });
        for (binding, name, access) in [(1, "a", "read"), (2, "b", "read"), (3, "c", "read_write")] {
            let _ = writeln!(text, "@group(0) @binding({binding}) var<storage, {access}> {name}: array<T>;");
        }
        text += &epilogue.text(4, words);
        let [a_stride, b_stride] = tile.strides();
        let (a_size, b_size) = (a_stride * tile.depth, b_stride * tile.depth);
        let _ = writeln!(
            text,
            "var<workgroup> a_tile: array<vec4<f32>, {a_size}>;\nvar<workgroup> b_tile: array<vec4<f32>, {b_size}>;"
        );
        text += &self.reader("a");
        text += &self.reader("b");
        let threads = tile.threads();
        let (across, row_groups, column_groups) =
            (tile.columns / tile.own_columns, tile.own_rows / 4, tile.own_columns / 4);
        let _ = writeln!(
            text,
            "
@compute @workgroup_size({threads})
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {{
    let block = p.first + id.x + id.y * count.x;
    if block >= p.blocks {{ return; }}
    let row0 = block / p.row_blocks * {rows}u;
    let column0 = block % p.row_blocks * {columns}u;
    let tx = t % {across}u;
    let ty = t / {across}u;
    let start = id.z * p.chunk;
    let end = min(p.k, start + p.chunk);",
            rows = tile.rows,
            columns = tile.columns,
        );
        for_each_accumulator(tile, |g, r, h| {
            let _ = writeln!(text, "    var c{g}{r}{h} = vec4<f32>();");
        });
        if sums {
            (0..row_groups).for_each(|g| text += &format!("    var sum{g} = vec4<f32>();\n"));
        }
        let _ = writeln!(text, "    for (var k0 = start; k0 < end; k0 += {}u) {{", tile.depth);
        text += &self.fill("a", tile.rows, a_stride, "row0");
        text += &self.fill("b", tile.columns, b_stride, "column0");
        text += "        workgroupBarrier();\n";
        for k in 0..tile.depth {
            for g in 0..row_groups {
                let from = k * a_stride + g * (tile.rows / 4 / row_groups);
                let _ = writeln!(text, "        let a{k}_{g} = a_tile[{from}u + ty];");
            }
            for h in 0..column_groups {
                let from = k * b_stride + h * (tile.columns / 4 / column_groups);
                let _ = writeln!(text, "        let b{k}_{h} = b_tile[{from}u + tx];");
            }
            for_each_accumulator(tile, |g, r, h| {
                let part = ["x", "y", "z", "w"][r as usize];
                let (a, b, c) = (format!("vec4<f32>(a{k}_{g}.{part})"), format!("b{k}_{h}"), format!("c{g}{r}{h}"));
                let _ = if distance {
                    writeln!(text, "        let e{k}_{c} = {a} - {b};\n        {c} = fma(e{k}_{c}, e{k}_{c}, {c});")
                } else {
                    writeln!(text, "        {c} = fma({a}, {b}, {c});")
                };
            });
            if sums {
                (0..row_groups).for_each(|g| text += &format!("        sum{g} += a{k}_{g};\n"));
            }
        }
        text += "        workgroupBarrier();\n    }\n";
        let _ = writeln!(text, "    let part = {};", if partial { "id.z * p.stride" } else { "p.c_at" });
        for_each_accumulator(tile, |g, r, h| {
            let (rows, columns) = (tile.rows / row_groups, tile.columns / column_groups);
            let row = format!("row0 + {}u + ty * 4u", g * rows + r);
            let column = format!("column0 + {}u + tx * 4u", h * columns);
            let _ = writeln!(text, "    store(part, {row}, {column}, c{g}{r}{h});");
        });
        if sums {
            text += "    if column0 == 0u && tx == 0u {\n";
            for g in 0..row_groups {
                let row = format!("row0 + {}u + ty * 4u", g * (tile.rows / row_groups));
                let _ = writeln!(text, "        store_sums(part, {row}, sum{g});");
            }
            text += "    }\n";
        }
        text += "}\n";
        text += &self.store();
        Shader { source: text, bindings, threads, shared: tile.shared() }
    }
}

/// Calls `each` for the rows of each group, the groups of rows, and the groups of columns.
fn for_each_accumulator(tile: Tile, mut each: impl FnMut(u32, u32, u32)) {
    for g in 0..tile.own_rows / 4 {
        for r in 0..4 {
            (0..tile.own_columns / 4).for_each(|h| each(g, r, h));
        }
    }
}

impl Multiply {
    /// Returns true if a factor's rows in memory run along the sum.
    fn along_the_sum(&self, factor: &str) -> bool {
        if factor == "a" { self.transposed != Transposed::Left } else { self.transposed == Transposed::Right }
    }

    /// Returns the code that reads a factor's rows.
    fn reader(&self, factor: &str) -> String {
        let length = match (factor, self.along_the_sum(factor)) {
            (_, true) => "p.k",
            ("a", false) => "p.m",
            _ => "p.n",
        };
        reader(factor, length, self.wide)
    }

    /// Returns the code that copies a part of a factor to shared memory, one step of the sum after
    /// the other.
    fn fill(&self, factor: &str, side: u32, stride: u32, first: &str) -> String {
        let (depth, threads) = (self.tile.depth, self.tile.threads());
        let sides = if factor == "a" { "p.m" } else { "p.n" };
        let mut text = String::new();
        if self.along_the_sum(factor) {
            // Read four rows of four entries at a time, and transpose them.
            let (units, steps) = (side / 4 * (depth / 4), depth / 4);
            let _ = writeln!(
                text,
                "        if t < {units}u {{\n            let s = t / {steps}u;\n            let k = t % {steps}u * 4u;"
            );
            for r in 0..4 {
                let _ = writeln!(
                    text,
                    "            let v{r} = read_{factor}({first} + s * 4u + {r}u, k0 + k, {sides}, end);"
                );
            }
            for (c, part) in ["x", "y", "z", "w"].into_iter().enumerate() {
                let _ = writeln!(
                    text,
                    "            {factor}_tile[(k + {c}u) * {stride}u + s] = vec4<f32>(v0.{part}, v1.{part}, v2.{part}, v3.{part});"
                );
            }
            return text + "        }\n";
        }
        let units = side / 4 * depth;
        for i in 0..units.div_ceil(threads) {
            let u = format!("(t + {}u)", i * threads);
            let quarter = side / 4;
            let bring = format!(
                "{factor}_tile[{u} / {quarter}u * {stride}u + {u} % {quarter}u] = read_{factor}(k0 + {u} / {quarter}u, {first} + {u} % {quarter}u * 4u, end, {sides});"
            );
            if (i + 1) * threads <= units {
                let _ = writeln!(text, "        {bring}");
            } else {
                let _ = writeln!(text, "        if {u} < {units}u {{ {bring} }}");
            }
        }
        text
    }

    /// Returns the code that applies the epilogue to four entries of a row, and writes those within
    /// the matrix.
    fn store(&self) -> String {
        let mut text = "fn store(part: u32, row: u32, column: u32, number: vec4<f32>) {\n    if row >= p.m || column >= p.n { return; }\n    let place = row * p.n + column;\n    let v = p.alpha * number;\n".to_owned();
        if self.wide {
            text += "    let at = (part + place) / 4u;\n    c[at] = epilogue(v, at, place, column);\n";
        } else {
            text += "    let at = part + place;\n    c[at] = epilogue(v.x, at, place, column);\n";
            for (i, of) in ["y", "z", "w"].into_iter().enumerate() {
                let i = i + 1;
                let _ = writeln!(
                    text,
                    "    if column + {i}u < p.n {{ c[at + {i}u] = epilogue(v.{of}, at + {i}u, place + {i}u, column + {i}u); }}"
                );
            }
        }
        text += "}\n";
        if self.sums {
            text += "fn store_sums(part: u32, row: u32, number: vec4<f32>) {\n    if row >= p.m { return; }\n    let at = part + p.m * p.n + row;\n    let v = p.alpha * number;\n";
            if self.wide {
                text += "    c[at / 4u] = v;\n";
            } else {
                for (i, of) in ["x", "y", "z", "w"].into_iter().enumerate() {
                    let _ = writeln!(text, "    if row + {i}u < p.m {{ c[at + {i}u] = v.{of}; }}");
                }
            }
            text += "}\n";
        }
        text
    }
}

impl Kernel for AddUp {
    fn shader(&self) -> Shader {
        let bindings = [Access::Read, Access::Write].into_iter().chain(self.epilogue.bindings()).collect();
        let text = format!(
            "alias T = f32;
{PARAMS}
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
{epilogue}
{each}
fn each(i: u32) {{
    if i >= p.stride {{ return; }}
    var sum = 0.0;
    for (var part = 0u; part < p.blocks; part++) {{ sum += parts[part * p.stride + i]; }}
    if i < p.m * p.n {{
        sum = epilogue(sum, p.c_at + i, i, i % p.n);
    }}
    c[p.c_at + i] = sum;
}}
",
            epilogue = self.epilogue.text(3, 1),
            each = for_each(256),
        );
        Shader { source: text, bindings, threads: 256, shared: 0 }
    }
}
