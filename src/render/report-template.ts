import { darkPalette, palette } from './palette.ts';

const variables = (colours: Record<string, string>) =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');

const style = `
:root { color-scheme: light dark; ${variables(palette)} }
@media screen and (prefers-color-scheme: dark) { :root { ${variables(darkPalette)} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 1040px; margin: 24px auto; background: var(--surface); padding: 40px 48px; border-radius: 10px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0; } h2 { font-size: 19px; margin: 40px 0 10px; } h3 { font-size: 16px; margin: 28px 0 4px; }
p { margin: 6px 0; } .muted { color: var(--muted); } .small { font-size: 13px; }
.hero { display: grid; grid-template-columns: minmax(180px, 1fr) 2fr; gap: 12px 40px; align-items: end; margin: 26px 0 8px; }
.roi { font-size: 68px; line-height: 1; font-weight: 700; letter-spacing: -2px; }
.tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 14px 22px; } .tiles div div { font-size: 20px; font-weight: 600; }
.good { color: var(--accent); } .bad { color: var(--bad); } .quiet { color: var(--muted); }
.alerts { background: var(--alertGround); color: var(--alertInk); padding: 12px 18px; border-radius: 8px; margin: 22px 0; list-style: none; }
.withheld { border-left: 4px solid var(--bad); padding: 4px 18px; margin: 24px 0; } .withheld strong { font-size: 21px; }
.scroll { overflow-x: auto; } table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--muted); font-size: 13px; } th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.num { text-align: right; white-space: nowrap; padding-right: 0; padding-left: 12px; } .num + :not(.num) { padding-left: 20px; } .evidence td, .evidence th { font-size: 13px; padding-top: 5px; padding-bottom: 5px; }
tr.uncounted td { color: var(--muted); } .tag { font-size: 12px; padding: 1px 8px; border-radius: 9px; border: 1px solid var(--line); white-space: nowrap; }
.chart { background: ${palette.surface}; border-radius: 8px; max-width: 760px; } .chart svg { width: 100%; height: auto; display: block; }
.bar { position: relative; height: 14px; min-width: 160px; margin-top: 3px; background: var(--ground); } .bar span { position: absolute; top: 0; bottom: 0; background: var(--accent); opacity: .75; -webkit-print-color-adjust: exact; print-color-adjust: exact; } .bar i { position: absolute; top: -2px; bottom: -2px; width: 2px; margin-left: -1px; background: var(--ink); }
summary { cursor: pointer; color: var(--muted); margin: 8px 0; font-size: 13px; } footer { margin-top: 44px; border-top: 1px solid var(--line); padding-top: 14px; }
@media (max-width: 640px) { main { margin: 0; padding: 24px 18px; border-radius: 0; } .hero { grid-template-columns: 1fr; } .tiles { grid-template-columns: 1fr 1fr; } .roi { font-size: 54px; } }
@media print { @page { margin: 16mm 14mm; } body { background: #fff; font-size: 10.5pt; } main { margin: 0; padding: 0; max-width: none; } h2, h3 { break-after: avoid; } tr, .hero, .chart, .alerts { break-inside: avoid; } thead { display: table-header-group; } .scroll { overflow: visible; } .evidence td, .evidence th { font-size: 8.5pt; } }`;

/** A list of tables that say themselves what they hold. */
const tables = (list: string) => `
<% for (const table of ${list}) { %><section>
<h2><%= table.title %></h2><% if (table.note !== null) { %><p class="small muted"><%= table.note %></p><% } %>
<div class="scroll"><table class="evidence">
<thead><tr><% for (const column of table.head) { %><th<% if (column.isFigure) { %> class="num"<% } %>><%= column.text %></th><% } %></tr></thead>
<tbody><% for (const row of table.rows) { %><tr><% row.forEach((cell, index) => { %><td class="<% if (table.head[index].isFigure) { %>num <% } %><%= cell.tone ?? '' %>"><% if (cell.bar !== undefined) { %><div class="bar"><span style="left:<%= cell.bar.from.toFixed(2) %>%;width:<%= Math.max(cell.bar.to - cell.bar.from, 0.5).toFixed(2) %>%"></span><i style="left:<%= cell.bar.mark.toFixed(2) %>%"></i></div><% } else { %><%= cell.text %><% } %></td><% }) %></tr>
<% } %></tbody></table></div>
<% for (const line of table.after) { %><p class="small muted"><%= line %></p><% } %></section><% } %>`;

const metrics = `
<h2>Metrics and their evidence</h2>
<p class="small muted">Only closed and incomplete periods are counted. A revision above 1 means that some sample was corrected at its source.</p>
<% for (const metric of it.metrics) { %>
<section>
<h3><%= metric.name %><% if (metric.benefit !== null) { %> · <%= metric.benefit %> <span class="small muted">(unadjusted <%= metric.unadjusted %>)</span><% } %><% if (metric.stale) { %> <span class="tag bad">stale</span><% } %></h3>
<p class="small muted"><%= metric.facts.join(' · ') %></p>
<% if (metric.because !== null) { %><p class="small"><%= metric.because %></p><% } %>
<% if (metric.periods.length === 0) { %><p class="small">No period yet.</p><% } else { %>
<details<% if (metric.periods.length <= 60) { %> open<% } %>><summary><%= metric.periods.length === 1 ? '1 period' : metric.periods.length + ' periods' %></summary>
<div class="scroll"><table class="evidence">
<thead><tr><th>Period</th><th>Status</th><th class="num">Samples received / expected</th><th class="num">Revision</th><th class="num">Actual</th><th class="num">Without project</th><% if (metric.hasExposure) { %><th class="num">Exposure</th><% } %><th class="num">Rate, <%= it.currency %></th><th class="num">Gross</th><th class="num">Benefit</th></tr></thead>
<tbody><% for (const row of metric.periods) { %><tr<% if (!row.counted) { %> class="uncounted"<% } %>><td><%= row.period %></td><td><span class="tag"<% if (row.because !== null) { %> title="<%= row.because %>"<% } %>><%= row.status %></span></td><td class="num<% if (row.thin && row.counted) { %> bad<% } %>"><%= row.samples %></td><td class="num"><%= row.revision %></td><td class="num"><%= row.actual %></td><td class="num"><%= row.counterfactual %></td><% if (metric.hasExposure) { %><td class="num"><%= row.exposure %></td><% } %><td class="num"><%= row.rate %></td><td class="num"><%= row.gross %></td><td class="num"><%= row.benefit %></td></tr>
<% } %></tbody></table></div></details><% } %>
</section>
<% } %>`;

