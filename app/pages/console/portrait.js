// @ts-check
// Makes a small JPEG of a picture file in the browser, so that nobody has to prepare portraits beforehand.
// The file itself never leaves the page.

import { fitWithin } from "./drafts.js";

/** Square that a portrait is fitted into, first the side that is wanted, then smaller ones until the bytes fit. */
const SIDES = [480, 360, 240, 160];
const QUALITIES = [0.82, 0.7, 0.55];
export const PORTRAIT_BYTES_MAX = 60 * 1024;

/**
 * @param {Blob} file
 * @returns {Promise<{url: string, bytes: number}>} a data URL
 * @throws where the file is not a picture
 */
export async function scaledPortrait(file) {
  const picture = await createImageBitmap(file);
  try {
    for (const side of SIDES) {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, fitWithin(picture.width, picture.height, side));
      const pen = canvas.getContext("2d");
      if (pen === null) throw new Error("no canvas");
      // A cut-out on a transparent ground would turn black in a JPEG.
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.imageSmoothingQuality = "high";
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      for (const quality of QUALITIES) {
        const url = canvas.toDataURL("image/jpeg", quality);
        const bytes = Math.floor((url.length - url.indexOf(",") - 1) * 0.75);
        if (bytes <= PORTRAIT_BYTES_MAX) return { url, bytes };
      }
    }
    throw new Error("too large at any size");
  } finally {
    picture.close();
  }
}
