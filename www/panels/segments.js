/** “Which groups do your customers form?” */
import { frame } from "../charts/frame.js";
import { segmentMap } from "../charts/segment-map.js";
import { silhouetteBars } from "../charts/silhouette-bars.js";
import { inWorkingTime } from "../i18n/durations.js";
import { csv, download } from "./csv.js";
import { dealsBehind } from "./deals-behind.js";
import { choice, h, refill, table } from "./dom.js";
import { panel } from "./panel.js";
import { comparison, KEPT, keptOf } from "./segments/comparison.js";
import { factorTable } from "./segments/factors.js";
import { crossView, rules, trust } from "./segments/meaning.js";
import { memberList } from "./segments/members.js";
import { betweenGroups, methodChoice, numberSlider, outliers, subjectChoice } from "./segments/method.js";
import { factorName, featureName, segmentName } from "./segments/names.js";
import { marker, profileTable } from "./segments/profiles.js";
import { rfmGroups, valueBands } from "./segments/worth.js";
import { smallPrint } from "./small-print.js";

/** @param {import("./panel.js").Context} context */
export function segmentsPanel(context) {
  const { i18n } = context;
  const { t } = i18n;
  const shell = panel(context, "segments");
  const map = frame({ i18n, height: 380, title: t("segments.map") });
  const controls = h("div", { class: "toolbar" });
  const mapControls = h("div", { class: "toolbar" });
  const legend = h("ul", { class: "legend" });
  const sample = h("p", { class: "note", hidden: true, dataset: { testid: "segments-sample" } });
  const profiles = h("div", { class: "profiles" });
  const quality = h("div");
  const trusted = h("div");
  const meaning = h("div", { class: "more" });
  const print = h("div");
  const save = h("button", { type: "button", onclick: () => download("customer-groups.csv", labelsCsv(i18n, result)) }, t("segments.save"));
  const methodNote = h("p", { class: "note" });
  const compared = h("div");
  const single = h("div", { class: "more" });
  const worth = h("div");
  const keep = h("div", { class: "toolbar" });
  const members = memberList(context, (row) => customerDetails(context, result, row));
  members.watch(() => drawLegend());
  /** @type {any} */
  let result;
  /** Silhouettes of all numbers of groups, from the last run that tried them. @type {any[]} */
  let candidates = [];

  /** @param {any} next `SegmentsResult` */
  function update(next) {
    result = next;
    if (!shell.body.hasChildNodes()) {
      shell.body.append(trusted, controls, methodNote, h("div", { class: "map-and-quality" }, h("div", null, mapControls, sample, legend, map.element), quality), profiles, members.element, compared, single, meaning, worth,
        h("div", { class: "toolbar" }, save, keep), print);
    }
    shell.ready(sentence(i18n, result));
    const method = result.meta.options?.method ?? "kmeans";
    const open = (/** @type {number} */ row) => customerDetails(context, result, row);
    const nameOf = (/** @type {number} */ index) => segmentName(i18n, result, index);
    const nameOfFeature = (/** @type {any} */ feature) => featureName(i18n, feature);
    // A slider that is being moved must not be replaced under the finger.
    if (controls.querySelector("input") !== shell.element.getRootNode().activeElement || controls.dataset.method !== method) {
      controls.dataset.method = method;
      refill(controls, subjectChoice(i18n, context.summary(), result.of, (of) => context.change({ of, x: undefined, y: undefined })), methodChoice(i18n, method, (chosen) => context.change({ method: chosen === "kmeans" ? undefined : chosen, ...(chosen === "density" && { k: undefined }) })),
        method !== "density" && numberSlider(i18n, result, (k) => context.change({ k: k === undefined ? undefined : String(k) })));
    } else {
      const automatic = controls.querySelector(".slider button");
      if (automatic) automatic.disabled = result.chosenBy !== "option";
    }
    refill(methodNote, t(`segments.method.${method}.note`));
    draw();
    refill(profiles, profileTable(i18n, result, open));
    members.update(result);
    drawLegend();
    refill(trusted, trust(i18n, result, nameOfFeature));
    refill(compared, comparison(i18n, result, /** @type {any} */ (context.options)[KEPT]));
    refill(single, outliers(i18n, result, open), betweenGroups(i18n, result, { nameOf, open }));
    refill(meaning, rules(i18n, result, { nameOf, featureName: nameOfFeature }), crossView(inWorkingTime(i18n, context.workingHours), result, nameOf, dealsBehind(context, {})));
    refill(worth, rfmGroups(i18n, result, members.showRule), valueBands(i18n, result, (band, name) => context.ask("inBand", band).then((places) => members.showOnly(places, name), () => {})), factorTable(i18n, result));
    drawKeep();
    refill(print, smallPrint(i18n, result.meta, ["segments.definition.features", `segments.definition.${method}`, `segments.definition.number.${method}`, "segments.definition.trust"]));
    if (result.candidates.length > 1) candidates = result.candidates;
    const known = candidates.some(({ k, silhouette }) => k === result.k && Math.abs(silhouette - (result.silhouette ?? 0)) < 0.2) ? candidates : result.candidates;
    refill(quality, method !== "density" && known.length > 0 && silhouetteBars(known, { i18n, k: result.k, onchoose: (k) => context.change({ k: String(k) }) }),
      result.silhouette !== null && h("p", { class: "note" }, t("segments.silhouetteNote", { silhouette: i18n.fixed(result.silhouette, 2) + (result.silhouetteError ? ` ± ${i18n.fixed(1.96 * result.silhouetteError, 2)}` : ""), count: result.silhouetteOf })));
  }

  function drawKeep() {
    const kept = /** @type {any} */ (context.options)[KEPT];
    const set = (/** @type {any} */ value) => {
      context.change({ [KEPT]: value });
      drawKeep();
      refill(compared, comparison(i18n, result, value));
    };
    refill(keep, kept
      ? h("button", { type: "button", onclick: () => set(undefined) }, t("segments.comparison.end"))
      : h("button", { type: "button", dataset: { testid: "segments-keep" }, onclick: () => set(keptOf(i18n, result)) }, t("segments.comparison.keep")));
  }

  function draw() {
    const { features, factors, points } = result;
    const plain = features.length <= 3 && features.every((/** @type {any} */ { level }) => level === null);
    const view = factors && factors.factors.length > 1 ? context.options.map ?? (plain ? "features" : "factors") : "features";
    const axisOf = (/** @type {string} */ key, /** @type {number} */ fallback) => {
      const asked = Number(context.options[key] ?? NaN);
      return asked >= 0 && asked < features.length ? asked : Math.min(fallback, features.length - 1);
    };
    const [x, y] = [axisOf("x", 0), axisOf("y", features.length > 2 ? 2 : 1)];
    const names = features.map((/** @type {any} */ feature, /** @type {number} */ at) => /** @type {[string, string]} */ ([String(at), featureName(i18n, feature)]));
    const choose = (/** @type {string} */ key) => (/** @type {string} */ value) => {
      context.change({ [key]: value });
      draw();
    };
    const byFeature = (/** @type {number} */ at) => ({ name: names[at][1], values: points.values, width: features.length, at, transform: features[at].transform });
    const byFactor = (/** @type {number} */ at) => ({ name: factorName(i18n, result, at), values: factors.points, width: factors.factors.length, at, transform: "none" });
    const [across, upwards] = view === "factors" ? [byFactor(0), byFactor(1)] : [byFeature(x), byFeature(y)];
    refill(mapControls,
      factors && factors.factors.length > 1 && choice({ label: t("segments.mapBy"), value: view, testid: "segments-map", options: [["features", t("segments.mapBy.features")], ["factors", t("segments.mapBy.factors")]], onchange: choose("map") }),
      view === "features" && features.length > 1 && choice({ label: t("segments.x"), value: String(x), options: names, onchange: choose("x") }),
      view === "features" && features.length > 1 && choice({ label: t("segments.y"), value: String(y), options: names, onchange: choose("y") }));
    const cells = view === "factors" ? factors.bins : undefined;
    sample.hidden = Boolean(cells) || points.row.length === result.ids.length;
    sample.textContent = t("segments.sample", { count: points.row.length, all: t(`segments.of.${result.of}`, { count: result.ids.length }) });
    map.draw(segmentMap(result, {
      i18n, x: across, y: upwards, cells, groupName: (index) => segmentName(i18n, result, index),
      label: t("segments.mapLabel", { count: points.row.length, x: across.name, y: upwards.name, groups: i18n.list(result.segments.map((/** @type {any} */ { index }) => segmentName(i18n, result, index))) }),
      onselect: (row) => customerDetails(context, result, row), ongroup: (index) => members.show(result.segments[index]?.index),
    }));
  }

  /** Each group leads to its customers. */
  function drawLegend() {
    const focused = /** @type {HTMLElement | null} */ (/** @type {ShadowRoot} */ (legend.getRootNode()).activeElement ?? null)?.dataset.group;
    refill(legend, result.segments.map((/** @type {any} */ { index }) => h("li", null, marker(index), h("button", {
      type: "button", class: "link", "aria-pressed": String(members.shown() === index), dataset: { group: index }, onclick: () => members.show(members.shown() === index ? undefined : index),
    }, segmentName(i18n, result, index)))));
    if (focused !== undefined) /** @type {HTMLElement | null} */ (legend.querySelector(`[data-group="${focused}"]`))?.focus();
  }

  const headline = (/** @type {any} */ { k }) => t("segments.groups", { count: k });
  return { ...shell, update, headline };
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function sentence(i18n, result) {
  const { t, number, percent } = i18n;
  const { segments, k, ids, gap } = result;
  const count = h("strong", null, t("segments.groups", { count: k }));
  count.dataset.testid = "segments-k";
  count.dataset.value = k;
  const customers = h("span", { dataset: { testid: "segments-count", value: ids.length } }, t(`segments.of.${result.of}`, { count: ids.length }));
  const [first] = segments;
  const finding = k < 2 || first?.valueShare === null || first?.valueShare === undefined ? "" : t("segments.finding", { group: segmentName(i18n, result, first.index), share: percent(first.share, 0), value: percent(first.valueShare, 0), size: number(first.size) });
  // Slices of one crowd are not what customers form.
  const form = gap?.verdict === "no_real_clusters" ? "segments.sentence.sliced" : "segments.sentence";
  return [...i18n.parts(form, { things: customers, groups: count }), " ", finding];
}

/** @param {import("./panel.js").Context} context @param {any} result @param {number} row */
function customerDetails(context, result, row) {
  const { i18n } = context;
  const { t } = i18n;
  const id = result.ids[row];
  if (id === undefined) return;
  const { points, features } = result;
  const point = points.row.indexOf(row);
  const valueOf = (/** @type {number} */ index) => points.values[point * features.length + index];
  const isMissing = (/** @type {any} */ { name }) => features.some((/** @type {any} */ other, /** @type {number} */ index) => other.name === name && other.level === "(missing)" && valueOf(index) === 1);
  const values = point < 0 ? [] : features.map((/** @type {any} */ feature, /** @type {number} */ index) =>
    [featureName(i18n, feature), feature.level === null && isMissing(feature) ? h("span", { class: "note" }, t("empty")) : i18n.full(valueOf(index))]);
  context.openDetails({
    title: t("segments.customer", { id }),
    content: [
      h("p", { class: "sentence" }, marker(result.labels[row]), " ", segmentName(i18n, result, result.labels[row])),
      ...(result.soft && result.segments[result.soft.second[row]]
        ? [h("p", { class: "note" }, t("segments.soft.one", { own: i18n.percent(result.soft.probability[row], 0), second: segmentName(i18n, result, result.soft.second[row]), share: i18n.percent(result.soft.secondProbability[row], 0) }))] : []),
      values.length ? table({ caption: t("record"), class: "record", columns: [{ text: t("segments.feature") }, { text: t("map.value"), number: true }], rows: values }) : h("p", { class: "note" }, t("segments.notOnMap")),
    ],
  });
  context.select([id]);
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function labelsCsv(i18n, result) {
  const { segments, ids, labels, soft } = result;
  const names = segments.map((/** @type {any} */ { index }) => segmentName(i18n, result, index));
  const more = (/** @type {number} */ row) => (soft ? [String(soft.probability[row]), names[soft.second[row]] ?? "", String(soft.secondProbability[row])] : []);
  return csv([
    ["customer_id", "group", "group_name", ...(soft ? ["probability", "next_group_name", "next_probability"] : [])],
    ...ids.map((/** @type {string} */ id, /** @type {number} */ row) => [id, String(labels[row] + 1), names[labels[row]], ...more(row)]),
  ]);
}
