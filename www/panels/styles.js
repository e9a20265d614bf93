/** The stylesheet of the elements; a host's theme goes into its custom properties. */

const CSS = `
:host {
  --crm-accent: light-dark(#1f56c2, #8ab0ff); --crm-surface: light-dark(#ffffff, #181a1e); --crm-text: light-dark(#1b1e23, #e7e9ec);
  --crm-muted: light-dark(#59606b, #a3aab5); --crm-border: light-dark(#e1e4e8, #2f333a); --crm-good: light-dark(#0f766e, #49b5a7);
  --crm-bad: light-dark(#b4540a, #e8985a); --crm-open: light-dark(#64748b, #94a3b8); --crm-radius: 10px; --crm-space: 16px; --crm-font: inherit;
  --crm-category-1: light-dark(#0072b2, #56b0e8); --crm-category-2: light-dark(#c4500a, #f0914e); --crm-category-3: light-dark(#00806a, #34bfa0);
  --crm-category-4: light-dark(#a8428c, #dd86c5); --crm-category-5: light-dark(#7d6b00, #cfbb3c); --crm-category-6: light-dark(#5652cc, #a3a0fa);
  --crm-category-7: light-dark(#4b5563, #b6bdc8);
  display: block; color: var(--crm-text); font-family: var(--crm-font); container-type: inline-size;
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
.root { line-height: 1.5; font-size: 15px; text-align: start; overflow-wrap: break-word; }
.root:lang(fa), .root:lang(ar) { line-height: 1.8; }
h2, h3, h4, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
h2 { font-size: 15px; font-weight: 600; color: var(--crm-muted); }
h3 { font-size: 15px; font-weight: 600; }
h4, .small-print h3 { font-size: 14px; font-weight: 600; margin-block-start: 12px; }
.note { color: var(--crm-muted); font-size: 13px; font-weight: 400; }
.estimate > .note { display: block; white-space: nowrap; }
.strong { font-weight: 600; }
p, li, .toolbar, .glance .value { overflow-wrap: anywhere; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.glance { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 200px), 1fr)); gap: 12px; margin-block-end: calc(var(--crm-space) * 1.25); }
.glance button { display: grid; gap: 2px; text-align: start; padding: 12px 16px; border-radius: var(--crm-radius); align-content: start; }
.glance .value { font-size: 22px; font-weight: 600; line-height: 1.35; }
.glance .value:lang(fa) { line-height: 1.7; }
.panels { display: grid; grid-template-columns: minmax(0, 1fr); gap: calc(var(--crm-space) * 1.25); }
.panel { background: var(--crm-surface); border: 1px solid var(--crm-border); border-radius: var(--crm-radius); padding: calc(var(--crm-space) * 1.5); min-inline-size: 0; }
/* Room for the first answer, so that nothing jumps when it comes. */
.panel[data-state="busy"]:not([data-answered]) { min-block-size: 620px; }
.message button { justify-self: start; }
.panel[data-code="missing_table"] { order: 1; }
.panel[data-code="missing_table"] .sentence { font-size: 16px; color: var(--crm-muted); }
.panel > header { display: flex; align-items: center; gap: var(--crm-space); min-block-size: 34px; flex-wrap: wrap; }
.panel > header h2 { flex: 1 1 auto; }
.sentence { font-size: 21px; line-height: 1.4; max-inline-size: 62ch; min-block-size: 1.4em; text-wrap: pretty; }
.sentence:lang(fa) { line-height: 1.75; }
.sentence strong { font-weight: 650; }
.sentence .note { font-size: 14px; }
.panel[data-state="busy"] .sentence, .panel[data-state="busy"] .body { opacity: 0.45; }
.body { display: grid; grid-template-columns: minmax(0, 1fr); gap: calc(var(--crm-space) * 1.25); margin-block-start: var(--crm-space); min-inline-size: 0; }
.body > *, .pair > *, .chosen-stage > *, .stages > * { min-inline-size: 0; }
.stages, .chosen-stage, .deals, .quality, .profiles, .shares, .current, .within, .measures { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; min-inline-size: 0; }
.body > :empty { display: none; }
.progress { display: flex; align-items: center; gap: 10px; }
progress { inline-size: 160px; block-size: 6px; appearance: none; border: 0; border-radius: 3px; overflow: hidden; background: var(--crm-border); accent-color: var(--crm-accent); }
progress::-webkit-progress-bar { background: var(--crm-border); }
progress::-webkit-progress-value { background: var(--crm-accent); }
progress::-moz-progress-bar { background: var(--crm-accent); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: calc(var(--crm-space) * 1.5); align-items: start; }
.toolbar .recognised { flex: 0 1 auto; min-inline-size: 0; }
.toolbar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; }
.toolbar h3 { margin-inline-end: auto; }

.key-numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 12px 24px; margin-block-end: var(--crm-space); }
.key-number { border-inline-start: 2px solid var(--crm-border); padding-inline-start: 12px; min-inline-size: 0; }
.key-number dt { font-size: 13px; color: var(--crm-muted); display: flex; align-items: center; gap: 6px; }
.key-number .value { font-size: 24px; font-weight: 600; line-height: 1.35; font-variant-numeric: tabular-nums; }
.swatch { inline-size: 14px; block-size: 14px; border-radius: 3px; flex: none; border: 1.5px solid var(--crm-open); }
.swatch.won { background: var(--crm-good); border-color: var(--crm-good); }
.swatch.lost { border-color: var(--crm-bad); background: repeating-linear-gradient(-45deg, var(--crm-bad) 0 3px, var(--crm-surface) 3px 5px); }
.swatch.hold { background: radial-gradient(var(--crm-open) 35%, transparent 40%) 0 0 / 5px 5px; }
.swatch.stage { background: var(--crm-accent); border-color: var(--crm-accent); }
.swatch.closed { background: var(--crm-muted); border-color: var(--crm-muted); }

.chart { min-inline-size: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; align-content: start; }
figcaption { font-weight: 600; font-size: 14px; }
.axis-name { color: var(--crm-muted); font-size: 12px; min-block-size: 1.5em; }
.canvas { inline-size: 100%; overflow: hidden; }
.chart-table { margin-block-start: 8px; max-block-size: 320px; overflow: auto; }

.scroll { overflow-x: auto; max-inline-size: 100%; }
table { border-collapse: collapse; inline-size: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
table.small { font-size: 13px; }
th, td { text-align: start; padding: 7px 10px; border-block-end: 1px solid var(--crm-border); font-weight: 400; vertical-align: middle; }
th:first-child, td:first-child { padding-inline-start: 0; }
th:last-child, td:last-child { padding-inline-end: 0; }
thead th { color: var(--crm-muted); font-size: 13px; vertical-align: bottom; line-height: 1.35; }
/* Long names are broken and end after three lines; a record has them whole. */
:is(th, td) bdi { display: -webkit-inline-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow: hidden; max-inline-size: 17rem; vertical-align: top; text-align: -webkit-match-parent; text-align: match-parent; }
.chip bdi { display: inline; max-inline-size: none; }
/* IDs are not broken at their dashes. */
tbody th > .link bdi { min-inline-size: 8ch; }
th.number, td.number { text-align: right; }
td.number, th.number .link { white-space: nowrap; }
.wide { min-inline-size: 110px; inline-size: 26%; }
.rows .wide { inline-size: 16%; }
.long-list { --row: 41px; max-block-size: 552px; overflow: auto; contain: content; }
.long-list thead th { position: sticky; inset-block-start: 0; background: var(--crm-surface); z-index: 1; box-shadow: inset 0 -1px var(--crm-border); }
.long-list table { table-layout: fixed; min-inline-size: 900px; }
.long-list th { inline-size: 10%; }
.long-list.members table { min-inline-size: 0; }
.members th { inline-size: auto; }
.long-list th.wide { inline-size: 11%; min-inline-size: 0; }
.long-list th.why { inline-size: 29%; }
.long-list th.window { inline-size: 13%; }
.long-list tbody td.window { white-space: normal; font-size: 12.5px; line-height: 1.3; }
.narrow { display: none; }
.filters, .picks { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; min-inline-size: 0; }
.picks select { max-inline-size: 180px; }
.picks button { max-inline-size: 240px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.long-list tbody :is(th, td) { overflow: hidden; text-overflow: ellipsis; block-size: var(--row); padding-block: 0; white-space: nowrap; line-height: 1.5; }
.long-list tbody bdi { display: inline-block; max-inline-size: 100%; overflow: hidden; text-overflow: ellipsis; vertical-align: middle; }
.long-list .chips { flex-wrap: nowrap; }
.long-list .space td { border: 0; padding: 0; }
.behind { --row: 58px; max-block-size: calc(100dvh - 220px); min-block-size: 160px; }
.long-list.behind table { min-inline-size: 0; }
.behind th { inline-size: 24%; }
.behind th.number { inline-size: 20%; }
.behind :is(th.id, th.dates) { inline-size: 28%; }
.behind :is(th, td):not(:first-child) { padding-inline: 5px; }
.behind tbody td { font-size: 13px; line-height: 1.4; white-space: normal; }
.behind tbody .note, .behind .dates span { display: block; overflow: hidden; text-overflow: ellipsis; font-size: inherit; }
.behind tbody th .note { font-size: 12.5px; }
.behind td .swatch { display: inline-block; inline-size: 11px; block-size: 11px; margin-inline-end: 4px; vertical-align: -1px; }
.behind .dates span { white-space: nowrap; }
tr.opens { cursor: pointer; }
tr.opens:hover, tr.chosen { background: color-mix(in srgb, var(--crm-accent) 6%, transparent); }
.bar { display: block; block-size: 16px; }
.bar span { display: block; block-size: 100%; background: var(--crm-accent); border-start-end-radius: 2px; border-end-end-radius: 2px; opacity: 0.75; }
tr.chosen .bar span { opacity: 1; }
.interval { position: relative; display: block; block-size: 16px; border-inline: 1px solid var(--crm-border); background: linear-gradient(var(--crm-border), var(--crm-border)) center / 100% 1px no-repeat; }
.interval-range { position: absolute; inset-block: 5px; background: var(--crm-accent); opacity: 0.35; border-radius: 3px; }
.interval-dot { position: absolute; inset-block-start: 4px; inline-size: 8px; block-size: 8px; margin-inline-start: -4px; border-radius: 50%; background: var(--crm-accent); }
.interval-mark { position: absolute; inset-block: 0; inline-size: 2px; margin-inline-start: -1px; background: var(--crm-text); }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 190px), 1fr)); gap: 8px 14px; align-items: end; }
.fields .field { display: grid; gap: 2px; }
.fields .field > :is(input, select) { inline-size: 100%; }
.fields button { justify-self: start; }
.rules { list-style: none; display: grid; }
.rules li { padding-block: 8px; border-block-end: 1px solid var(--crm-border); }
.rule { display: flex; flex-wrap: wrap; gap: 6px 8px; align-items: center; }
.rule input[type="number"] { inline-size: 7.5em; }
.rule select { max-inline-size: 200px; }
.model-quality { display: grid; grid-template-columns: minmax(0, 1fr); gap: calc(var(--crm-space) * 1.25); }
.slider { flex: 1 1 220px; }
.slider input { flex: 1 1 auto; min-inline-size: 100px; padding: 0; border: 0; accent-color: var(--crm-accent); }
.band { min-inline-size: 180px; }
.chips { display: flex; flex-wrap: wrap; gap: 4px; }
.chip { display: inline-block; font-size: 12px; line-height: 1.6; padding-inline: 8px; border-radius: 10px; border: 1px solid var(--crm-border); white-space: nowrap; max-inline-size: 190px; overflow: hidden; text-overflow: ellipsis; }
.long-list tbody .chip bdi { display: inline; }
.chip.up { border-color: var(--crm-good); color: var(--crm-good); }
.chip.down { border-color: var(--crm-bad); border-style: dashed; color: var(--crm-bad); }
.reasons { list-style: none; display: grid; gap: 8px; margin-block: 8px 16px; }
.reasons li { display: grid; grid-template-columns: minmax(80px, 1fr) auto 70px 56px; gap: 8px; align-items: center; }
.reasons .number { text-align: right; font-variant-numeric: tabular-nums; font-size: 13px; }
.weight { block-size: 8px; display: block; }
.weight span { display: block; block-size: 100%; background: var(--crm-good); border-radius: 2px; }
.weight.down span { background: var(--crm-bad); }

.section > summary { cursor: pointer; font-weight: 600; font-size: 15px; padding-block: 6px; }
.section, .more, .groups, .found, .stuck, .worth, .heat { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; min-inline-size: 0; }
.section { display: block; }
.section > * + * { margin-block-start: 12px; }
.heat-cell { border: 0; font-size: inherit; min-block-size: 28px; min-inline-size: 3.6em; padding: 2px 6px; border-radius: 3px; text-align: right; white-space: nowrap; background: color-mix(in srgb, var(--crm-accent) var(--strength, 0%), transparent); }
.heat-cell.faint { color: var(--crm-muted); }
.heat-said { min-block-size: 3em; }
.path { display: inline-flex; flex-wrap: wrap; gap: 4px 6px; align-items: center; }
.arrow::before { content: "→"; color: var(--crm-muted); }
[dir="rtl"] .arrow::before { content: "←"; }

.legend li { display: inline-flex; align-items: center; gap: 6px; max-inline-size: 100%; min-inline-size: 0; }
.legend li > span:last-child { min-inline-size: 0; }
.legend button.link { color: inherit; }
.legend button[aria-pressed="true"] { font-weight: 600; color: var(--crm-accent); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; font-size: 14px; margin-block-end: 6px; }
.marker { margin-inline-end: 6px; }
.legend .marker { margin: 0; }
.named { white-space: nowrap; }
.profile { display: inline-grid; justify-items: end; gap: 3px; }
.deviation { position: relative; display: block; inline-size: 72px; block-size: 5px; background: linear-gradient(var(--crm-muted), var(--crm-muted)) center / 1px 100% no-repeat, var(--crm-border); border-radius: 2px; }
.deviation span { position: absolute; inset-block: 0; background: var(--crm-accent); border-radius: 2px; }
.deviation .more { inset-inline-start: 50%; }
.deviation .less { inset-inline-end: 50%; background: var(--crm-open); }
.shares { border-block-start: 1px solid var(--crm-border); padding-block-start: 12px; margin-block-start: 14px; }
.panel:focus { outline: none; }
.periods { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; }
.map-and-quality { display: grid; grid-template-columns: minmax(0, 1fr) 260px; gap: calc(var(--crm-space) * 1.5); align-items: start; }
.silhouettes ol { list-style: none; display: flex; gap: 2px; margin-block: 8px; }
.silhouettes li { flex: 1; min-inline-size: 0; }
.silhouettes button { border: 0; background: none; padding: 2px 0; inline-size: 100%; display: grid; justify-items: center; min-block-size: 0; }
.silhouettes .note { font-size: 10px; }
.column { display: flex; align-items: flex-end; block-size: 80px; inline-size: 70%; }
.column span { inline-size: 100%; background: var(--crm-open); opacity: 0.5; border-radius: 2px 2px 0 0; }
.chosen .column span { background: var(--crm-accent); opacity: 1; }
.chosen > span { font-weight: 600; }

.working-time { display: grid; gap: 8px; }
.working-hours { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
.working-hours .days { display: flex; flex-wrap: wrap; gap: 4px 14px; border: 0; margin: 0; padding: 0; min-inline-size: 0; flex-basis: 100%; }
.working-hours legend { color: var(--crm-muted); font-size: 14px; padding: 0; }

.quiet { font-size: 14px; }
.quiet > summary { color: var(--crm-muted); cursor: pointer; inline-size: fit-content; font-size: 13px; }
.quiet > summary:hover { color: var(--crm-text); }
.quiet[open] > summary { margin-block-end: 8px; }
.small-print { border-block-start: 1px solid var(--crm-border); padding-block-start: 12px; }
.small-print p { max-inline-size: 80ch; margin-block-end: 6px; }
.facts { display: grid; gap: 2px; margin-block-start: 10px; font-size: 13px; }
.facts div { display: flex; gap: 8px; flex-wrap: wrap; }
.facts dt { color: var(--crm-muted); }
code { font-size: 12px; overflow-wrap: anywhere; }
.left-out { padding-inline-start: 20px; display: grid; gap: 4px; }
.left-out .error { color: var(--crm-bad); }
.message { border: 1px solid var(--crm-border); border-inline-start: 3px solid var(--crm-open); border-radius: 6px; padding: 10px 14px; margin-block: 12px; background: var(--crm-surface); display: grid; gap: 6px; }
.verdict { display: grid; gap: 4px; max-inline-size: 80ch; }
.verdict-ready { color: var(--crm-good); }

.panel.quality { display: block; }
.score .bar { block-size: 6px; margin-block: 4px; background: var(--crm-border); border-radius: 3px; overflow: hidden; }
.faults { list-style: none; display: grid; grid-template-columns: minmax(0, 1fr); margin-block-start: 8px; }
.faults > li { border-block-end: 1px solid var(--crm-border); min-inline-size: 0; }
.fault > summary { cursor: pointer; padding-block: 10px; display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 4px 12px; align-items: baseline; }
.fault > summary:hover { background: color-mix(in srgb, var(--crm-accent) 6%, transparent); }
.fault[open] > summary > span:nth-child(2) { font-weight: 600; }
.severity { font-size: 12px; line-height: 1.6; padding-inline: 8px; border-radius: 10px; border: 1px solid var(--crm-border); color: var(--crm-muted); white-space: nowrap; }
.error > summary .severity { border-color: var(--crm-bad); color: var(--crm-bad); font-weight: 600; }
.warning > summary .severity { border-color: var(--crm-bad); border-style: dashed; color: var(--crm-bad); }
.fault-body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; padding-block: 4px 16px; padding-inline-start: 12px; max-inline-size: 80ch; }
.merges { border: 1px solid var(--crm-border); border-radius: 6px; padding: 8px 14px 12px; margin: 0; display: grid; gap: 6px; max-block-size: 320px; overflow: auto; min-inline-size: 0; overflow-wrap: anywhere; }

.recognised-strip { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; margin-block-end: calc(var(--crm-space) * 1.25); min-block-size: 106px; align-content: start; }
.recognised { font-size: 16px; max-inline-size: 112ch; text-wrap: pretty; }
.quality-strip { display: flex; flex-wrap: wrap; gap: 4px 24px; min-block-size: 26px; }
.field { max-inline-size: 100%; min-inline-size: 0; display: inline-flex; align-items: center; gap: 8px; font-size: 14px; }
.field > span { color: var(--crm-muted); overflow-wrap: normal; }
.field > select { min-inline-size: 0; flex: 0 1 auto; }
button, select, input { font: inherit; font-size: 14px; color: inherit; background: var(--crm-surface); border: 1px solid var(--crm-border); border-radius: 6px; padding: 4px 10px; min-block-size: 32px; max-inline-size: 100%; }
input[type="checkbox"] { min-block-size: 0; }
button { cursor: pointer; }
button:hover, select:hover { border-color: var(--crm-muted); }
button.primary { background: var(--crm-accent); border-color: var(--crm-accent); color: var(--crm-surface); }
button.link { border: 0; background: none; padding: 2px 0; min-block-size: 24px; color: var(--crm-accent); text-align: start; }
:is(td, dd) > button.link { font: inherit; }
button.link:hover { text-decoration: underline; }
thead button.link { color: inherit; font-size: 13px; white-space: nowrap; }
:focus-visible { outline: 2px solid var(--crm-accent); outline-offset: 2px; }

dialog { color: var(--crm-text); background: var(--crm-surface); border: 1px solid var(--crm-border); padding: 0; }
dialog::backdrop { background: rgb(0 0 0 / 0.35); }
.drawer { margin: 0; inset-block: 0; inset-inline: auto 0; block-size: 100dvh; max-block-size: none; inline-size: min(460px, 100vw); max-inline-size: 100vw; border-width: 0; border-inline-start-width: 1px; box-shadow: 0 0 40px rgb(0 0 0 / 0.2); }
.drawer-inside { block-size: 100%; overflow: auto; padding: 20px 24px; }
.drawer header { display: flex; justify-content: space-between; align-items: center; gap: 12px; margin-block-end: 12px; }
.drawer h2 { color: var(--crm-text); font-size: 17px; overflow-wrap: anywhere; }
.drawer-body { display: grid; gap: 10px; }
.record td, .record th { overflow-wrap: anywhere; }
.mapping { inline-size: min(860px, calc(100vw - 24px)); max-inline-size: none; max-block-size: calc(100dvh - 48px); border-radius: var(--crm-radius); box-shadow: 0 12px 60px rgb(0 0 0 / 0.25); }
.mapping form { display: flex; flex-direction: column; max-block-size: calc(100dvh - 50px); }
.mapping header, .mapping footer { padding: 16px 24px; border-block-end: 1px solid var(--crm-border); }
.mapping header h2 { color: var(--crm-text); font-size: 18px; }
.mapping footer { display: flex; justify-content: flex-end; gap: 10px; border-block: 1px solid var(--crm-border); border-block-end: 0; }
.mapping-body { padding: 16px 24px; overflow: auto; display: grid; gap: 22px; }
.mapping-body section { display: grid; gap: 8px; min-inline-size: 0; }
.mapping-body .message { padding-inline-start: 28px; }
.order { padding-inline-start: 24px; display: grid; gap: 4px; max-inline-size: 420px; }
.order li button { min-block-size: 26px; padding: 0 8px; margin-inline-start: 6px; }
.check { display: flex; gap: 8px; align-items: baseline; }

@container (max-width: 860px) { .map-and-quality { grid-template-columns: minmax(0, 1fr); } }
@container (max-width: 720px) {
  .panel { padding: var(--crm-space); border-radius: 8px; }
  .sentence { font-size: 18px; }
  .key-numbers { grid-template-columns: repeat(auto-fit, minmax(124px, 1fr)); gap: 12px; }
  .key-number .value { font-size: 20px; }
  .rows { min-inline-size: 900px; }
  .behind tbody td { font-size: 11.5px; }
  .behind :is(th, td):not(:first-child) { padding-inline: 3px; }
  .behind th.dates { inline-size: 30%; }
  .all-deals { --row: 72px; }
  .all-deals table { min-inline-size: 0; }
  .all-deals :is(.spare, .wide) { display: none; }
  .all-deals .narrow { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; white-space: normal; line-height: 1.35; }
  .all-deals .narrow bdi { display: inline; white-space: normal; }
  .all-deals :is(th, td) { padding-inline: 5px; }
  .all-deals :is(th, td):first-child { padding-inline-start: 0; }
  .all-deals th { inline-size: 19%; }
  .all-deals th:first-child { inline-size: 31%; }
  .all-deals th.window { inline-size: 31%; }
  .all-deals thead button.link { white-space: normal; }
  :is(th, td) bdi { inline-size: max-content; max-inline-size: 9rem; }
  .long-list tbody bdi { inline-size: auto; }
  .band { min-inline-size: 56px; }
  .chips { flex-wrap: nowrap; }
  .wide { min-inline-size: 70px; }
  .toolbar h3 { inline-size: 100%; }
  .fault > summary { grid-template-columns: auto minmax(0, 1fr); }
  .fault > summary > .note { grid-column: 2; }
  .glance { gap: 6px; }
  .glance button { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; padding: 8px 12px; }
  .glance .value { font-size: 16px; text-align: end; }
}
@media (prefers-reduced-motion: no-preference) { .sentence, .body { transition: opacity 120ms; } }
@media (forced-colors: active) { .interval-dot, .bar span, .column span, .weight span { background: CanvasText; forced-color-adjust: none; } }
`;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** One sheet for all elements of the page. */
export function styles() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
