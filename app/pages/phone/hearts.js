// @ts-check
// Lets hearts fly where the thumb came down. At most twenty elements, used again and again, moved by transform and
// opacity alone. For the eye only: it counts nothing. Silent where the person asked for less motion.

import { shape } from "./dom.js";

const HEARTS_MAX = 20;
const FLIGHT_MS = 900;

/**
 * @param {HTMLElement} layer covers the window and lets touches through
 * @returns {(x: number, y: number, side: string) => void}
 */
export function heartsIn(layer) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {SVGElement[]} */
  const pool = [];
  let turn = 0;
  return (x, y, side) => {
    if (calm.matches || typeof layer.animate !== "function") return;
    let heart = pool[turn];
    if (!heart) {
      heart = shape("heart");
      pool[turn] = heart;
      layer.append(heart);
    }
    turn = (turn + 1) % HEARTS_MAX;
    heart.dataset.side = side;
    const drift = (Math.random() - 0.5) * 90;
    const lean = (Math.random() - 0.5) * 50;
    const size = 0.8 + Math.random() * 0.7;
    heart.getAnimations?.().forEach((animation) => animation.cancel());
    heart.animate(
      [
        { transform: `translate(${x}px, ${y}px) scale(0.3)`, opacity: 0 },
        { transform: `translate(${x + drift * 0.2}px, ${y - 40}px) scale(${size}) rotate(${lean * 0.4}deg)`, opacity: 1, offset: 0.2 },
        { transform: `translate(${x + drift}px, ${y - 190}px) scale(${size * 0.8}) rotate(${lean}deg)`, opacity: 0 },
      ],
      { duration: FLIGHT_MS, easing: "cubic-bezier(0.2, 0.7, 0.4, 1)" },
    );
  };
}
