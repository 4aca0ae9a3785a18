// The model that the page holds: codes out of noise, pictures or rows out of codes.

const find = id => document.getElementById(id);

const described = JSON.parse(find("model").textContent);
const { latent, image, columns } = described;
const array = arraysIn(bytesOf(find("numbers").textContent));
const decoder = network(described.decoder, array);

/** What a code becomes: the numbers of a picture, channel by channel, from 0 to 1; or a row in the units of its table. */
function decode(code) {
  const decoded = decoder(code);
  return columns ? Array.from(decoded, (x, i) => columns.mean[i] + columns.scale[i] * x) : decoded;
}

/** The distributions of codes that can be chosen from, with their names; those of classes after those of all. */
const sources = described.samplers.map(of => ({ ...of, draw: sampler(of, array) }));
const classes = described.classes.map(({ name, sampler: of }) => ({ ...of, name, draw: sampler(of, array) }));

/** The code that draws from N(0, 1), and for a mixture one from U(0, 1), become. */
const codeOf = (source, noise, uniform) => Array.from(source.draw(Float64Array.from(noise), uniform));

/** A new code. */
function drawn(source, random = Math.random) {
  const uniform = random();
  return codeOf(source, Array.from({ length: latent }, () => normal(random)), uniform);
}
