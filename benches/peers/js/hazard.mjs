// The model of hazards in Chromium, by the public API in its worker, against the same natively on one core, in turn: both from a simulated CRM to back-test, fit and scores with reasons.
//   node js/hazard.mjs [--deals 100] [--rounds 3]      deals in thousands; after rs/build.sh own-native, with www/ built
import path from 'node:path'; import { execFileSync } from 'node:child_process'; import { fileURLToPath } from 'node:url'; import { parseArgs } from 'node:util';
const { values: o } = parseArgs({ options: { deals: { type: 'string', default: '100' }, rounds: { type: 'string', default: '3' } } });
const HERE = path.dirname(fileURLToPath(import.meta.url)), own = path.join(process.env.PEERS_BUILD || 'build', 'own-native');
const row = (program, args) => JSON.parse(execFileSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'] }).toString().trim().split('\n').at(-1));
const median = (rows, of) => rows.map(of).toSorted((a, b) => a - b)[rows.length >> 1], native = [], browser = [];
for (let i = 0; i < +o.rounds; i++) {
  native.push(row(own, ['crm', `${o.deals}000`]));
  browser.push(row(process.execPath, [path.join(HERE, 'chromium.mjs'), `ours.html?w=hazard&t=${o.deals}k&reps=1`]));
}
for (const phase of ['back_test', 'fit', 'scores', 'ms']) {
  const [a, b] = [median(native, (r) => r[phase]), median(browser, (r) => r[phase === 'ms' ? 'median' : phase])];
  console.log(JSON.stringify({ phase, native: Math.round(a), chromium: Math.round(b), ratio: +(b / a).toFixed(2) }));
}
