/** The mapping as a file: what was recognised, what was changed and the user's own rules, to be kept and opened again. */
import { h } from "./dom.js";
import { download } from "./csv.js";

/** @param {any} mapping */
export const saveMapping = (mapping) => download("crm-mapping.json", `${JSON.stringify(mapping, null, 2)}\n`, "application/json");

/**
 * A button that opens such a file.
 *
 * @param {string} text @param {(mapping: any) => void} onopen @param {() => void} onwrong the file holds no mapping
 */
export function mappingOpener(text, onopen, onwrong) {
  const picker = h("input", { type: "file", accept: ".json,application/json", hidden: true, dataset: { testid: "mapping-file" }, onchange: async () => {
    const [file] = picker.files;
    picker.value = "";
    try {
      const mapping = JSON.parse((await file.text()).replace(/^\uFEFF/, ""));
      if (mapping === null || typeof mapping !== "object" || Array.isArray(mapping)) return onwrong();
      onopen(mapping);
    } catch {
      onwrong();
    }
  } });
  return [picker, h("button", { type: "button", onclick: () => picker.click() }, text)];
}
