/** What narrows the list of open deals: a search, a stage, an owner, and deals that a mark elsewhere stands for. */
import { choice, h, refill } from "./dom.js";

/** @typedef {{stage?: string | null, owner?: string | null, rows?: Iterable<number>, name?: string}} Shown `stage`, `owner`: null for deals without one; `rows` of the deals table, called `name` */

/** In place of a place in a list: none. */
export const NONE = 0xffff_ffff;
/** In an address: deals without a value. */
const WITHOUT = "-";

/** @param {import("./panel.js").Context} context @param {() => void} onchange */
export function dealFilters(context, onchange) {
  const { i18n } = context;
  const { t } = i18n;
  let text = "";
  /** Rows of the deals table to which the list is narrowed, and what they are. @type {{rows: Set<number>, name: string} | undefined} */ let only;
  /** @type {any} */ let open;
  const search = h("input", { type: "search", placeholder: t("deals.filter"), "aria-label": t("deals.filter"), dataset: { testid: "deals-filter" }, oninput: () => ((text = search.value.trim().toLowerCase()), onchange()) });
  const picks = h("span", { class: "picks" });
  const element = h("div", { class: "filters" }, search, picks);

  /** @param {"stage" | "owner"} key @param {string[]} names @param {Uint32Array} codes @param {string} label */
  function pick(key, names, codes, label) {
    const used = new Set(codes);
    if (used.size < 2) return null;
    const { compare } = new Intl.Collator(i18n.lang, { numeric: true });
    const listed = names.map((name, code) => /** @type {[string, string]} */ ([`=${name}`, name])).filter((_, code) => used.has(code));
    // Stages stand in the order of the funnel.
    if (key === "owner") listed.sort(([, a], [, b]) => compare(a, b));
    return choice({
      label, value: context.options[key] ?? "", testid: `deals-${key}`,
      options: [["", t("deals.all")], ...listed, ...(used.has(NONE) ? [/** @type {[string, string]} */ ([WITHOUT, t("empty")])] : [])],
      onchange: (value) => {
        context.change({ [key]: value || undefined });
        onchange();
      },
    });
  }

  function draw() {
    refill(picks, pick("stage", open.stages, open.stage, t("funnel.stage")), pick("owner", open.owners, open.owner, t("deals.owner")),
      only && h("button", { type: "button", dataset: { testid: "deals-only" }, "aria-label": t("deals.showAll", { name: only.name }), onclick: () => ((only = undefined), draw(), onchange(), search.focus()) }, h("bdi", null, only.name), " ×"));
  }

  return {
    element,
    /** @param {any} result `ForecastResult` */
    update(result) {
      open = result.open;
      only = undefined;
      draw();
    },
    /** @param {Shown} shown */
    show({ stage, owner, rows, name = "" }) {
      search.value = text = "";
      const chosen = (/** @type {string | null | undefined} */ value) => (value === undefined ? undefined : value === null ? WITHOUT : `=${value}`);
      context.change({ stage: chosen(stage), owner: chosen(owner) });
      only = rows && { rows: new Set(rows), name };
      draw();
    },
    /** Those of the places in `open` whose deals fit. @param {Uint32Array} all @param {Map<number, any>} listed details by row @returns {Uint32Array} */
    fitting(all, listed) {
      // A value of an address that these data do not have narrows nothing.
      const codeOf = (/** @type {string | undefined} */ value, /** @type {string[]} */ names) => (value === WITHOUT ? NONE : value?.startsWith("=") ? names.indexOf(value.slice(1)) : -1);
      const [stage, owner] = [codeOf(context.options.stage, open.stages), codeOf(context.options.owner, open.owners)];
      if (!text && stage < 0 && owner < 0 && !only) return all;
      const has = (/** @type {string | null | undefined} */ name) => name?.toLowerCase().includes(text);
      return all.filter((place) => (stage < 0 || open.stage[place] === stage) && (owner < 0 || open.owner[place] === owner) && (!only || only.rows.has(open.row[place]))
        && (!text || has(open.id[place]) || has(open.stages[open.stage[place]]) || has(open.owners[open.owner[place]]) || listed.get(open.row[place])?.reasons.some((/** @type {any} */ { value }) => has(value))));
    },
  };
}
