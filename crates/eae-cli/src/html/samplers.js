// Turns each sampler into a function from noise to a code.

/** Draws from N(0, 1) (Box and Muller, 1958). */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const samplers = {
  normal: () => noise => noise,

  sphere: () => noise => {
    const length = Math.hypot(...noise);
    return noise.map(x => (x * Math.sqrt(noise.length)) / length);
  },

  /** Selects a component with a number from 0 to 1, and adds its factor times the noise to its mean. */
  mixture: ({ weights, means, factors }) => (noise, uniform) => {
    let component = 0;
    for (let left = uniform - weights[0]; left >= 0 && component < weights.length - 1; left -= weights[component]) {
      component++;
    }
    return times(factors, component, noise).map((x, i) => x + means[component * noise.length + i]);
  },

  /** Inverts the layers of a map to N(0, I): each number passes through its inverse spline, then all through a rotation. */
  gaussianization: ({ mean, directions, rotations, x, y, slopes, knots }) => noise => {
    const d = noise.length;
    const layers = rotations.length / (d * d);
    let z = noise;
    for (let layer = layers - 1; layer >= 0; layer--) {
      const back = z.map((value, i) => {
        const start = (layer * d + i) * knots;
        return inverse(value, ...[x, y, slopes].map(of => of.subarray(start, start + knots)));
      });
      z = times(rotations, layer, back, true);
    }
    return times(directions, 0, z, true).map((number, i) => number + mean[i]);
  },
};

/** Multiplies one of several square matrices, or its transpose, by a vector. */
function times(matrices, index, vector, transposed) {
  const d = vector.length;
  const [along, across] = transposed ? [d, 1] : [1, d];
  return vector.map((_, i) => {
    let sum = 0;
    for (let j = 0, at = index * d * d + i * across; j < d; j++, at += along) {
      sum += matrices[at] * vector[j];
    }
    return sum;
  });
}

/** Inverts a rational quadratic spline (Gregory and Delbourgo, 1982), which is linear beyond its outermost knots. */
function inverse(value, x, y, slopes) {
  const last = x.length - 1;
  if (value <= y[0]) {
    return x[0] + (value - y[0]) / slopes[0];
  }
  if (value >= y[last]) {
    return x[last] + (value - y[last]) / slopes[last];
  }
  let [i, above] = [0, last];
  while (above - i > 1) {
    const middle = (i + above) >> 1;
    if (y[middle] <= value) {
      i = middle;
    } else {
      above = middle;
    }
  }
  const [width, height, up] = [x[i + 1] - x[i], y[i + 1] - y[i], value - y[i]];
  const secant = height / width;
  const excess = up * (slopes[i] + slopes[i + 1] - 2 * secant);
  const [a, b, c] = [height * (secant - slopes[i]) + excess, height * slopes[i] - excess, -secant * up];
  const part = (2 * c) / (-b - Math.sqrt(Math.max(0, b * b - 4 * a * c)));
  return x[i] + Math.min(Math.max(part, 0), 1) * width;
}

/** Returns the function of a described sampler. `array` reads its arrays. */
function sampler({ kind, knots, arrays }, array) {
  const read = Object.entries(arrays).map(([name, place]) => [name, array(place)]);
  return samplers[kind]({ knots, ...Object.fromEntries(read) });
}
