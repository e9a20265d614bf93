// W2 at every shape: this project in Chromium with its packing, a careful Newton in JavaScript in the same page, scikit-learn on one thread, in turn.
//   node js/w2_shapes.mjs [--tags 100k,1m] [--dims 5,20,60] [--reps 5] [--solver newton-cholesky] [--js 3]
// To max |gradient| / n <= 1e-6. A row is `checked` where log-loss and area under the curve equal scikit-learn's to 1e-6 and numpy finds the gradient as small.
import http from 'node:http'; import fs from 'node:fs'; import path from 'node:path'; import os from 'node:os'; import readline from 'node:readline';
import { spawn, execSync } from 'node:child_process'; import { fileURLToPath } from 'node:url'; import { createRequire } from 'node:module'; import { parseArgs } from 'node:util';
const { values: o } = parseArgs({ options: { tags: { type: 'string', default: '100k,1m' }, dims: { type: 'string', default: '5,20,60' }, reps: { type: 'string', default: '5' }, solver: { type: 'string', default: 'newton-cholesky' }, js: { type: 'string', default: '3' } } });
const HERE = path.dirname(fileURLToPath(import.meta.url)), E = process.env, D = E.PEERS_DATA || 'data', B = E.PEERS_BUILD || 'build', NM = E.PEERS_NODE_MODULES || 'node_modules';
const require = createRequire(path.resolve(NM, 'x.js')), { chromium } = require('playwright-core');
const roots = { '/data/': D, '/build/': B, '/': HERE }, types = { '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const server = http.createServer((q, s) => { const u = decodeURIComponent(q.url.split('?')[0]), r = Object.keys(roots).find((k) => u.startsWith(k)), f = path.join(roots[r], u.slice(r.length)); if (!fs.existsSync(f) || fs.statSync(f).isDirectory()) { s.writeHead(404); return s.end(); } s.writeHead(200, { 'content-type': types[path.extname(f)] || 'application/octet-stream' }); fs.createReadStream(f).pipe(s); }).listen(0, '127.0.0.1');
await new Promise((r) => server.on('listening', r));
const python = spawn(E.PYTHON || 'python3', [path.join(HERE, '../py/w2_shapes.py')], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...E, THREADS: '1' } });
const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const sklearn = async (q) => { python.stdin.write(JSON.stringify(q) + '\n'); return JSON.parse((await lines.next()).value); };
const browser = await chromium.launchPersistentContext(fs.mkdtempSync(path.join(os.tmpdir(), 'chr-')), { executablePath: E.CHROMIUM || execSync('command -v chromium').toString().trim(), headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });
const median = (t) => t.toSorted((a, b) => a - b)[t.length >> 1], tolerance = 1e-6, penalty = 1;
for (const tag of o.tags.split(',')) for (const d of o.dims.split(',').map(Number)) {
  const page = await browser.newPage(); await page.goto(`http://127.0.0.1:${server.address().port}/w2_shapes.html`); await page.waitForFunction('globalThis.ready');
  const q = { tag, d, penalty, tolerance, exact: false }, run = (q) => page.evaluate((q) => globalThis.once(q), q), newton = () => page.evaluate((q) => globalThis.newton(q), q);
  const t = { ours: [], exact: [], sklearn: [], js: [] }; let a, b, c, e;
  const cold = (await run(q)).ms; await sklearn({ tag, d, solver: o.solver, judge: false });
  for (let i = 0; i < +o.reps; i++) {
    a = await run(q); t.ours.push(a.ms); b = await sklearn({ tag, d, solver: o.solver }); t.sklearn.push(b.ms);
    if (i < +o.js) { c = await newton(); t.js.push(c.ms); }
    e = await run({ ...q, exact: true }); t.exact.push(e.ms);
  }
  const judged = await sklearn({ tag, d, intercept: a.intercept, slopes: a.slopes }), m = Object.fromEntries(Object.entries(t).map(([who, times]) => [who, times.length ? median(times) : NaN]));
  const checked = judged.gradient <= tolerance * 1.0001 && Math.abs(judged.log_loss - b.log_loss) <= 1e-6 && Math.abs(judged.auc - b.auc) <= 1e-6;
  console.log(JSON.stringify({ tag, d, ours: +m.ours.toFixed(1), packing: +a.packing.toFixed(1), best: +Math.min(...t.ours).toFixed(1), cold: +cold.toFixed(1), exact: +m.exact.toFixed(1), sklearn: +m.sklearn.toFixed(1), js: +m.js.toFixed(1), ratio: +(m.ours / m.sklearn).toFixed(3), ratio_exact: +(m.exact / m.sklearn).toFixed(3), faster: +(m.js / m.ours).toFixed(1), passes: a.passes, steps: [b.iterations, c?.steps], gradient: [judged.gradient, b.gradient, c?.gradient], difference: [judged.log_loss - b.log_loss, judged.auc - b.auc], memory: +(e.memory / (a.slopes.length * { '100k': 1e5, '1m': 1e6 }[tag] * 8)).toFixed(2), load: os.loadavg()[0], checked }));
  await page.close();
}
python.stdin.end(); await browser.close(); server.close();
