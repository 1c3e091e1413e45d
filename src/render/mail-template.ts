import { darkPalette as dark, palette } from './palette.ts';

const FONT = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** Colours as classes with inline fallbacks: a reader without style sheets sees the light version. */
const light = (part: keyof typeof palette): string => `color:${palette[part]}`;

const head = `
<mj-head>
  <mj-title><%= it.subject %></mj-title>
  <mj-preview><%= it.preview %></mj-preview>
  <mj-raw>
    <meta name="color-scheme" content="light dark">
    <meta name="supported-color-schemes" content="light dark">
  </mj-raw>
  <mj-attributes>
    <mj-all font-family="${FONT}" />
    <mj-section padding="0 20px" />
    <mj-column padding="0" />
    <mj-text padding="0" color="${palette.ink}" font-size="14px" line-height="1.5" />
    <mj-table padding="0" color="${palette.ink}" font-size="14px" line-height="1.45" />
  </mj-attributes>
  <mj-style>
    :root { color-scheme: light dark; supported-color-schemes: light dark; }
    .num { font-variant-numeric: tabular-nums; }
    @media only screen and (max-width: 480px) { .roi { font-size: 44px !important; } .wide { padding-right: 8px !important; } }
    @media (prefers-color-scheme: dark) {
      body, .ground, .ground > div, .ground > table { background: ${dark.ground} !important; background-color: ${dark.ground} !important; }
      .card, .card > table { background: ${dark.surface} !important; background-color: ${dark.surface} !important; }
      .card div, .card table, .card td, .plain, .card .plain { color: ${dark.ink} !important; }
      .muted, .card .muted, .ground .muted, .quiet, .card .quiet { color: ${dark.muted} !important; }
      .good, .card .good { color: ${dark.accent} !important; }
      .bad, .card .bad { color: ${dark.bad} !important; }
      .rule { border-color: ${dark.line} !important; }
      .alert, .alert > table { background: ${dark.alertGround} !important; background-color: ${dark.alertGround} !important; }
      .alert div, .alert td { color: ${dark.alertInk} !important; }
      .link { color: ${dark.accent} !important; }
      .button td, .button a { background: ${dark.accent} !important; color: ${dark.ground} !important; }
    }
  </mj-style>
</mj-head>`;

const spacer = (height: number, css = 'card') =>
  `<mj-section css-class="${css}" background-color="${css === 'ground' ? palette.ground : palette.surface}" padding="0"><mj-column><mj-spacer height="${height}px" /></mj-column></mj-section>`;

const section = (inner: string, css = 'card', background: string = palette.surface, padding = '0 24px') =>
  `<mj-section css-class="${css}" background-color="${background}" padding="${padding}"><mj-column>${inner}</mj-column></mj-section>`;

const title = (text: string, note = '') =>
  `<mj-text padding="26px 0 8px"><strong style="font-size:15px">${text}</strong>${note}</mj-text>`;

/** A table cell with a rule above. */
const cell = (inner: string, style = '', cssClass = '') =>
  `<td class="rule ${cssClass}" style="border-top:1px solid ${palette.line};padding:9px 0;vertical-align:top;${style}">${inner}</td>`;
const right = 'text-align:right;white-space:nowrap;';
const muted = (inner: string, tag = 'span', size = 12) =>
  `<${tag} class="muted" style="${light('muted')};font-size:${size}px">${inner}</${tag}>`;
/** Text in the colour of its tone. */
const toned = (tone: string, value: string) =>
  `<span class="num <%= ${tone} %>" style="<%= it.toneStyle[${tone}] %>"><%= ${value} %></span>`;
const more = (list: string) =>
  `<% if (${list}.more !== null) { %><tr>${cell(muted(`<%= ${list}.more %>`), '', '').replace('<td', '<td colspan="4"')}</tr><% } %>`;

const headline = `
<% if (it.view.headline !== null) { const headline = it.view.headline; %>
${section(`
  <mj-text>
    ${muted('ROI', 'div', 13)}
    <span class="roi num <%= headline.roi.tone %>" style="font-size:52px;line-height:1.1;font-weight:700;letter-spacing:-1px;<%= it.toneStyle[headline.roi.tone] %>"><%= headline.roi.value %></span>
    <% if (headline.roiChange !== null) { %>&nbsp;<span class="muted" style="${light('muted')};font-size:15px"><%= headline.roiChange %></span><% } %>
  </mj-text>
  <mj-table padding="14px 0 0">
    <% for (let index = 0; index < headline.figures.length; index += 2) { %><tr>
      <% for (const figure of headline.figures.slice(index, index + 2)) { %>
      ${cell(`${muted('<%= figure.label %>', 'div')}<div class="num <%= figure.tone %>" style="font-size:19px;font-weight:600;<%= it.toneStyle[figure.tone] %>"><%= figure.value %></div>`, 'width:50%;')}
      <% } %></tr><% } %>
  </mj-table>
  <mj-text padding="6px 0 0">${muted('Basis: <%= headline.basis %>')}</mj-text>
  <% for (const note of headline.notes) { %><mj-text padding="4px 0 0">${muted('<%= note %>')}</mj-text><% } %>`)}
<% } else { %>
${section(`
  <mj-text><div style="font-size:21px;line-height:1.3;font-weight:700">No headline figure this time</div></mj-text>
  <mj-text padding="6px 0 0"><%= it.view.absentBecause %></mj-text>`)}
<% } %>`;

