/** The rows of a long table of which only those in sight are in the page; all have one height. */
import { h } from "./dom.js";

/** Rows drawn above and below those in sight. */
const SPARE = 8;
/** Browsers cannot scroll further than some 30 million pixels. */
const MOST_PIXELS = 30_000_000;

/** The least height of a row. */
const LOWEST = 41;

/**
 * @param {{scroller: HTMLElement, body: HTMLElement, columns: () => number, row: (at: number) => HTMLElement}} given `row` makes the row at a place; the height of all of them is `--row` of the scroller
 */
export function virtualRows({ scroller, body, columns, row }) {
  let count = 0;
  let height = LOWEST;
  /** @type {Map<number, HTMLElement>} */ const drawn = new Map();
  const space = () => h("tr", { "aria-hidden": "true", class: "space" }, h("td"));
  const [above, below] = [space(), space()];
  let asked = false;

  function draw() {
    asked = false;
    height = parseFloat(getComputedStyle(scroller).getPropertyValue("--row")) || LOWEST;
    const first = Math.max(0, Math.floor(scroller.scrollTop / height) - SPARE);
    const last = Math.min(count, Math.ceil((scroller.scrollTop + (scroller.clientHeight || 600)) / height) + SPARE);
    for (const [at, element] of drawn) {
      if (at >= first && at < last) continue;
      // Who stands on a row that scrolls away stays in the table.
      if (element.contains(/** @type {ShadowRoot} */ (element.getRootNode()).activeElement)) scroller.focus({ preventScroll: true });
      element.remove();
      drawn.delete(at);
    }
    for (let at = first; at < last; at++) {
      if (drawn.has(at)) continue;
      const element = row(at);
      element.setAttribute("aria-rowindex", String(at + 2));
      // The next row further down that is there already, else the space below.
      let after = /** @type {HTMLElement} */ (below);
      for (let next = at + 1; next < last && after === below; next++) after = drawn.get(next) ?? below;
      body.insertBefore(element, after);
      drawn.set(at, element);
    }
    for (const [element, rows] of /** @type {const} */ ([[above, first], [below, count - last]])) {
      element.hidden = rows <= 0;
      element.firstElementChild.colSpan = columns();
      element.firstElementChild.style.setProperty("block-size", `${rows * height}px`);
    }
  }

  scroller.addEventListener("scroll", () => {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  }, { passive: true });
  new ResizeObserver(draw).observe(scroller);

  return {
    /** How many rows a table can hold. */
    most: Math.floor(MOST_PIXELS / (1.5 * LOWEST)),
    /** Draws `rows` other rows from the top. @param {number} rows */
    reset(rows) {
      count = rows;
      drawn.clear();
      body.replaceChildren(above, below);
      scroller.scrollTop = 0;
      draw();
    },
  };
}
