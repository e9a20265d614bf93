// A worker with a part of the points; it exchanges sums with the other workers over ports, once per pass.
import init from '/build/own/own.js';
const wasm = await init({ module_or_path: '/build/own/own_bg.wasm' });
const numbers = (at, length) => new Float64Array(wasm.memory.buffer, at, length);
let ports = [];
// What another worker sends before this one asks waits in a stream.
const listen = (port) => new ReadableStream({ start: (stream) => { port.onmessage = ({ data }) => stream.enqueue(data); } }).getReader();
const exchange = (own) => Promise.all(ports.map(async ({ port, reader }) => { port.postMessage(own); return (await reader.read()).value; }));
async function run({ rows, d, c0, movement, iterations }) {
  const k = c0.length / d, size = 4 * k * (Math.ceil(d / 2) + 1), at = wasm.rows_new(rows.length);
  numbers(at, rows.length).set(rows);
  const centroids = wasm.alloc(c0.byteLength), sums = wasm.alloc(size * 8), others = wasm.alloc(ports.length * size * 8);
  numbers(centroids, c0.length).set(c0);
  const points = wasm.points_of(d, at, rows.length), shard = wasm.shard_new(points, centroids, c0.length);
  let passes = 0, end = false;
  while (!end) {
    passes++;
    const moved = wasm.shard_assign(shard);
    wasm.shard_sums(shard, sums, size);
    const heard = await exchange({ moved, sums: numbers(sums, size).slice() });
    if (moved + heard.reduce((sum, other) => sum + other.moved, 0) === 0) break;
    heard.forEach((other, i) => numbers(others + i * size * 8, size).set(other.sums));
    end = wasm.shard_move(shard, others, ports.length * size) <= movement || passes === iterations;
    if (end) wasm.shard_assign(shard);
  }
  const inertia = wasm.shard_inertia(shard);
  wasm.points_free(points);
  for (const [place, length] of [[centroids, c0.length], [sums, size], [others, ports.length * size]]) wasm.dealloc(place, length * 8);
  return { inertia, iterations: passes, memory: wasm.memory.buffer.byteLength };
}
onmessage = async ({ data }) => { if (data.ports) ports = data.ports.map((port) => ({ port, reader: listen(port) })); else postMessage(await run(data)); };
postMessage('ready');
