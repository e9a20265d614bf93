// This project on the peers' workloads, by its public API and in its worker: ours.html?w=w1,w2,w3,w4&t=100k,1m&reps=5; w=hazard makes its data itself
import { open } from '/www/engine.js';
const q = new URLSearchParams(location.search), ws = q.get('w').split(','), tags = (q.get('t') || '100k,1m').split(','), reps = +(q.get('reps') || 5);
const get = async (f) => (await fetch('/data/' + f)).arrayBuffer();
const emit = (r) => console.log('ROW ' + JSON.stringify(r));
async function bench(w, c, fn, extra, before = () => {}) {
  const t0 = performance.now(); let r = await fn(); const cold = performance.now() - t0, t = [];
  for (let i = 0; i < reps; i++) { before(); const s = performance.now(); r = await fn(); t.push(performance.now() - s); }
  t.sort((a, b) => a - b);
  emit({ w, case: c, peer: 'crm-analytics@chromium', min: +t[0].toFixed(2), median: +t[t.length >> 1].toFixed(2), n: t.length, cold: +cold.toFixed(1), ...extra(r) });
}
const column = (x, d, j) => { const n = x.length / d, v = new Float64Array(n); for (let i = 0; i < n; i++) v[i] = x[i * d + j]; return v; };
const numbered = (n) => Float64Array.from({ length: n }, (_, i) => i);
async function using(given, use) { const crm = await open(given); try { await use(crm); } finally { crm.dispose(); } }