const alerts = `
<% if (it.view.alerts.rows.length > 0) { %>
${spacer(20)}
${section(
  `<% for (const alert of it.view.alerts.rows) { %><mj-text color="${palette.alertInk}" padding="3px 0"><strong>!</strong>&nbsp; <%= alert %></mj-text><% } %>
   <% if (it.view.alerts.more !== null) { %><mj-text color="${palette.alertInk}" padding="3px 0"><%= it.view.alerts.more %></mj-text><% } %>`,
  'alert',
  palette.alertGround,
  '10px 24px',
)}
<% } %>`;

const moved = `
<% if (it.view.moved !== null) { %>
${section(`
  ${title('What moved benefit less cost', muted(' &nbsp;since <%= it.view.moved.since %>'))}
  <% if (it.view.moved.rows.length === 0) { %><mj-text>Nothing.</mj-text><% } else { %>
  <mj-table>
    <% for (const row of it.view.moved.rows) { %><tr>${cell('<%= row.cause %>')}${cell(toned('row.tone', 'row.amount'), right)}</tr><% } %>
    <tr>${cell('<strong>Net</strong>')}${cell(`<strong>${toned('it.view.moved.netTone', 'it.view.moved.net')}</strong>`, right)}</tr>
  </mj-table><% } %>`)}
<% } %>`;

const chart = `
<% if (it.view.chart !== null) { %>
${section(`
  ${title('Benefit and cost to date')}
  <mj-image padding="0" src="cid:<%= it.chartContentId %>" alt="<%= it.view.chart.altText %>" border-radius="6px" />`)}
<% } %>`;

const outlook = `
<% if (it.view.outlook !== null) { %>
${section(`
  ${title('Against plan', muted(' &nbsp;<%= it.view.outlook.plan %>'))}
  <mj-table>
    <% for (const row of it.view.outlook.rows) { %><tr>
      ${cell(`<div><%= row.label %></div>${muted('plan <%= row.plan %>', 'div')}`, 'padding-right:14px;', 'wide')}
      ${cell(`<span class="num"><%= row.now %></span><div class="num <%= row.tone %>" style="font-size:12px;<%= it.toneStyle[row.tone] %>"><%= row.difference %></div>`, 'text-align:right;')}
    </tr><% } %>
  </mj-table>
  <% for (const note of it.view.outlook.notes) { %><mj-text padding="4px 0 0">${muted('<%= note %>')}</mj-text><% } %>`)}
<% } %>`;

const metrics = `
<% if (it.view.metrics.rows.length > 0) { %>
${section(`
  ${title('Metrics')}
  <mj-table>
    <tr style="text-align:left">
      <th align="left" style="padding:0 0 6px;font-weight:400">${muted('Metric')}</th>
      <th align="right" style="padding:0 0 6px;font-weight:400">${muted('Actual / target')}</th>
      <th align="right" style="padding:0 0 6px 14px;font-weight:400">${muted('Benefit')}</th>
    </tr>
    <% for (const row of it.view.metrics.rows) { %><tr>
      ${cell(`<div><%= row.name %></div><% if (row.warning !== null) { %><div class="bad" style="${light('bad')};font-size:12px;font-weight:600"><%= row.warning %></div><% } %><% for (const note of row.notes) { %>${muted('<%= note %>', 'div')}<% } %>`, 'padding-right:14px;', 'wide')}
      ${cell(`<span class="num"><%= row.actual %></span><br><span class="num <%= row.targetTone %>" style="font-size:12px;<%= it.toneStyle[row.targetTone] %>"><%= row.target %></span>`, right)}
      ${cell(toned('row.benefitTone', 'row.benefit'), `${right}padding-left:14px;`)}
    </tr><% } %>
    ${more('it.view.metrics')}
  </mj-table>`)}
<% } %>`;

