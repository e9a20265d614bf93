/** The theme's colours as the charts need them: custom properties of the element, resolved for its colour scheme. */

/** @typedef {Record<"accent" | "surface" | "text" | "muted" | "border" | "good" | "bad" | "open", string> & {categories: string[], font: string}} Colours */

const NAMES = /** @type {const} */ (["accent", "surface", "text", "muted", "border", "good", "bad", "open"]);

/** How many groups get a colour and a symbol of their own. */
export const CATEGORIES = 7;

/** The second cue beside the colour of a group. */
export const SYMBOLS = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect", "emptyTriangle", "pin"];

/** The same symbols as characters, for legends. */
export const SYMBOL_TEXTS = ["●", "■", "▲", "◆", "○", "□", "△", "▾"];

/** @param {number} index */
export const categoryVariable = (index) => (index < CATEGORIES ? `var(--crm-category-${index + 1})` : "var(--crm-muted)");

/**
 * @param {Element} place an element inside the themed one
 * @returns {Colours}
 */
export function coloursAt(place) {
  const probe = document.createElement("span");
  probe.hidden = true;
  place.append(probe);
  const resolve = (/** @type {string} */ value) => {
    probe.style.color = value;
    return getComputedStyle(probe).color;
  };
  const colours = /** @type {Colours} */ ({
    ...Object.fromEntries(NAMES.map((name) => [name, resolve(`var(--crm-${name})`)])),
    categories: Array.from({ length: CATEGORIES + 1 }, (_, index) => resolve(categoryVariable(index))),
    font: getComputedStyle(probe).fontFamily,
  });
  probe.remove();
  return colours;
}

/**
 * The same colour, see-through.
 *
 * @param {string} rgb as `getComputedStyle` writes it
 * @param {number} alpha
 */
export function translucent(rgb, alpha) {
  const parts = rgb.match(/[\d.]+/g) ?? ["0", "0", "0"];
  return rgb.startsWith("color(")
    ? `rgba(${parts.slice(0, 3).map((part) => Math.round(Number(part) * 255)).join(",")},${alpha})`
    : `rgba(${parts.slice(0, 3).join(",")},${alpha})`;
}

/** Hatching of what was lost, and dots of what is on hold: outcomes are told apart without colour. */
export const decals = (/** @type {Colours} */ { surface }) => ({
  lost: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: translucent(surface, 0.6) },
  hold: { symbol: "circle", dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [6, 0], symbolSize: 0.6, color: translucent(surface, 0.6) },
});
