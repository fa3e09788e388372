// @ts-check
// Tells taps apart. On the two big halves every finger counts in the moment it comes down; in a list, where a finger
// may be about to scroll, a whole click counts. Keyboards and screen readers click without a pointer: once each.

/** A click this soon after a pointer came down is the same tap. */
const SAME_TAP_MS = 1000;

/**
 * @param {HTMLElement} button
 * @param {boolean} atOnce count when the finger comes down
 * @param {(x: number, y: number) => void} onTap where it was, in the window
 */
export function onPress(button, atOnce, onTap) {
  let down_ms = -Infinity;
  if (atOnce) {
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      down_ms = event.timeStamp;
      onTap(event.clientX, event.clientY);
    });
  }
  button.addEventListener("click", (event) => {
    // A keyboard's click has no detail; a screen reader's may have one, with or without a pointer before it.
    if (event.detail > 0 && event.timeStamp - down_ms < SAME_TAP_MS) return;
    const box = button.getBoundingClientRect();
    const placed = event.clientX || event.clientY;
    onTap(placed ? event.clientX : box.left + box.width / 2, placed ? event.clientY : box.top + box.height / 2);
  });
}
