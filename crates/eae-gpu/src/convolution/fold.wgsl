// The transpose of `unfold`: each pixel is the sum of its entries in all windows that contain it.
// Each invocation finds the windows of its pixel, so no two invocations write to the same place.
fn each(at: u32) {
    let kernel = sides(p.kernel);
    let positions = sides(p.positions);
    let size = sides(p.size);
    let stride = sides(p.stride);
    if at >= p.images * size.x * size.y * p.channels { return; }
    let channel = at % p.channels;
    let place = at / p.channels;
    let image = place / (size.x * size.y);
    let pixel = vec2<u32>(place / size.y % size.x, place % size.y) + sides(p.padding);
    // The first window that contains the pixel, and the last window that begins before it.
    let low = (max(pixel + 1u, kernel) - kernel + stride - 1u) / stride;
    let high = min(pixel / stride + 1u, positions);
    var sum = 0.0;
    for (var i = low.x; i < high.x; i++) {
        for (var j = low.y; j < high.y; j++) {
            let row = (image * positions.x + i) * positions.y + j;
            let in_kernel = (pixel.x - i * stride.x) * kernel.y + pixel.y - j * stride.y;
            sum += x[p.x_at + (row * kernel.x * kernel.y + in_kernel) * p.channels + channel];
        }
    }
    c[p.c_at + at] = epilogue(sum, p.c_at + at, at, channel);
}