/** One self-contained HTML page as an eta template; every value is escaped but `chartSvg`, which holds no user text. */
export const reportTemplate = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark"><title><%= it.view.title %> – as of <%= it.view.asOf %></title><style>${style}</style></head>
<body><main>
<p class="muted">As of <%= it.view.asOf %><% if (it.view.sponsor !== null) { %> · for <%= it.view.sponsor %><% } %></p>
<h1><%= it.view.title %></h1>
<% if (it.view.headline !== null) { const headline = it.view.headline; %>
<div class="hero"><div><span class="muted">ROI</span><div class="roi <%= headline.roi.tone %>"><%= headline.roi.value %></div><% if (headline.roiChange !== null) { %><span class="muted"><%= headline.roiChange %></span><% } %></div>
<div class="tiles"><% for (const figure of headline.figures) { %><div><span class="small muted"><%= figure.label %></span><div class="<%= figure.tone %>"><%= figure.value %></div></div><% } %></div></div>
<p class="small muted">Basis: <%= headline.basis %></p>
<% for (const note of headline.notes) { %><p class="small muted"><%= note %></p><% } %>
<% } else { %><div class="withheld"><strong>No headline figure</strong><p><%= it.view.absentBecause %></p></div><% } %>
<% if (it.view.alerts.rows.length > 0) { %><ul class="alerts"><% for (const alert of it.view.alerts.rows) { %><li><strong>!</strong>&nbsp; <%= alert %></li><% } %><% if (it.view.alerts.more !== null) { %><li><%= it.view.alerts.more %></li><% } %></ul><% } %>
<% if (it.chartSvg !== null) { %><h2>Benefit and cost to date</h2><div class="chart" role="img" aria-label="<%= it.view.chart.altText %>"><%~ it.chartSvg %></div><% } %>
<% if (it.view.moved !== null && it.view.moved.rows.length > 0) { %><h2>What moved benefit less cost <span class="small muted">since <%= it.view.moved.since %></span></h2>
<table><tbody><% for (const row of it.view.moved.rows) { %><tr><td><%= row.cause %></td><td class="num <%= row.tone %>"><%= row.amount %></td></tr><% } %><tr><td><strong>Net</strong></td><td class="num <%= it.view.moved.netTone %>"><strong><%= it.view.moved.net %></strong></td></tr></tbody></table><% } %>
${tables('it.planTables')}
${tables('it.deliverableTables')}
<% if (it.view.restatements.rows.length > 0) { %><h2>Restated</h2>
<table><tbody><% for (const row of it.view.restatements.rows) { %><tr><td><%= row.what %><div class="small muted"><%= row.why %></div></td><td class="num"><%= row.change %></td></tr><% } %></tbody></table><% if (it.view.restatements.more !== null) { %><p class="small muted"><%= it.view.restatements.more %></p><% } %><% } %>
<% if (it.figures.length > 0) { %><h2>Figures and what they rest on</h2>
<table><tbody><% for (const figure of it.figures) { %><tr><td><%= figure.name %></td><td><strong><%= figure.value %></strong></td><td class="small muted"><%= figure.basis %></td></tr><% } %></tbody></table><% } %>
${tables('it.doubtTables')}
${tables('it.yearTables')}
${metrics}
<h2>Cost</h2>
<table><tbody><% for (const figure of it.view.cost) { %><tr><td><%= figure.label %></td><td class="num <%= figure.tone %>"><%= figure.value %></td></tr><% } %></tbody></table>
<p class="small muted"><%= it.costLines === 1 ? '1 cost line' : it.costLines + ' cost lines' %>, of any kind and date.</p>
${tables('it.costTables')}
<% if (it.flows.length > 0) { %><h2>Cash flows</h2><details<% if (it.flows.length <= 60) { %> open<% } %>><summary><%= it.flows.length === 1 ? '1 date' : it.flows.length + ' dates' %>, as they entered the computation</summary>
<table class="evidence"><thead><tr><th>Date</th><th class="num">Benefit</th><th class="num">Cost</th></tr></thead><tbody><% for (const row of it.flows) { %><tr><td><%= row.date %></td><td class="num"><%= row.benefit %></td><td class="num"><%= row.cost %></td></tr><% } %></tbody></table></details><% } %>
<% if (it.warnings.length > 0) { %><h2>Warnings</h2><ul><% for (const warning of it.warnings) { %><li><%= warning %></li><% } %></ul><% } %>
<footer class="small muted"><% for (const line of it.view.data) { %><p><%= line %></p><% } %><% for (const line of it.view.footer) { %><p><%= line %></p><% } %><% for (const line of it.origin) { %><p><%= line %></p><% } %></footer>
</main></body></html>
`;
