// Numbers out of the page: a text of base64 in it holds floating-point numbers of 16 or 32 bits, little-endian.

/** The bytes that a text of base64 stands for. */
function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = letters.charCodeAt(i);
  }
  return bytes;
}

/** Every number of 16 bits, by its bits. */
function halves() {
  return Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return exponent === 31 ? NaN : sign * size;
  });
}

/** A function that reads the array at a place in the bytes. */
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
