/** Working time as it stands in an address: weekdays, hours and holidays, such as `12345,09:00-17:00,2025-12-25`. */

/** @typedef {{days: number[], from: string, to: string, holidays?: string[]}} WorkingTime `LoadOptions.workingTime` */

/** @param {string | null | undefined} text @returns {WorkingTime | undefined} nothing where the text is none */
export function workingTimeOf(text) {
  const [days, hours = "", ...holidays] = (text ?? "").split(",").map((part) => part.trim());
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(hours) ?? [];
  if (!/^[0-6]+$/.test(days) || !from || from >= to) return undefined;
  return { days: [...new Set(days)].map(Number), from, to, holidays: holidays.filter(Boolean) };
}

/** @param {WorkingTime} working */
export const workingTimeText = ({ days, from, to, holidays = [] }) => [days.join(""), `${from}-${to}`, ...holidays].join(",");

/** Hours of a working day. @param {WorkingTime | undefined} working */
export function hoursOf(working) {
  const [from, to] = [working?.from, working?.to].map((text) => Number(text?.slice(0, 2)) + Number(text?.slice(3, 5)) / 60);
  return working && to - from;
}
