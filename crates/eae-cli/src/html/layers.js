// Turns each layer of the decoder into a function on arrays. Images are in channels-first order.

const activations = {
  relu: x => Math.max(x, 0),
  "leaky-relu": (x, slope) => (x < 0 ? slope * x : x),
  sigmoid: x => 1 / (1 + Math.exp(-x)),
  tanh: x => Math.tanh(x),
  softplus: x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

const layers = {
  /** Dense layer. */
  dense: ({ weight, bias }) => x => {
    const y = bias.slice();
    multiply(weight, x, 0, x.length, y, 0, y.length);
    return y;
  },

  /** Scales and shifts each channel of an image or each number of a row. */
  affine: ({ weight, bias }) => x => {
    const pixels = x.length / weight.length;
    return x.map((number, i) => {
      const channel = Math.floor(i / pixels);
      return weight[channel] * number + bias[channel];
    });
  },

  activation({ name, slope }) {
    const value = activations[name];
    return x => x.map(number => value(number, slope));
  },

  conv: sizes => slide(sizes, false),
  "conv-transpose": sizes => slide(sizes, true),

  /** Permutes the axes of an array with three axes. */
  permute: ({ shape, order }) => x => {
    const strides = [shape[1] * shape[2], shape[2], 1];
    const [lengths, steps] = [order.map(axis => shape[axis]), order.map(axis => strides[axis])];
    const y = new Float32Array(x.length);
    let to = 0;
    for (let i = 0; i < lengths[0]; i++) {
      for (let j = 0; j < lengths[1]; j++) {
        for (let k = 0; k < lengths[2]; k++, to++) {
          y[to] = x[i * steps[0] + j * steps[1] + k * steps[2]];
        }
      }
    }
    return y;
  },
};

/**
 * Convolution or transposed convolution. The filter slides over the finer of two images by `stride`; each position belongs to
 * a pixel of the coarser image. A convolution reads the fine image and writes the coarse one; a transposed one does the reverse.
 *
 * Internally, pixels and weights are in channels-last order: sums over channels take most of the time, and this order reads
 * memory sequentially.
 */
function slide({ weight, bias, inputs, kernel, stride, padding, before, after }, transposed) {
  const [outputs, taps] = [bias.length, kernel[0] * kernel[1]];
  const pixels = [before[0] * before[1], after[0] * after[1]];
  // Permutes [outputs, inputs, taps] or [inputs, outputs, taps] to [taps, outputs, inputs].
  const shape = transposed ? [inputs, outputs, taps] : [outputs, inputs, taps];
  const weights = layers.permute({ shape, order: transposed ? [2, 1, 0] : [2, 0, 1] })(weight);
  const meetings = meet(kernel, stride, padding, transposed ? [after, before] : [before, after]);
  const inward = layers.permute({ shape: [1, inputs, pixels[0]], order: [0, 2, 1] });
  const outward = layers.permute({ shape: [1, pixels[1], outputs], order: [0, 2, 1] });
  return image => {
    const x = inward(image);
    const y = new Float32Array(pixels[1] * outputs);
    for (let pixel = 0; pixel < pixels[1]; pixel++) {
      y.set(bias, pixel * outputs);
    }
    meetings.forEach(([fine, coarse], tap) => {
      const [from, to] = transposed ? [coarse, fine] : [fine, coarse];
      const matrix = weights.subarray(tap * outputs * inputs, (tap + 1) * outputs * inputs);
      for (let i = 0; i < from.length; i++) {
        multiply(matrix, x, from[i] * inputs, inputs, y, to[i] * outputs, outputs);
      }
    });
    return outward(y);
  };
}

/** Adds a matrix times a part of x to a part of y. Four independent sums let the processor work in parallel. */
function multiply(matrix, x, from, inputs, y, to, outputs) {
  const whole = inputs - (inputs % 4);
  for (let output = 0, w = 0; output < outputs; output++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = 0;
    for (; i < whole; i += 4, w += 4) {
      a += matrix[w] * x[from + i];
      b += matrix[w + 1] * x[from + i + 1];
      c += matrix[w + 2] * x[from + i + 2];
      d += matrix[w + 3] * x[from + i + 3];
    }
    for (; i < inputs; i++, w++) {
      a += matrix[w] * x[from + i];
    }
    y[to + output] += a + b + (c + d);
  }
}

/** Returns for each tap of a filter the pairs of pixels of the fine and the coarse image that it connects. */
function meet(kernel, stride, padding, [fine, coarse]) {
  const all = [];
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const pairs = [[], []];
      for (let r = 0; r < coarse[0]; r++) {
        for (let c = 0; c < coarse[1]; c++) {
          const [y, x] = [r * stride[0] + row - padding[0], c * stride[1] + column - padding[1]];
          if (y >= 0 && y < fine[0] && x >= 0 && x < fine[1]) {
            pairs[0].push(y * fine[1] + x);
            pairs[1].push(r * coarse[1] + c);
          }
        }
      }
      all.push(pairs.map(pixels => Int32Array.from(pixels)));
    }
  }
  return all;
}

/** Returns the function of a list of layers. `array` reads their arrays. */
function network(described, array) {
  const functions = described.map(({ kind, weight, bias, ...rest }) =>
    layers[kind]({ weight: weight && array(weight), bias: bias && array(bias), ...rest }));
  return x => functions.reduce((x, layer) => layer(x), Float32Array.from(x));
}
