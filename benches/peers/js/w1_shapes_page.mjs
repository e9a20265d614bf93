// One timed run of this project's k-means on a shape: packing included, the data in JavaScript's memory before and after.
import init from '/build/own/own.js';
// Points of rows, which are copied once.
const pointsOf = (d, rows) => {
  const at = wasm.rows_new(rows.length);
  new Float64Array(wasm.memory.buffer, at, rows.length).set(rows);
  return wasm.points_of(d, at, rows.length);
};
let wasm = await init({ module_or_path: '/build/own/own_bg.wasm' });
let held = '', x = new Float64Array();
const get = async (f) => (await fetch('/data/' + f)).arrayBuffer();
globalThis.load = async (tag, d) => {
  if (held === `${tag}_${d}`) return;
  x = new Float64Array(); x = Float64Array.from(new Float32Array(await get(`w1s_${tag}_${d}.f32`))); held = `${tag}_${d}`;
};
globalThis.once = async ({ tag, d, k, movement, iterations }) => {
  await globalThis.load(tag, d);
  const c0 = new Float64Array(await get(`w1s_${tag}_${d}_${k}.f64`));
  const at = wasm.alloc(c0.byteLength), out = wasm.alloc(16), start = performance.now(), points = pointsOf(d, x);
  new Float64Array(wasm.memory.buffer, at, c0.length).set(c0);
  const packed = performance.now();
  wasm.kmeans(points, at, c0.length, movement, iterations, 0, out);
  const ms = performance.now() - start, [inertia, passes] = new Float64Array(wasm.memory.buffer, out, 2);
  wasm.points_free(points); wasm.dealloc(at, c0.byteLength); wasm.dealloc(out, 16);
  return { ms, packing: packed - start, inertia, iterations: passes, memory: wasm.memory.buffer.byteLength };
};
// The same by workers without shared memory; handing them their points is included.
let workers = [];
const answer = (worker) => new Promise((heard) => { worker.onmessage = ({ data }) => heard(data); });
async function start(count) {
  workers = Array.from({ length: count }, () => new Worker('/w1_shard.mjs', { type: 'module' }));
  await Promise.all(workers.map(answer));
  const ports = workers.map(() => []);
  for (let a = 0; a < count; a++) for (let b = 0; b < a; b++) { const { port1, port2 } = new MessageChannel(); ports[a].push(port1); ports[b].push(port2); }
  workers.forEach((worker, i) => worker.postMessage({ ports: ports[i] }, ports[i]));
}
globalThis.sharded = async ({ tag, d, k, movement, iterations, count }) => {
  await globalThis.load(tag, d);
  if (workers.length !== count) await start(count);
  const c0 = new Float64Array(await get(`w1s_${tag}_${d}_${k}.f64`)), n = x.length / d, begun = performance.now();
  const answers = workers.map((worker, i) => {
    const rows = x.slice(Math.floor(n * i / count) * d, Math.floor(n * (i + 1) / count) * d);
    worker.postMessage({ rows, d, c0, movement, iterations }, [rows.buffer]);
    return answer(worker);
  });
  const packed = performance.now(), parts = await Promise.all(answers), sum = (f) => parts.reduce((sum, part) => sum + f(part), 0);
  return { ms: performance.now() - begun, packing: packed - begun, inertia: sum((part) => part.inertia), iterations: parts[0].iterations, memory: sum((part) => part.memory) };
};
// W5: k = 2..10 from given centres, and the silhouettes of 5,000 rows.
globalThis.w5 = async (movement) => {
  await globalThis.load('100k', 8);
  const n = x.length / 8, every = new Uint8Array(9 * n), rows = new Uint32Array(await get('w5s_rows.u32')), starts = [];
  for (let k = 2; k <= 10; k++) starts.push(new Float64Array(await get(`w5s_${k}.f64`)));
  const start = performance.now(), labels = wasm.alloc(n * 4), at = wasm.alloc(640), out = wasm.alloc(128), picked = wasm.alloc(9 * rows.length * 4);
  const points = pointsOf(8, x), few = new Float64Array(rows.length * 8);
  rows.forEach((row, i) => few.set(x.subarray(row * 8, row * 8 + 8), i * 8));
  const sample = pointsOf(8, few);
  starts.forEach((c0, i) => {
    new Float64Array(wasm.memory.buffer, at, c0.length).set(c0);
    wasm.kmeans(points, at, c0.length, movement, 300, labels, out);
    const all = new Uint32Array(wasm.memory.buffer, labels, n), to = new Uint32Array(wasm.memory.buffer, picked + i * rows.length * 4, rows.length);
    rows.forEach((row, i) => { to[i] = all[row]; }); every.set(all, i * n);
  });
  const clustered = performance.now();
  wasm.silhouette_means(sample, picked, 9, out);
  const ms = performance.now() - start, silhouettes = Array.from(new Float64Array(wasm.memory.buffer, out, 9));
  wasm.points_free(points); wasm.points_free(sample);
  for (const [place, bytes] of [[labels, n * 4], [at, 640], [out, 128], [picked, 9 * rows.length * 4]]) wasm.dealloc(place, bytes);
  return { ms, clustering: clustered - start, silhouettes, labels: Array.from(every, (label) => label.toString(16).padStart(2, '0')).join('') };
};
globalThis.ready = true;
