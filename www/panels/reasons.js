/** Reasons of a probability: contributions to the log-odds, as chips. */
import { h } from "./dom.js";

/** @param {{column: string, value: string, contribution: number}} reason */
export const reasonChip = ({ column, value, contribution }) =>
  h("span", { class: `chip ${contribution > 0 ? "up" : "down"}`, title: column }, contribution > 0 ? "+ " : "− ", h("bdi", null, value || column));

/** @param {any[]} reasons */
export const strongest = (reasons) => [...reasons].filter(({ contribution }) => contribution !== 0).sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
