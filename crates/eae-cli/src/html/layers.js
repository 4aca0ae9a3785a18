// The layers of the decoder, each made into a function from numbers to numbers. Images are channel by channel, each row by row.

const activations = {
  relu: x => Math.max(x, 0),
  "leaky-relu": (x, slope) => (x < 0 ? slope * x : x),
  sigmoid: x => 1 / (1 + Math.exp(-x)),
  tanh: x => Math.tanh(x),
  softplus: x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

const layers = {
  /** Weighted sums of all numbers. */
  dense: ({ weight, bias }) => x => {
    const inputs = weight.length / bias.length;
    return bias.map((sum, output) => {
      for (let i = 0, w = output * inputs; i < inputs; i++, w++) {
        sum += weight[w] * x[i];
      }
      return sum;
    });
  },

  /** Each channel of an image, or each number of a row, times a number and plus another. */
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

  /** An array of three axes with its axes in another order. */
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
 * Filters that slide over the finer of two images by `stride`, and meet a pixel of the coarser one at each step. A convolution
 * reads the fine image and writes the coarse one, a transposed convolution the other way round.
 */
function slide({ weight, bias, inputs, kernel, stride, padding, before, after }, transposed) {
  const outputs = bias.length;
  const [fine, coarse] = transposed ? [after, before] : [before, after];
  const [finePixels, coarsePixels] = [fine[0] * fine[1], coarse[0] * coarse[1]];
  const taps = [0, 1].map(axis => reach(kernel[axis], stride[axis], padding[axis], fine[axis], coarse[axis]));
  return x => {
    const y = new Float32Array(outputs * after[0] * after[1]);
    bias.forEach((number, output) => y.fill(number, output * after[0] * after[1], (output + 1) * after[0] * after[1]));
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        const [ofFine, ofCoarse] = transposed ? [output, input] : [input, output];
        let w = (transposed ? input * outputs + output : output * inputs + input) * kernel[0] * kernel[1];
        for (const row of taps[0]) {
          for (const column of taps[1]) {
            const factor = weight[w++];
            for (let r = row.first; r < row.end; r++) {
              let f = ofFine * finePixels + (r * stride[0] + row.offset) * fine[1] + column.first * stride[1] + column.offset;
              let c = ofCoarse * coarsePixels + r * coarse[1] + column.first;
              const end = c + column.end - column.first;
              if (transposed) {
                for (; c < end; c++, f += stride[1]) {
                  y[f] += factor * x[c];
                }
              } else {
                for (; c < end; c++, f += stride[1]) {
                  y[c] += factor * x[f];
                }
              }
            }
          }
        }
      }
    }
    return y;
  };
}

/** For each number of a filter's row or column: where it is beside the filter's corner, and for which steps it is in the image. */
function reach(kernel, stride, padding, fine, coarse) {
  return Array.from({ length: kernel }, (_, tap) => {
    const offset = tap - padding;
    const first = Math.max(0, Math.ceil(-offset / stride));
    return { offset, first, end: Math.max(first, Math.min(coarse, Math.floor((fine - 1 - offset) / stride) + 1)) };
  });
}

/** The function that a list of layers is, their arrays read by `array`. */
function network(described, array) {
  const functions = described.map(({ kind, weight, bias, ...rest }) =>
    layers[kind]({ weight: weight && array(weight), bias: bias && array(bias), ...rest }));
  return x => functions.reduce((x, layer) => layer(x), Float32Array.from(x));
}
