// W1 at every shape: this project in Chromium, scikit-learn on one thread and ml-kmeans, the same start and the same stopping rule, in turn.
//   node js/w1_shapes.mjs [--tags 100k,1m] [--dims 2,5,8,17,32] [--ks 3,8,16] [--reps 5] [--tol 1e-4] [--ml 1] [--workers 1] [--w5]
// `--workers 2`: as many workers without shared memory, and threads of scikit-learn.
// `--w5`: k = 2..10 with the silhouettes of 5,000 rows, too; `--tags ''` for that alone.
// ml-kmeans runs as many iterations as this project, without a stopping rule of its own, `--ml` times (0: not at all).
import http from 'node:http'; import fs from 'node:fs'; import path from 'node:path'; import os from 'node:os'; import readline from 'node:readline';
import { spawn, execSync } from 'node:child_process'; import { fileURLToPath } from 'node:url'; import { createRequire } from 'node:module'; import { parseArgs } from 'node:util';
const { values: o } = parseArgs({ options: { tags: { type: 'string', default: '100k,1m' }, dims: { type: 'string', default: '2,5,8,17,32' }, ks: { type: 'string', default: '3,8,16' }, reps: { type: 'string', default: '5' }, tol: { type: 'string', default: '1e-4' }, ml: { type: 'string', default: '1' }, f64: { type: 'string', default: '1' }, workers: { type: 'string', default: '1' }, w5: { type: 'boolean', default: false } } });
const HERE = path.dirname(fileURLToPath(import.meta.url)), E = process.env, D = E.PEERS_DATA || 'data', B = E.PEERS_BUILD || 'build', NM = E.PEERS_NODE_MODULES || 'node_modules';
const require = createRequire(path.resolve(NM, 'x.js')), { chromium } = require('playwright-core');
const { kmeans } = await import(require.resolve('ml-kmeans')).catch(() => ({ kmeans: require('ml-kmeans').kmeans }));
const roots = { '/data/': D, '/build/': B, '/': HERE }, types = { '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const server = http.createServer((q, s) => { const u = decodeURIComponent(q.url.split('?')[0]), r = Object.keys(roots).find((k) => u.startsWith(k)), f = path.join(roots[r], u.slice(r.length)); if (!fs.existsSync(f) || fs.statSync(f).isDirectory()) { s.writeHead(404); return s.end(); } s.writeHead(200, { 'content-type': types[path.extname(f)] || 'application/octet-stream' }); fs.createReadStream(f).pipe(s); }).listen(0, '127.0.0.1');
await new Promise((r) => server.on('listening', r));
const python = spawn(E.PYTHON || 'python3', [path.join(HERE, '../py/w1_shapes.py')], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...E, THREADS: o.workers } });
const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const sklearn = async (q) => { python.stdin.write(JSON.stringify(q) + '\n'); return JSON.parse((await lines.next()).value); };
const browser = await chromium.launchPersistentContext(fs.mkdtempSync(path.join(os.tmpdir(), 'chr-')), { executablePath: E.CHROMIUM || execSync('command -v chromium').toString().trim(), headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });
const median = (t) => t.toSorted((a, b) => a - b)[t.length >> 1], reps = +o.reps, tol = +o.tol;
if (o.w5) {
  const page = await browser.newPage(); await page.goto(`http://127.0.0.1:${server.address().port}/w1_shapes.html`); await page.waitForFunction('globalThis.ready');
  const x = new Float32Array(fs.readFileSync(path.join(D, 'w1s_100k_8.f32')).buffer), ours = [], f32 = [], f64 = []; let a, b, variance = 0;
  for (let j = 0; j < 8; j++) { let s = 0, q = 0; for (let i = j; i < x.length; i += 8) { s += x[i]; q += x[i] ** 2; } variance += (q / (x.length / 8) - (s / (x.length / 8)) ** 2) / 8; }
  const run = () => page.evaluate((m) => globalThis.w5(m), tol * variance), others = (a, b) => { let n = 0; for (let i = 0; i < a.length; i += 2) n += a[i] !== b[i] || a[i + 1] !== b[i + 1]; return n; }, cold = (await run()).ms;
  for (let i = 0; i < reps; i++) { a = await run(); ours.push(a.ms); f32.push((await sklearn({ w5: 'f32' })).ms); b = await sklearn({ w5: 'f64' }); f64.push(b.ms); }
  console.log(JSON.stringify({ w5: true, ours: +median(ours).toFixed(1), clustering: +a.clustering.toFixed(1), cold: +cold.toFixed(1), sklearn_f32: +median(f32).toFixed(1), sklearn_f64: +median(f64).toFixed(1), ratio_f32: +(median(ours) / median(f32)).toFixed(3), ratio_f64: +(median(ours) / median(f64)).toFixed(3), labels_that_differ: others(a.labels, b.labels), difference: Math.max(...a.silhouettes.map((s, i) => Math.abs(s - b.silhouettes[i]))) }));
  await page.close();
}
for (const tag of o.tags.split(',').filter(Boolean)) for (const d of o.dims.split(',').map(Number)) {
  const page = await browser.newPage(); await page.goto(`http://127.0.0.1:${server.address().port}/w1_shapes.html`); await page.waitForFunction('globalThis.ready');
  const f32 = new Float32Array(fs.readFileSync(path.join(D, `w1s_${tag}_${d}.f32`)).buffer), n = f32.length / d;
  let variance = 0; for (let j = 0; j < d; j++) { let s = 0, q = 0; for (let i = 0; i < n; i++) { s += f32[i * d + j]; q += f32[i * d + j] ** 2; } variance += (q / n - (s / n) ** 2) / d; }
  for (const k of o.ks.split(',').map(Number)) {
    const q = { tag, d, k, tol }, ours = [], theirs = []; let a, b;
    const run = () => page.evaluate((q) => (q.count > 1 ? globalThis.sharded(q) : globalThis.once(q)), { tag, d, k, movement: tol * variance, iterations: 300, count: +o.workers });
    const cold = (await run()).ms; await sklearn({ ...q, dt: 'f32' });
    for (let i = 0; i < reps; i++) { a = await run(); ours.push(a.ms); b = await sklearn({ ...q, dt: 'f32' }); theirs.push(b.ms); }
    const exact = +o.f64 ? await sklearn({ ...q, dt: 'f64' }) : null;
    const row = { tag, d, k, ours: +median(ours).toFixed(1), best: +Math.min(...ours).toFixed(1), packing: +a.packing.toFixed(1), cold: +cold.toFixed(1), sklearn: +median(theirs).toFixed(1), ratio: +(median(ours) / median(theirs)).toFixed(3), iterations: [a.iterations, b.iterations, exact?.iterations], memory: +(a.memory / (n * d * 8)).toFixed(2), inertia: a.inertia, difference: exact && Math.abs(a.inertia / exact.inertia - 1) };
    if (+o.ml) {
      const X = Array.from({ length: n }, (_, i) => Array.from(f32.subarray(i * d, i * d + d))), bytes = fs.readFileSync(path.join(D, `w1s_${tag}_${d}_${k}.f64`)), c = Float64Array.from({ length: k * d }, (_, i) => bytes.readDoubleLE(8 * i));
      const start = Array.from({ length: k }, (_, i) => Array.from(c.subarray(i * d, i * d + d))), t = [];
      for (let i = 0; i < +o.ml; i++) { const s = performance.now(); kmeans(X, k, { initialization: start, maxIterations: a.iterations, tolerance: 0 }); t.push(performance.now() - s); }
      row.ml = +median(t).toFixed(0); row.faster = +(row.ml / row.ours).toFixed(1);
    }
    console.log(JSON.stringify(row));
  }
  await page.close();
}
python.stdin.end(); await browser.close(); server.close();
