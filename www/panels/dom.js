/**
 * Makes an element. Properties that start with `on` are listeners, `class`, `dataset` and names with a dash are attributes,
 * everything else is set as a property. Texts become text nodes: markup in data stays text.
 *
 * @param {string} tag
 * @param {Record<string, any> | null} [properties]
 * @param {...(Node | string | number | null | undefined | false | (Node | string | null | false)[])} children
 * @returns {any}
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "dataset") for (const key in value) element.dataset[key] = String(value[key]);
    else if (name === "style") for (const key in value) element.style.setProperty(key, value[key]);
    else if (name in element && !ATTRIBUTES.has(name)) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  fill(element, ...children);
  return element;
}

const ATTRIBUTES = new Set(["role", "list", "form", "for", "colspan", "scope"]);

/**
 * Adds children, without the empty ones.
 *
 * @param {Node} element
 * @param {...any} children
 */
export function fill(element, ...children) {
  for (const child of children.flat(2)) {
    if (child === undefined || child === null || child === false) continue;
    element.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

/**
 * Replaces what an element holds.
 *
 * @param {Element} element
 * @param {...any} children
 */
export function refill(element, ...children) {
  element.replaceChildren();
  fill(element, ...children);
}

/**
 * Content that is wider than a phone: it scrolls by itself, and the keyboard stops there only if there is something to scroll.
 *
 * @param {string} label
 * @param {HTMLElement} content
 */
export function sideways(label, content) {
  const box = h("div", { class: "scroll", tabIndex: -1, role: "group", "aria-label": label }, content);
  new ResizeObserver(() => (box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1)).observe(content);
  return box;
}

/**
 * A table with a caption for screen readers; numbers stand at the end of their cells.
 *
 * @param {{caption: string, columns: {text: string, number?: boolean, wide?: boolean, title?: string}[], rows: any[][], class?: string}} given
 */
export function table({ caption, columns, rows, class: name = "" }) {
  const cell = (/** @type {any} */ content, /** @type {number} */ index) => {
    const kind = kindOf(columns[index]);
    return index === 0 ? h("th", { scope: "row", class: kind }, content) : h("td", { class: kind }, content);
  };
  return sideways(caption, h("table", { class: name },
    h("caption", { class: "unseen" }, caption),
    h("thead", null, h("tr", null, columns.map((column) => (column.text ? h("th", { scope: "col", class: kindOf(column), title: column.title }, column.text) : h("td"))))),
    h("tbody", null, rows.map((row) => h("tr", null, row.map(cell))))));
}

/** @param {{number?: boolean, wide?: boolean}} column */
const kindOf = ({ number, wide }) => (number ? "number" : wide ? "wide" : "");

/**
 * A choice among a few values.
 *
 * @param {{label: string, value: string, options: [value: string, text: string][], onchange: (value: string) => void, testid?: string, bare?: boolean}} given
 */
export function choice({ label, value, options, onchange, testid, bare }) {
  const select = h("select", { onchange: () => onchange(select.value), dataset: testid ? { testid } : {}, "aria-label": bare ? label : undefined },
    options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return bare ? select : h("label", { class: "field" }, h("span", null, label), select);
}
