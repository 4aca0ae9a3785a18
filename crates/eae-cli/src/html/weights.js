// Reads the arrays of the page: base64 of little-endian floating-point numbers with 16 or 32 bits.

/** Decodes base64 to bytes. */
function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = letters.charCodeAt(i);
  }
  return bytes;
}

/** Table of all 16-bit numbers, indexed by their bits. */
function halves() {
  return Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return exponent === 31 ? NaN : sign * size;
  });
}

/** Returns a function that reads an array at its location in the bytes. */
function arraysIn(bytes) {
  const [view, half] = [new DataView(bytes.buffer), halves()];
  return ({ at, length, bits }) => {
    const numbers = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      numbers[i] = bits === 16 ? half[view.getUint16(at + 2 * i, true)] : view.getFloat32(at + 4 * i, true);
    }
    return numbers;
  };
}
