/**
 * Splits a module in two that share one instance's memory, table and globals, so that what few visits need is fetched when it is asked for.
 *
 * Only functions that nothing but the deferred exports can reach leave the core. What a table holds may be called from anywhere and stays,
 * so the core calls nothing that is not there, and no call has to be rewritten.
 */

const NAME = String.raw`\$(?:"(?:[^"\\]|\\.)*"|[^\s()"]+)`;
const NAMES = new RegExp(NAME, "g");
const FUNCTIONS_USED = new RegExp(`\\((?:(?:return_)?call|ref\\.func) (${NAME})`, "g");
/** What belongs to the instance whose segments they are. */
const SEGMENTS_USED = /\((?:memory\.init|data\.drop|table\.init|elem\.drop)/;

/**
 * @param {string} text a module as `wasm-dis` writes it
 * @param {string[]} deferred names of exported functions
 * @returns {{core: string, deferred: string}} the second imports from a module `core`, whose exports are those of an instance of the first
 */
export function split(text, deferred) {
  const forms = formsOf(text);
  const functions = new Map(forms.filter((form) => form.kind === "func").map((form) => [form.name, form]));
  const exported = forms.filter((form) => form.kind === "export" && form.text.includes("(func "));
  const leaves = (/** @type {Form} */ form) => deferred.includes(exportName(form));
  const left = deferred.filter((name) => !exported.some((form) => exportName(form) === name));
  if (left.length) throw new Error(`the module does not export ${left.join(", ")}`);

  const roots = forms.filter(({ kind, text }) => kind === "elem" || kind === "start" || (kind === "global" && text.includes("ref.func")));
  const stays = reachable(functions, [...roots, ...exported.filter((form) => !leaves(form))].flatMap(({ text }) => text.match(NAMES) ?? []));
  const moved = reachable(functions, exported.filter(leaves).map(({ name }) => name));
  for (const name of stays) moved.delete(name);
  const bodies = forms.filter(({ kind, name }) => kind === "func" && moved.has(name));
  if (bodies.some(({ text }) => SEGMENTS_USED.test(text))) throw new Error("a deferred function uses a segment of the core");

  const used = new Set(bodies.flatMap(({ text }) => text.match(NAMES) ?? []));
  const shared = forms.filter(({ kind, name, text }) => !moved.has(name) && used.has(name)
    && (kind === "func" || kind === "global" || kind === "table" || kind === "memory" || (kind === "import" && text.includes("(func "))));
  const kindOf = (/** @type {Form} */ { kind }) => (kind === "import" ? "func" : kind);
  return {
    core: written([
      ...forms.filter((form) => !(form.kind === "func" && moved.has(form.name)) && !(exported.includes(form) && leaves(form))).map(({ text }) => text),
      ...shared.map((form, at) => ` (export "${at}" (${kindOf(form)} ${form.name}))`),
    ]),
    deferred: written([
      ...forms.filter(({ kind }) => kind === "type" || kind === "rec").map(({ text }) => text),
      ...shared.map((form, at) => ` (import "core" "${at}" (${kindOf(form)} ${form.name}${declared(form)}))`),
      ...exported.filter(leaves).map(({ text }) => text),
      ...bodies.map(({ text }) => text),
    ]),
  };
}

/** @typedef {{kind: string, name: string, text: string}} Form a field of the module; `name` is the first in it */

/** @param {string} text @returns {Form[]} */
function formsOf(text) {
  return text.split(/\n(?= \()/).slice(1).map((form, at, all) => {
    // The last one is followed by the bracket that closes the module.
    const text = at === all.length - 1 ? form.replace(/\n\)\s*$/, "") : form;
    return { kind: /^ \((\w+)/.exec(text)?.[1] ?? "", name: new RegExp(NAME).exec(text)?.[0] ?? "", text };
  });
}

/** @param {string[]} forms */
const written = (forms) => `(module\n${forms.join("\n")}\n)\n`;

/** @param {Form} form */
const exportName = ({ text }) => /^ \(export "([^"]*)"/.exec(text)?.[1] ?? "";

/** What stands after the name of a form where it is imported. @param {Form} form */
function declared({ kind, name, text }) {
  const after = text.slice(text.indexOf(name) + name.length);
  if (kind === "func") return after.split("\n")[0];
  if (kind === "import") return after.trimEnd().replace(/\)\)$/, "");
  if (kind === "global") return /^ (?:\(mut \w+\)|\w+)/.exec(after)?.[0];
  return after.trimEnd().replace(/\)$/, "");
}

/** Functions that can be called from those named. @param {Map<string, Form>} functions @param {string[]} from */
function reachable(functions, from) {
  const reached = new Set();
  const next = [...from];
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    const form = functions.get(name);
    if (!form || reached.has(name)) continue;
    reached.add(name);
    for (const [, called] of form.text.matchAll(FUNCTIONS_USED)) next.push(called);
  }
  return reached;
}
