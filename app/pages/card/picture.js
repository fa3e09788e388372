// @ts-check
// Saves the picture as a PNG, drawn in the page from the service's SVG: chats take a PNG where they refuse an SVG.
// Nothing leaves the device.

const WIDTH = 720;
const HEIGHT = 960;
/** Sharp on a phone's screen. */
const SCALE = 2;

/** @param {string} address @returns {Promise<Blob>} rejects where the browser cannot draw it */
export async function pngOf(address) {
  const image = new Image(WIDTH, HEIGHT);
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * SCALE;
  canvas.height = HEIGHT * SCALE;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"));
}

/** @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
