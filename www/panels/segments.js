/** “Which groups do your customers form?” */
import { categoryVariable, CATEGORIES, SYMBOL_TEXTS } from "../charts/colours.js";
import { frame } from "../charts/frame.js";
import { segmentMap } from "../charts/segment-map.js";
import { silhouetteBars } from "../charts/silhouette-bars.js";
import { csv, download } from "./csv.js";
import { choice, h, refill, table } from "./dom.js";
import { panel } from "./panel.js";
import { crossView, rules, trust } from "./segments/meaning.js";
import { smallPrint } from "./small-print.js";

/** @param {import("./panel.js").Context} context */
export function segmentsPanel(context) {
  const { i18n } = context;
  const { t } = i18n;
  const shell = panel(context, "segments");
  const map = frame({ i18n, height: 380, title: t("segments.map") });
  const controls = h("div", { class: "toolbar" });
  const legend = h("ul", { class: "legend" });
  const profiles = h("div", { class: "profiles" });
  const quality = h("div");
  const trusted = h("div");
  const meaning = h("div", { class: "more" });
  const print = h("div");
  const save = h("button", { type: "button", onclick: () => download("customer-groups.csv", labelsCsv(i18n, result)) }, t("segments.save"));
  /** @type {any} */
  let result;

  /** @param {any} next `SegmentsResult` */
  function update(next) {
    result = next;
    if (!shell.body.hasChildNodes()) {
      shell.body.append(trusted, controls, h("div", { class: "map-and-quality" }, h("div", null, legend, map.element), quality), profiles, meaning, h("div", { class: "toolbar" }, save), print);
    }
    shell.ready(sentence(i18n, result));
    draw();
    refill(profiles, profileTable(context, result));
    const nameOf = (/** @type {number} */ index) => segmentName(i18n, result, index);
    const nameOfFeature = (/** @type {any} */ feature) => featureName(i18n, feature);
    refill(trusted, trust(i18n, result, nameOfFeature));
    refill(meaning, rules(i18n, result, { nameOf, featureName: nameOfFeature }), crossView(i18n, result, nameOf));
    refill(print, smallPrint(i18n, result.meta, ["segments.definition.features", "segments.definition.groups", "segments.definition.number", "segments.definition.trust"]));
    refill(quality, silhouetteBars(result.candidates, { i18n, k: result.k, onchoose: (k) => context.change({ k: String(k) }) }),
      h("p", { class: "note" }, t("segments.silhouetteNote", { silhouette: result.silhouette === null ? "–" : i18n.fixed(result.silhouette, 2), count: result.silhouetteOf })));
  }

  function draw() {
    const { features } = result;
    const axisOf = (/** @type {string} */ key, /** @type {number} */ fallback) => {
      const asked = features.findIndex((/** @type {any} */ { name }) => name === context.options[key]);
      return asked >= 0 ? asked : Math.min(fallback, features.length - 1);
    };
    const [x, y] = [axisOf("x", 0), axisOf("y", features.length > 2 ? 2 : 1)];
    const names = features.map((/** @type {any} */ feature) => /** @type {[string, string]} */ ([feature.name, featureName(i18n, feature)]));
    const choose = (/** @type {string} */ key) => (/** @type {string} */ value) => {
      context.change({ [key]: value });
      draw();
    };
    refill(controls,
      choice({
        label: t("segments.k"), value: result.chosenBy === "option" ? String(result.k) : "", testid: "segments-k-select", onchange: (k) => context.change({ k: k || undefined }),
        options: [["", t("segments.auto")], ...Array.from({ length: 9 }, (_, index) => /** @type {[string, string]} */ ([String(index + 2), i18n.number(index + 2)]))],
      }),
      features.length > 1 && choice({ label: t("segments.x"), value: features[x].name, options: names, onchange: choose("x") }),
      features.length > 1 && choice({ label: t("segments.y"), value: features[y].name, options: names, onchange: choose("y") }));
    refill(legend, result.segments.map((/** @type {any} */ { index }) => h("li", null, marker(index), segmentName(i18n, result, index))));
    map.draw(segmentMap(result, {
      i18n, x, y, featureName: (index) => featureName(i18n, features[index]), groupName: (index) => segmentName(i18n, result, index),
      label: t("segments.mapLabel", { count: result.points.row.length, x: names[x][1], y: names[y][1], groups: i18n.list(result.segments.map((/** @type {any} */ { index }) => segmentName(i18n, result, index))) }),
      onselect: (row) => customerDetails(context, result, row),
    }));
  }

  const headline = (/** @type {any} */ { k }) => t("segments.groups", { count: k });
  return { ...shell, update, headline };
}

