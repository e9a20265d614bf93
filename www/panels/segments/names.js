/** What groups, features and factors are called. */

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/**
 * The name of a group; groups of the same name are told apart by a number.
 *
 * @param {I18n} i18n @param {any} result @param {number} index
 */
export function segmentName({ t, has, number }, { segments }, index) {
  const { name } = segments[index];
  const same = segments.filter((/** @type {any} */ segment) => segment.name === name);
  const key = `group.${name}`;
  const base = has(key) ? t(key) : name;
  return same.length > 1 || name === "segment" ? `${base} ${number(same.indexOf(segments[index]) + 1)}` : base;
}

/** @param {I18n} i18n @param {any} feature */
export function featureName({ t, has }, { name, unit, level = null }) {
  const key = unit !== null ? `feature.${name}` : `column.${name.trim().toLowerCase().replace(/[\s_-]+/g, "_")}`;
  const base = has(key) ? t(key) : name;
  if (level === null) return base;
  const known = { "(missing)": "segments.level.missing", "(other)": "segments.level.other" }[/** @type {string} */ (level)];
  return t("segments.level", { column: base, level: known ? t(known) : level });
}

/** A factor by the features that it goes with, the strongest first: more of one, less of another. @param {I18n} i18n @param {any} result @param {number} index */
export function factorName(i18n, { factors, features }, index) {
  const named = factors.factors[index].strongest.map((/** @type {any} */ { feature, loading }) => i18n.t(loading < 0 ? "segments.less" : "segments.more", { feature: featureName(i18n, features[feature]) }));
  return i18n.list(named);
}
