// @ts-check
// Paper that flies for a winner: a fixed number of pieces, flown once by the browser's own animations (transform and
// opacity only), then gone from the page.

import { el } from "./dom.js";

const PIECES = 44;
const FLIGHT_MS = 3200;
const COLOURS = 5;

/** A repeatable scatter: the same show each time, and no two neighbours alike. @param {number} seed */
function scatter(seed) {
  const value = Math.sin(seed * 127.1 + 311.7) * 43758.5453;
  return value - Math.floor(value);
}

/**
 * @param {HTMLElement} layer
 * @param {number} centre_px where over the layer it bursts
 * @param {number} wait_ms
 */
export function throwConfetti(layer, centre_px, wait_ms) {
  const pieces = Array.from({ length: PIECES }, (_, index) => el("i.paper", { data: { colour: String(index % COLOURS) } }));
  layer.replaceChildren(...pieces);
  let flying = pieces.length;
  pieces.forEach((piece, index) => {
    const across = (scatter(index) - 0.5) * 1100;
    const up = 180 + scatter(index + 100) * 330;
    const turn = (scatter(index + 200) - 0.5) * 1440;
    /** @param {number} x @param {number} y @param {number} turned @param {number} scale */
    const pose = (x, y, turned, scale) =>
      `translate(${centre_px + across * x}px, ${y}px) rotate(${turn * turned}deg) scale(${scale})`;
    const flight = piece.animate(
      [
        { transform: pose(0, 0, 0, 0.3), opacity: 0 },
        { transform: pose(0.3, -up * 0.8, 0.3, 1), opacity: 1, offset: 0.14 },
        { transform: pose(0.62, -up, 0.5, 1), opacity: 1, offset: 0.34 },
        { transform: pose(1, 420 - up * 0.3, 1, 0.9), opacity: 0 },
      ],
      {
        duration: FLIGHT_MS * (0.75 + scatter(index + 300) * 0.5),
        delay: wait_ms + scatter(index + 400) * 260,
        easing: "cubic-bezier(.2,.7,.5,1)",
        fill: "both",
      },
    );
    flight.onfinish = () => {
      flying -= 1;
      if (flying === 0 && layer.contains(piece)) layer.replaceChildren();
    };
  });
}