const projects = `
<% if (it.view.projects.rows.length > 0) { %>
${section(`
  ${title('Projects', muted(' &nbsp;claims settled'))}
  <mj-table>
    <tr style="text-align:left">
      <th align="left" style="padding:0 0 6px;font-weight:400">${muted('Project')}</th>
      <th align="right" style="padding:0 0 6px;font-weight:400">${muted('ROI')}</th>
      <th align="right" style="padding:0 0 6px 14px;font-weight:400">${muted('NPV')}</th>
    </tr>
    <% for (const row of it.view.projects.rows) { %><tr>
      ${cell(`<div><%= row.name %></div><% if (row.warning !== null) { %><div class="bad" style="${light('bad')};font-size:12px;font-weight:600"><%= row.warning %></div><% } %><% for (const note of row.details) { %>${muted('<%= note %>', 'div')}<% } %>`, 'padding-right:14px;', 'wide')}
      ${cell('<span class="num"><%= row.roi ?? "–" %></span>', right)}
      ${cell(toned('row.tone', 'row.npv ?? "–"'), `${right}padding-left:14px;`)}
    </tr><% } %>
    ${more('it.view.projects')}
  </mj-table>`)}
<% } %>`;

const cost = `
<% if (it.view.cost.length > 0) { %>
${section(`
  ${title('Cost')}
  <mj-table>
    <% for (const figure of it.view.cost) { %><tr>${cell('<%= figure.label %>')}${cell(toned('figure.tone', 'figure.value'), right)}</tr><% } %>
  </mj-table>`)}
<% } %>`;

const restated = `
<% if (it.view.restatements.rows.length > 0) { %>
${section(`
  ${title('Restated', muted(' &nbsp;figures of the last digest that have changed'))}
  <mj-table>
    <% for (const row of it.view.restatements.rows) { %><tr>${cell(`<div><%= row.what %></div>${muted('<%= row.why %>', 'div')}`, 'padding-right:14px;')}${cell('<span class="num"><%= row.change %></span>', right)}</tr><% } %>
    ${more('it.view.restatements')}
  </mj-table>`)}
<% } %>`;

const links = `
<% if (it.view.links.length > 0) { %>
${section(`<% it.view.links.forEach((link, index) => { if (index === 0) { %><mj-button css-class="button" href="<%= link.url %>" align="left" padding="24px 0 0" background-color="${palette.accent}" color="#ffffff" border-radius="6px" font-size="14px" font-weight="600" inner-padding="11px 20px"><%= link.label %></mj-button><% } else { %><mj-text padding="10px 0 0"><a class="link" style="${light('accent')};font-size:13px" href="<%= link.url %>"><%= link.label %></a></mj-text><% } }) %>`)}
<% } %>`;

/** MJML of the mail as an eta template; every value is escaped. Data: `{view, subject, preview, toneStyle, chartContentId}`. */
export const mailTemplate = `<mjml lang="en">${head}
<mj-body background-color="${palette.ground}" css-class="ground" width="600px">
<% if (it.view.test) { %>
${section('<mj-text align="center" color="#ffffff" font-weight="700" font-size="13px">TEST – this is a test message, not a digest that was due</mj-text>', 'test', '#6b4fa0', '8px 24px')}
<% } %>
${spacer(16, 'ground')}
${section(`
  <mj-text padding="26px 0 0">${muted('As of <%= it.view.asOf %><% if (it.view.sponsor !== null) { %> · for <%= it.view.sponsor %><% } %>', 'div', 13)}</mj-text>
  <mj-text padding="2px 0 16px"><h1 style="margin:0;font-size:24px;line-height:1.25;font-weight:700"><%= it.view.title %></h1></mj-text>
  <% if (it.view.notice !== null) { %><mj-text padding="0 0 14px"><em><%= it.view.notice %></em></mj-text><% } %>`)}
${headline}
${alerts}
${moved}
${chart}
${outlook}
${metrics}
${projects}
${cost}
${restated}
${section(`${title('Data')}<% for (const line of it.view.data) { %><mj-text padding="0 0 2px">${muted('<%= line %>', 'span', 13)}</mj-text><% } %>`)}
${links}
${spacer(30)}
${section(
  `<% for (const line of it.view.footer) { %><mj-text padding="0 0 2px">${muted('<%= line %>')}</mj-text><% } %>
   <% if (it.view.unsubscribeUrl !== null) { %><mj-text padding="6px 0 0"><a class="link" style="${light('accent')};font-size:12px" href="<%= it.view.unsubscribeUrl %>">Unsubscribe</a></mj-text><% } %>`,
  'ground',
  palette.ground,
  '18px 24px 28px',
)}
</mj-body></mjml>`;

/** Inline colours by tone, for the style attributes of the template. */
export const toneStyle = {
  good: light('accent'),
  bad: light('bad'),
  quiet: light('muted'),
  plain: light('ink'),
} as const;
