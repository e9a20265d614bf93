// One timed run of this project's k-means on a shape: packing included, the data in JavaScript's memory before and after.
import init from '/build/own/own.js';
const CHUNK = 8192;
let wasm = await init({ module_or_path: '/build/own/own_bg.wasm' });
let held = '', x = new Float64Array();
const get = async (f) => (await fetch('/data/' + f)).arrayBuffer();
globalThis.load = async (tag, d) => {
  if (held === `${tag}_${d}`) return;
  x = new Float64Array(); x = Float64Array.from(new Float32Array(await get(`w1s_${tag}_${d}.f32`))); held = `${tag}_${d}`;
};
globalThis.once = async ({ tag, d, k, movement, iterations }) => {
  await globalThis.load(tag, d);
  const c0 = new Float64Array(await get(`w1s_${tag}_${d}_${k}.f64`)), n = x.length / d;
  const scratch = wasm.alloc(CHUNK * d * 8), at = wasm.alloc(c0.byteLength), out = wasm.alloc(16);
  const start = performance.now();
  const points = wasm.points_new(d, n);
  for (let from = 0; from < x.length; from += CHUNK * d) {
    const piece = x.subarray(from, Math.min(from + CHUNK * d, x.length));
    new Float64Array(wasm.memory.buffer, scratch, piece.length).set(piece);
    wasm.points_extend(points, scratch, piece.length);
  }
  new Float64Array(wasm.memory.buffer, at, c0.length).set(c0);
  const packed = performance.now();
  wasm.kmeans(points, at, c0.length, movement, iterations, 0, out);
  const ms = performance.now() - start, [inertia, passes] = new Float64Array(wasm.memory.buffer, out, 2);
  wasm.points_free(points); wasm.dealloc(scratch, CHUNK * d * 8); wasm.dealloc(at, c0.byteLength); wasm.dealloc(out, 16);
  return { ms, packing: packed - start, inertia, iterations: passes, memory: wasm.memory.buffer.byteLength };
};
globalThis.ready = true;
