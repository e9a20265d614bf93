/** Which column is what: a table of roles per file, words of outcomes, order of stages, joins; applied as a new mapping. */
import { choice, h, refill, table } from "./dom.js";
import { mappingOpener, saveMapping } from "./mapping-file.js";
import { tableName } from "./small-print.js";

/** @type {Record<string, string[]>} */
const ROLES = {
  deals: ["id", "created_at", "closed_at", "outcome", "stage", "amount", "owner", "customer_id", "product", "source", "expected_close", "probability", "lost_reason", "weight"],
  history: ["deal_id", "stage", "entered_at", "exited_at", "closed_at", "weight"],
  customers: ["id"],
  orders: ["customer_id", "date", "amount", "quantity", "unit_price", "weight"],
  interactions: ["deal_id", "at", "kind", "weight"],
};
const OUTCOMES = ["open", "won", "lost", "hold", "closed"];
const EXAMPLES = 3;

/**
 * @param {{i18n: import("../i18n/index.js").I18n, summary: any, onapply: (mapping: any) => void}} given
 * @returns {HTMLDialogElement}
 */
export function mappingDialog({ i18n, summary, onapply }) {
  const { t } = i18n;
  const mapping = structuredClone(summary.mapping);
  const wrong = h("p", { class: "note", role: "status" });
  const dialog = h("dialog", { class: "mapping", "aria-labelledby": "mapping-title" },
    h("form", { method: "dialog", onsubmit: () => onapply(mapping) },
      h("header", null, h("h2", { id: "mapping-title" }, t("map.title"))),
      h("div", { class: "mapping-body" },
        h("p", null, t("map.intro")),
        unsureList(i18n, summary.unsure),
        summary.tables.filter((/** @type {any} */ one) => one.table in ROLES).map((/** @type {any} */ one) => tableRoles(i18n, one, mapping, summary.unsure)),
        outcomeWords(i18n, mapping),
        stageOrder(i18n, mapping),
        joins(i18n, summary.joins, mapping)),
      h("footer", null,
        wrong, h("button", { type: "button", dataset: { testid: "save-mapping" }, onclick: () => saveMapping(mapping) }, t("map.save")),
        mappingOpener(t("map.open"), (opened) => (dialog.close(), onapply(opened)), () => (wrong.textContent = t("map.wrong"))),
        h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")),
        h("button", { type: "submit", class: "primary", dataset: { testid: "apply-mapping" } }, t("apply")))));
  dialog.addEventListener("close", () => dialog.remove());
  return dialog;
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any[]} unsure */
function unsureList(i18n, unsure) {
  const { t, list, has } = i18n;
  if (!unsure.length) return null;
  return h("ul", { class: "message" }, unsure.map(({ table: name, role, candidates, neededBy }) => h("li", null, t(candidates.length ? "map.unsureAmong" : "map.unsureNone", {
    role: roleName(i18n, role), table: tableName(i18n, name), candidates: list(candidates), analyses: list(neededBy.map((/** @type {string} */ analysis) => (has(`analysis.${analysis}`) ? t(`analysis.${analysis}`) : analysis))),
  }))));
}

/** @param {import("../i18n/index.js").I18n} i18n @param {string} role */
const roleName = ({ t, has }, role) => (has(`role.${role}`) ? t(`role.${role}`) : role);

