// Copies the entries of a window at each position to a row:
// `[images, positions, kernel, channels]`, with zeros past the edge.
fn each(at: u32) {
    let kernel = sides(p.kernel);
    let positions = sides(p.positions);
    let size = sides(p.size);
    let of_row = kernel.x * kernel.y * p.channels;
    if at >= p.images * positions.x * positions.y * of_row { return; }
    let row = at / of_row;
    let channel = at % p.channels;
    let in_kernel = at % of_row / p.channels;
    let image = row / (positions.x * positions.y);
    let position = vec2<u32>(row / positions.y % positions.x, row % positions.y);
    let seen = position * sides(p.stride) + vec2<u32>(in_kernel / kernel.y, in_kernel % kernel.y);
    let padding = sides(p.padding);
    var v = 0.0;
    if all(seen >= padding) && all(seen - padding < size) {
        let pixel = seen - padding;
        v = x[p.x_at + ((image * size.x + pixel.x) * size.y + pixel.y) * p.channels + channel];
    }
    c[p.c_at + at] = v;
}
