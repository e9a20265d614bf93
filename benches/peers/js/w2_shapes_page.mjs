// One timed run of this project's logistic regression on a shape: rows in JavaScript's memory before, coefficients after; packing included.
import init from '/build/own/own.js';
const CHUNK = 1024;
const wasm = await init({ module_or_path: '/build/own/own_bg.wasm' });
let held = '', x = new Float64Array(), y = new Uint8Array();
const get = async (f) => (await fetch('/data/' + f)).arrayBuffer();
globalThis.once = async ({ tag, d, penalty, tolerance, exact }) => {
  if (held !== `${tag}_${d}`) { x = new Float64Array(await get(`w2s_${tag}_${d}_x.f64`)); y = new Uint8Array(await get(`w2s_${tag}_${d}_y.u8`)); held = `${tag}_${d}`; }
  const n = y.length, scratch = wasm.alloc(CHUNK * d * 8), outcomes = wasm.alloc(CHUNK), out = wasm.alloc((d + 3) * 8);
  const start = performance.now(), columns = wasm.columns_new(d, n);
  for (let from = 0; from < n; from += CHUNK) {
    const to = Math.min(from + CHUNK, n);
    new Float64Array(wasm.memory.buffer, scratch, (to - from) * d).set(x.subarray(from * d, to * d));
    new Uint8Array(wasm.memory.buffer, outcomes, to - from).set(y.subarray(from, to));
    wasm.columns_extend(columns, scratch, outcomes, to - from);
  }
  const packed = performance.now();
  wasm.logistic(columns, penalty, tolerance, exact, out);
  const ms = performance.now() - start, [gradient, passes, intercept, ...slopes] = new Float64Array(wasm.memory.buffer, out, d + 3);
  wasm.dealloc(scratch, CHUNK * d * 8); wasm.dealloc(outcomes, CHUNK); wasm.dealloc(out, (d + 3) * 8);
  return { ms, packing: packed - start, gradient: gradient / n, passes, intercept, slopes, memory: wasm.memory.buffer.byteLength };
};
// A careful Newton in JavaScript on the same rows in the same engine: one array of rows, lower Hessian, Cholesky, nothing allocated per row.
globalThis.newton = ({ d, penalty, tolerance }) => {
  const n = y.length, start = performance.now(), p = d + 1, w = new Float64Array(p); let steps = 0, steepest = Infinity;
  for (; steps < 50; steps++) {
    const g = new Float64Array(p), H = new Float64Array(p * p);
    derivatives(x, y, d, w, g, H);
    for (let j = 0; j < d; j++) { g[j] += w[j] * penalty; H[j * p + j] += penalty; }
    steepest = g.reduce((most, v) => Math.max(most, Math.abs(v)), 0) / n;
    if (steepest <= tolerance) break;
    for (let j = 0; j < p; j++) for (let k = 0; k <= j; k++) { let s = H[j * p + k]; for (let q = 0; q < k; q++) s -= H[j * p + q] * H[k * p + q]; H[j * p + k] = j === k ? Math.sqrt(s) : s / H[k * p + k]; }
    for (let j = 0; j < p; j++) { for (let k = 0; k < j; k++) g[j] -= H[j * p + k] * g[k]; g[j] /= H[j * p + j]; }
    for (let j = p - 1; j >= 0; j--) { for (let k = j + 1; k < p; k++) g[j] -= H[k * p + j] * g[k]; g[j] /= H[j * p + j]; }
    for (let j = 0; j < p; j++) w[j] -= g[j];
  }
  return { ms: performance.now() - start, gradient: steepest, steps, intercept: w[d], slopes: Array.from(w.subarray(0, d)) };
};
function derivatives(x, y, d, w, g, H) {
  const p = d + 1, r = new Float64Array(p); r[d] = 1;
  for (let i = 0, o = 0; i < y.length; i++, o += d) {
    let z = w[d]; for (let j = 0; j < d; j++) z += w[j] * (r[j] = x[o + j]);
    const chance = 1 / (1 + Math.exp(-z)), e = chance - y[i], v = chance * (1 - chance);
    for (let j = 0; j < p; j++) { g[j] += e * r[j]; const t = v * r[j], q = j * p; for (let k = 0; k <= j; k++) H[q + k] += t * r[k]; }
  }
}
globalThis.ready = true;