const JOBS = {
  async w1(tag) {
    const x = new Float64Array(await get(`w1_${tag}.f64`)), customers = { id: numbered(x.length / 8) }, features = [];
    for (let j = 0; j < 8; j++) { customers[`c${j}`] = column(x, 8, j); features.push({ column: `c${j}`, transform: 'none' }); }
    await using({ customers, mapping: { customers: { id: 'id' } } }, (crm) =>
      bench('w1', `${tag}-f64 rows 0-7 strict`, () => crm.segments({ of: 'customers', features, k: 8, startRows: [0, 1, 2, 3, 4, 5, 6, 7] }), (r) => ({ iters: r.iterations, inertia: r.inertia, note: 'with standardising, profile and silhouette' })));
  },
  async w2(tag) {
    const x = new Float64Array(await get(`w2_${tag}_x.f64`)), y = new Uint8Array(await get(`w2_${tag}_y.u8`)), deals = { id: numbered(y.length), outcome: Array.from(y, (v) => (v ? 'Won' : 'Lost')) }, features = [];
    for (let j = 0; j < 20; j++) { deals[`c${j}`] = column(x, 20, j); features.push(`c${j}`); }
    await using({ deals, mapping: { deals: { id: 'id', outcome: 'outcome' } } }, (crm) =>
      bench('w2', tag, () => crm.forecast({ features, penalty: 1 }), (r) => ({ gmax: r.model.maxGradient, intercept: r.model.intercept, note: 'two fits: hold-out and all rows' })));
  },
  async w3(tag) {
    if (tag === '100k') return;
    const deal = new Uint32Array(await get(`w3_${tag}_deal.u32`)), stage = new Uint8Array(await get(`w3_${tag}_stage.u8`)), ts = new Float64Array(await get(`w3_${tag}_ts.f64`));
    const { now } = JSON.parse(new TextDecoder().decode(await get(`w3_${tag}.json`)));
    const names = ['s0', 's1', 's2', 's3', 's4', 'Won', 'Lost'], history = { deal_id: Float64Array.from(deal), stage: Array.from(stage, (s) => names[s]), entered_at: ts };
    const given = { history, asOf: now, repeats: 'separate', mapping: { history: { deal_id: 'deal_id', stage: 'stage', entered_at: 'entered_at' }, stages: names.slice(0, 5) } };
    const check = (r) => ({ check: r.stages.map((s) => [s.passages, s.left, s.duration.quantiles[1].days * 864e5]) });
    await bench('w3', `${tag}-durations+km`, async () => { let r; await using(given, async (crm) => { r = await crm.funnel({ parts: ['stages'] }); }); return r; }, (r) => ({ ...check(r), note: 'load, recognise and analyse' }));
    await bench('w3', `${tag}-whole funnel`, async () => { let r; await using(given, async (crm) => { r = await crm.funnel(); }); return r; }, (r) => ({ ...check(r), note: 'load, recognise and analyse everything' }));
    // As the tables of the peers, the columns are in the core's memory before the clock starts.
    const core = await import('/www/core/crm_analytics.js'), options = { ...given, history: undefined };
    const { memory } = await core.default(); core.addAnalyses(await (await fetch('/www/core/crm_analytics_analyses.wasm')).arrayBuffer());
    const columns = [history.deal_id, { codes: Uint32Array.from(stage), cells: names }, ts];
    for (const [what, asked] of [['durations+km', { parts: ['stages'] }], ['whole funnel', {}]]) {
      let loader; const load = () => { loader = new core.Loader(options); loader.addColumns('history', 'history', Object.keys(history), columns); };
      load(); await bench('w3', `${tag}-${what} in the core`, () => { const handle = loader.finish(), r = handle.funnel(asked, () => {}); handle.free(); return r; },
        (r) => ({ ...check(r), peak_mb: Math.round(memory.buffer.byteLength / 1e6), note: 'recognise and analyse columns that are there' }), load);
    }
  },
  async w4(tag) {
    if (tag !== '1m') return;
    const bytes = new Uint8Array(await get('w4_1m.csv')), csv = new Blob([bytes]);
    const core = await import('/www/core/crm_analytics.js'), { memory } = await core.default();
    const read = () => { const loader = new core.Loader({}); loader.addCsv('deals', 'w4_1m.csv', bytes); return loader; };
    let last; await bench('w4', '1m-read', () => { last?.free(); last = read(); }, () => {
      const peak = memory.buffer.byteLength, [{ rows, columns }] = last.finish().summary().tables;
      const totals = columns.map(({ name, kind, missing, distinct }) => [name, missing, kind === 'text' ? distinct : null]);
      return { totals: JSON.stringify([rows, totals]), peak_mb: Math.round(peak / 1e6), note: 'from bytes of the page: copied in, inferred, unquoted, validated, typed' };
    });
    await bench('w4', '1m-opened', async () => { let r; await using({ deals: csv }, async (crm) => { r = crm.summary(); }); return r; }, (r) => ({ rows: r.tables[0].rows, note: 'inferred, validated, recognised' }));
  },
  // The simulated CRM of `own-native crm`, and its phases.
  async hazard(tag) {
    const deals = parseInt(tag) * (tag.endsWith('m') ? 1e6 : 1e3);
    await using({ simulate: { deals, seed: 1 }, asOf: Date.UTC(2025, 5, 30, 23, 59, 59) }, async (crm) => {
      let start = 0, marks = [];
      const run = () => { start = performance.now(); marks = [0, 0, 0]; return crm.forecast({ model: 'auto' }, { onProgress: ({ share }) => [0.1, 0.64, 0.909].forEach((end, i) => { if (share <= end + 1e-9) marks[i] = performance.now() - start; }) }); };
      await bench('hazard', tag, run, ({ hazard }) => {
        const all = performance.now() - start, [closed, tested, fitted] = marks, phases = { closed_deals: closed, back_test: tested - closed, fit: fitted - tested, scores: all - fitted };
        return { ...Object.fromEntries(Object.entries(phases).map(([name, ms]) => [name, +ms.toFixed(0)])), deal_weeks: hazard.dealWeeks, open: hazard.row.length, reasons: hazard.reason.length };
      });
    });
  },
};
try { for (const w of ws) for (const tag of tags) await JOBS[w](tag); } catch (e) { console.log(`failed: ${e.code} ${e.message}`); }
console.log('DONE');
