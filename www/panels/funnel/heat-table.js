/** A table whose cells are shaded by their value. The keyboard comes to one of them and its arrows lead to the others; whoever points at one or reaches it reads its interval below, and whoever chooses it sees what is behind it. */
import { h, table } from "../dom.js";

/** @typedef {{text: string, strength: number, detail: string, isFaint?: boolean, onopen?: (words: string) => void}} HeatCell `strength`: 0 to 1; `onopen` is given what is said of the cell */

/** Rows and columns that a key leads on, in a text from left to right. @type {Record<string, [number, number]>} */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
/** How much of the accent the strongest cell has, in percent. */
const DARKEST = 45;

/**
 * @param {{i18n: import("../../i18n/index.js").I18n, caption: string, columns: {text: string, number?: boolean, title?: string}[], rows: {name: string, cells: (HeatCell | Node | string)[]}[]}} given
 *   `columns`: the first one is that of the names
 */
export function heatTable({ i18n, caption, columns, rows }) {
  const { t } = i18n;
  const said = h("p", { class: "note heat-said", dataset: { testid: "heat-said" } }, t("heat.hint"));
  /** @type {(HTMLButtonElement | undefined)[][]} */ const places = [];
  /** @type {HTMLButtonElement | undefined} */ let reached;

  /** @param {HeatCell} cell @param {string} row @param {number} at */
  function button({ text, strength, detail, isFaint = false, onopen }, row, at) {
    const words = t("heat.cell", { row, column: columns[at + 1].text, value: text, detail });
    const tell = () => void (said.textContent = words);
    const reach = () => {
      if (reached) reached.tabIndex = -1;
      reached = element;
      element.tabIndex = 0;
      tell();
    };
    const element = /** @type {HTMLButtonElement} */ (h("button", {
      type: "button", class: `heat-cell${isFaint ? " faint" : ""}`, tabIndex: reached ? -1 : 0, "aria-label": words, style: { "--strength": `${Math.round(strength * DARKEST)}%` },
      onfocus: reach, onclick: () => (reach(), onopen?.(words)), onpointerenter: tell,
    }, text));
    reached ??= element;
    return element;
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const from = /** @type {HTMLButtonElement} */ (event.target);
    const [down, across] = STEPS[event.key] ?? [0, 0];
    let row = places.findIndex((cells) => cells.includes(from));
    if (row < 0 || (down === 0 && across === 0)) return;
    let at = places[row].indexOf(from);
    event.preventDefault();
    do {
      row += down;
      at += i18n.rtl ? -across : across;
    } while (places[row] && at >= 0 && at < places[row].length && !places[row][at]);
    places[row]?.[at]?.focus();
  }

  const drawn = rows.map(({ name, cells }) => {
    const shown = cells.map((cell, at) => (typeof cell === "object" && "strength" in cell ? button(cell, name, at) : cell));
    places.push(shown.map((cell) => (cell instanceof HTMLButtonElement ? cell : undefined)));
    return [h("bdi", null, name), ...shown];
  });
  const element = table({ caption, class: "small", columns, rows: drawn });
  element.addEventListener("keydown", move);
  return [element, said];
}