/** @param {number} index */
const marker = (index) => h("span", { class: "marker", "aria-hidden": "true", style: { color: categoryVariable(index) } }, SYMBOL_TEXTS[Math.min(index, CATEGORIES)]);

/**
 * The name of a group; groups of the same name are told apart by a number.
 *
 * @param {import("../i18n/index.js").I18n} i18n @param {any} result @param {number} index
 */
function segmentName({ t, has, number }, { segments }, index) {
  const { name } = segments[index];
  const same = segments.filter((/** @type {any} */ segment) => segment.name === name);
  const key = `group.${name}`;
  const base = has(key) ? t(key) : name;
  return same.length > 1 || name === "segment" ? `${base} ${number(same.indexOf(segments[index]) + 1)}` : base;
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} feature */
function featureName({ t, has }, { name, unit }) {
  return unit !== null && has(`feature.${name}`) ? t(`feature.${name}`) : name;
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function sentence(i18n, result) {
  const { t, number, percent } = i18n;
  const { segments, k, ids } = result;
  const count = h("strong", null, t("segments.groups", { count: k }));
  count.dataset.testid = "segments-k";
  count.dataset.value = k;
  const customers = h("span", { dataset: { testid: "segments-count", value: ids.length } }, t(`segments.of.${result.of}`, { count: ids.length }));
  const [first] = segments;
  const finding = first?.valueShare === null || first?.valueShare === undefined ? "" : t("segments.finding", { group: segmentName(i18n, result, first.index), share: percent(first.share, 0), value: percent(first.valueShare, 0), size: number(first.size) });
  return [...i18n.parts("segments.sentence", { things: customers, groups: count }), " ", finding];
}

/** @param {import("./panel.js").Context} context @param {any} result */
function profileTable(context, result) {
  const { i18n } = context;
  const { t, number, percent } = i18n;
  const valued = result.segments.some((/** @type {any} */ { valueShare }) => valueShare !== null && valueShare !== undefined);
  const row = (/** @type {string} */ id) => result.ids.indexOf(id);
  return table({
    caption: t("segments.profiles"),
    columns: [
      { text: t("segments.group") }, { text: t("segments.size"), number: true }, { text: t("funnel.share"), number: true },
      ...result.features.map((/** @type {any} */ feature) => ({ text: t("segments.medianOf", { feature: featureName(i18n, feature) }), number: true })),
      ...(valued ? [{ text: t("segments.valueShare"), number: true }] : []),
      { text: t("segments.silhouette"), number: true }, { text: t("segments.medoid") },
    ],
    rows: result.segments.map((/** @type {any} */ segment) => [
      h("span", { class: "named" }, marker(segment.index), segmentName(i18n, result, segment.index)), number(segment.size), percent(segment.share),
      ...segment.median.map((/** @type {number} */ value) => h("span", { title: i18n.full(value) }, number(value))),
      ...(valued ? [percent(segment.valueShare)] : []),
      segment.silhouette === null ? "–" : i18n.fixed(segment.silhouette, 2),
      h("button", { type: "button", class: "link", onclick: () => customerDetails(context, result, row(segment.medoid)) }, h("bdi", null, segment.medoid)),
    ]),
  });
}

/** @param {import("./panel.js").Context} context @param {any} result @param {number} row */
function customerDetails(context, result, row) {
  const { i18n } = context;
  const { t } = i18n;
  const id = result.ids[row];
  if (id === undefined) return;
  const { points, features } = result;
  const point = points.row.indexOf(row);
  const values = point < 0 ? [] : features.map((/** @type {any} */ feature, /** @type {number} */ index) => [featureName(i18n, feature), i18n.full(points.values[point * features.length + index])]);
  context.openDetails({
    title: t("segments.customer", { id }),
    content: [
      h("p", { class: "sentence" }, marker(result.labels[row]), " ", segmentName(i18n, result, result.labels[row])),
      values.length ? table({ caption: t("record"), class: "record", columns: [{ text: t("segments.feature") }, { text: t("map.value"), number: true }], rows: values }) : h("p", { class: "note" }, t("segments.notOnMap")),
    ],
  });
  context.select([id]);
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function labelsCsv(i18n, result) {
  const names = result.segments.map((/** @type {any} */ { index }) => segmentName(i18n, result, index));
  return csv([["customer_id", "group", "group_name"], ...result.ids.map((/** @type {string} */ id, /** @type {number} */ row) => [id, String(result.labels[row] + 1), names[result.labels[row]]])]);
}
