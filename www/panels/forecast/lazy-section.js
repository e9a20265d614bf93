/** A part of the panel that is computed when it is first opened: its answer costs a model of its own. */
import { h, refill } from "../dom.js";
import { errorText } from "../panel.js";

const IGNORED = new Set(["cancelled", "superseded", "disposed"]);

/**
 * `ask` gives the promise of an answer (nothing to ask for: undefined), `show` its elements. Whether it is open is the option `name`.
 *
 * @param {import("../panel.js").Context} context
 * @param {{name: string, title: string, ask: () => Promise<any> | undefined, show: (answer: any) => any, before?: () => any}} given
 */
export function lazySection(context, { name, title, ask, show, before }) {
  const { i18n } = context;
  const { t } = i18n;
  const above = h("div", { class: "found" });
  const found = h("div", { class: "found", "aria-live": "polite" });
  let isKnown = false;
  let turn = 0;
  const element = h("details", { class: "section", open: context.options[name] === "1", dataset: { testid: `section-${name}` }, ontoggle: () => {
    context.change({ [name]: element.open ? "1" : undefined });
    if (element.open && !isKnown) refresh();
  } }, h("summary", null, title), above, found);

  async function refresh() {
    isKnown = true;
    const mine = ++turn;
    const answer = ask();
    if (!answer) return refill(found);
    if (!found.hasChildNodes()) refill(found, h("p", { class: "note" }, t("busy")));
    found.setAttribute("aria-busy", "true");
    try {
      const known = await answer;
      if (mine === turn) refill(found, show(known));
    } catch (thrown) {
      const error = /** @type {any} */ (thrown);
      if (mine !== turn) return;
      isKnown = false;
      if (!IGNORED.has(error.code)) refill(found, errorText(i18n, error, error.code === "missing_role"));
    }
    if (mine === turn) found.removeAttribute("aria-busy");
  }

  return {
    element,
    refresh,
    /** The data are others. */
    reset() {
      turn++;
      isKnown = false;
      refill(found);
      refill(above, before?.());
      if (element.open) refresh();
    },
  };
}