/** @param {import("../i18n/index.js").I18n} i18n @param {any} one `TableSummary` @param {any} mapping @param {any[]} unsure */
function tableRoles(i18n, { table: name, source, rows, columns }, mapping, unsure) {
  const { t } = i18n;
  const chosen = (mapping[name] ??= {});
  const byName = new Map(columns.map((/** @type {any} */ column) => [column.name, column]));
  const facts = (/** @type {string | null | undefined} */ column) => {
    const found = /** @type {any} */ (column && byName.get(column));
    if (!found) return h("span", { class: "note" }, "–");
    return h("span", { class: "note" }, h("bdi", null, found.examples.slice(0, EXAMPLES).join(" · ")),
      found.dateOrder ? [h("br"), h("strong", { dir: "ltr" }, found.dateOrder), found.dateEvidence ? ` – ${found.dateEvidence}` : ""] : null);
  };
  return h("section", null,
    h("h3", null, t("map.table", { table: tableName(i18n, name), source, count: rows })),
    table({
      caption: tableName(i18n, name),
      columns: [{ text: t("map.role") }, { text: t("map.column") }, { text: t("map.examples") }],
      rows: (ROLES[name] ?? []).map((role) => {
        const told = h("div", null, facts(chosen[role]));
        const select = choice({
          bare: true, label: `${tableName(i18n, name)}: ${roleName(i18n, role)}`, value: chosen[role] ?? "", testid: `map-${name}-${role}`,
          options: [["", t("map.none")], ...columns.map((/** @type {any} */ column) => /** @type {[string, string]} */ ([column.name, column.name]))],
          onchange: (column) => {
            chosen[role] = column || null;
            refill(told, facts(column));
          },
        });
        const open = unsure.some((entry) => entry.table === name && entry.role === role);
        return [h("span", { class: open ? "strong" : "" }, roleName(i18n, role), open ? " ?" : ""), select, told];
      }),
    }));
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} mapping */
function outcomeWords({ t }, mapping) {
  const words = Object.entries(mapping.outcomes ?? {});
  if (!words.length) return null;
  return h("section", null, h("h3", null, t("map.outcomes")), table({
    caption: t("map.outcomes"),
    columns: [{ text: t("map.word") }, { text: t("map.meaning") }],
    rows: words.map(([word, outcome]) => [h("bdi", null, word), choice({
      bare: true, label: word, value: String(outcome), options: OUTCOMES.map((name) => [name, t(`outcome.${name}`)]), onchange: (name) => (mapping.outcomes[word] = name),
    })]),
  }));
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} mapping */
function stageOrder({ t }, mapping) {
  if (!(mapping.stages?.length > 1)) return null;
  const list = h("ol", { class: "order" });
  const draw = () => refill(list, mapping.stages.map((/** @type {string} */ stage, /** @type {number} */ index) => h("li", null, h("bdi", null, stage),
    move(index, -1, "↑", t("map.earlier", { stage })), move(index, 1, "↓", t("map.later", { stage })))));
  const move = (/** @type {number} */ index, /** @type {number} */ by, /** @type {string} */ arrow, /** @type {string} */ label) => h("button", {
    type: "button", "aria-label": label, disabled: index + by < 0 || index + by >= mapping.stages.length,
    onclick: () => {
      const [stage] = mapping.stages.splice(index, 1);
      mapping.stages.splice(index + by, 0, stage);
      draw();
      list.children[index + by]?.querySelector("button:not(:disabled)")?.focus();
    },
  }, arrow);
  draw();
  return h("section", null, h("h3", null, t("map.stages")), list);
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any[]} all @param {any} mapping */
function joins(i18n, all, mapping) {
  const { t, list } = i18n;
  if (!all.length) return null;
  return h("section", null, h("h3", null, t("map.joins")), all.map(({ table: from, source, column, matched, unmatched, nearMisses, unused }) => h("div", null,
    h("p", null, t("map.joined", { source: from === "deals" ? source : `${tableName(i18n, from)} – ${source}`, column, matched, unmatched }), unused.length ? h("span", { class: "note" }, ` ${t("map.unused", { values: list(unused.slice(0, 5)) })}`) : null),
    nearMisses.map((/** @type {any} */ { value, nearest, count }) => nearest
      ? h("label", { class: "check" }, h("input", {
        type: "checkbox", checked: mapping.same?.[column]?.[value] === nearest,
        onchange: (/** @type {any} */ event) => {
          mapping.same ??= {};
          mapping.same[column] ??= {};
          if (event.target.checked) mapping.same[column][value] = nearest;
          else delete mapping.same[column][value];
        },
      }), h("span", null, t("map.same", { value, nearest, count })))
      : h("p", { class: "note" }, t("map.unknownKey", { value, count }))))));
}
