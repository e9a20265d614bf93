/** Whether durations count all days or working hours only, and which hours those are. */
import { workingTimeOf, workingTimeText } from "../../working-time.js";
import { choice, h, refill } from "../dom.js";

/** Weeks as they are common where a language is at home: the first day, and the days of work; 0 is Sunday. @type {Record<string, {first: number, days: number[]}>} */
const WEEKS = { fa: { first: 6, days: [6, 0, 1, 2, 3] }, ar: { first: 0, days: [0, 1, 2, 3, 4] }, en: { first: 1, days: [1, 2, 3, 4, 5] } };
/** A Sunday. */
const SUNDAY = Date.UTC(2023, 0, 1);

/** @param {import("../panel.js").Context} context */
export function workingTimeSection(context) {
  const { i18n } = context;
  const { t, number } = i18n;
  const week = WEEKS[i18n.lang] ?? WEEKS.en;
  const order = Array.from({ length: 7 }, (_, at) => (week.first + at) % 7);
  const weekday = new Intl.DateTimeFormat(i18n.lang, { weekday: "long", timeZone: "UTC" });
  const element = h("section", { class: "working-time" });
  const wrong = h("p", { class: "note", role: "alert" });
  let isOpen = false;

  /** @param {any} result `FunnelResult` */
  function update({ workingDayHours }) {
    const isWorking = workingDayHours !== null;
    const asked = workingTimeOf(context.options.working) ?? { days: week.days, from: "09:00", to: "17:00", holidays: [] };
    const hadFocus = /** @type {HTMLElement | null} */ (/** @type {ShadowRoot} */ (element.getRootNode()).activeElement ?? null)?.dataset.testid;
    refill(element,
      h("div", { class: "toolbar" },
        choice({
          label: t("working.label"), value: isWorking ? "working" : "all", options: [["all", t("working.all")], ["working", t("working.only")]], testid: "working-time-choice",
          onchange: (kind) => context.setWorkingTime(kind === "working" ? workingTimeText(asked) : undefined),
        }),
        isWorking && h("span", { class: "note", dataset: { testid: "working-time" } }, t("funnel.working", { hours: number(workingDayHours) }))),
      isWorking && hours(asked));
    if (hadFocus) /** @type {HTMLElement | null} */ (element.querySelector(`[data-testid="${hadFocus}"]`))?.focus();
  }

  /** @param {import("../../working-time.js").WorkingTime} asked */
  function hours(asked) {
    const boxes = order.map((day) => h("input", { type: "checkbox", checked: asked.days.includes(day), value: String(day), dataset: { testid: `working-day-${day}` } }));
    const [from, to] = [asked.from, asked.to].map((value, at) => h("input", { type: "time", required: true, value, dataset: { testid: at ? "working-to" : "working-from" } }));
    const holidays = h("input", { type: "text", value: (asked.holidays ?? []).join(", "), placeholder: t("working.holidaysNote"), dataset: { testid: "working-holidays" } });
    const apply = () => {
      const text = workingTimeText({
        days: boxes.filter((/** @type {any} */ box) => box.checked).map((/** @type {any} */ box) => Number(box.value)), from: from.value, to: to.value,
        holidays: holidays.value.split(/[,،;؛\s]+/).filter(Boolean),
      });
      wrong.textContent = workingTimeOf(text) ? "" : t("working.wrong");
      if (workingTimeOf(text)) context.setWorkingTime(text);
    };
    return h("details", { class: "quiet", open: isOpen, ontoggle: (/** @type {any} */ event) => (isOpen = event.target.open) },
      h("summary", null, t("working.change")),
      h("form", { class: "working-hours", onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), apply()) },
        h("fieldset", { class: "days" }, h("legend", null, t("working.days")), boxes.map((box, at) => h("label", { class: "check" }, box, h("span", null, weekday.format(SUNDAY + order[at] * 864e5))))),
        h("label", { class: "field" }, h("span", null, t("working.from")), from), h("label", { class: "field" }, h("span", null, t("working.to")), to),
        h("label", { class: "field" }, h("span", null, t("working.holidays")), holidays),
        h("button", { type: "submit", dataset: { testid: "working-apply" } }, t("apply")), wrong));
  }

  return { element, update };
}
