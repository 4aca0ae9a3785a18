// The model: turns noise into codes, and codes into pictures or rows.

const find = id => document.getElementById(id);

const described = JSON.parse(find("model").textContent);
const { latent, image, columns } = described;
const array = arraysIn(bytesOf(find("numbers").textContent));
const decoder = network(described.decoder, array);

/** Decodes a code to a picture (channels first, values from 0 to 1) or to a row in the units of the table. */
function decode(code) {
  const decoded = decoder(code);
  return columns ? Array.from(decoded, (x, i) => columns.mean[i] + columns.scale[i] * x) : decoded;
}

/** Samplers with their names: of all codes, then of the classes. */
const sources = described.samplers.map(of => ({ ...of, draw: sampler(of, array) }));
const classes = described.classes.map(({ name, sampler: of }) => ({ ...of, name, draw: sampler(of, array) }));

/** Returns the code for noise from N(0, 1) and, for a mixture, a number from U(0, 1). */
const codeOf = (source, noise, uniform) => Array.from(source.draw(Float64Array.from(noise), uniform));

/** Draws a code. */
function drawn(source, random = Math.random) {
  const uniform = random();
  return codeOf(source, Array.from({ length: latent }, () => normal(random)), uniform);
}
