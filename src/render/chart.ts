import { createRequire } from 'node:module';
import { createFormat, type DigestFacts } from '#domain';
import { palette } from './palette.ts';

/** Narrow, so that letters can still be read on a phone. */
const WIDTH = 552;
const HEIGHT = 290;
/** Screens of twice the density show letters sharply. */
const PNG_SCALE = 2;
const FONT = 'DejaVu Sans';

/** The report, the mail and the Slack message of one digest show one picture: it is drawn once. */
const svgs = lastFew<string>();
const pngs = lastFew<Buffer>();

/** Cumulative benefit against cumulative cost as SVG; null when two points are not there to join. Deterministic. */
export async function renderChartSvg(facts: DigestFacts): Promise<string | null> {
  return facts.chart.length < 2 ? null : svgs(chartKey(facts), () => drawSvg(facts));
}

/** The chart as PNG on an opaque ground, with the fonts that this package brings along. */
export async function renderChartPng(facts: DigestFacts): Promise<Buffer | null> {
  const svg = await renderChartSvg(facts);
  return svg === null ? null : pngs(svg, () => drawPng(svg));
}

/** All that the drawing depends on. */
const chartKey = ({ chart, locale, currency, timeZone }: DigestFacts): string =>
  JSON.stringify([chart, locale, currency, timeZone]);

const KEPT = 8;
function lastFew<T>(): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key, make) => {
    const value = kept.get(key) ?? make();
    // Newest last; one that failed is made anew when it is asked for again.
    kept.delete(key);
    kept.set(key, value);
    value.catch(() => kept.delete(key));
    for (const oldest of [...kept.keys()].slice(0, -KEPT)) kept.delete(oldest);
    return value;
  };
}

async function drawSvg(facts: DigestFacts): Promise<string> {
  const echarts = await loadEcharts();
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption(chartOption(facts));
    return withOwnIds(chart.renderToSVGString());
  } finally {
    // Without it a timer keeps the process alive.
    chart.dispose();
  }
}

async function drawPng(svg: string): Promise<Buffer> {
  const { Resvg } = await import('@resvg/resvg-js');
  const png = new Resvg(svg, {
    background: palette.surface,
    fitTo: { mode: 'width', value: WIDTH * PNG_SCALE },
    font: { fontFiles: fontFiles(), loadSystemFonts: false, defaultFontFamily: FONT },
  })
    .render()
    .asPng();
  return Buffer.from(png);
}

/** Ids and classes come from counters of the process; the same facts must give the same bytes. */
function withOwnIds(svg: string): string {
  const own = new Map<string, string>();
  return svg.replace(/\bzr\d+-[\w-]+/g, (id) => {
    const known = own.get(id) ?? `outturn-${own.size}`;
    own.set(id, known);
    return known;
  });
}

function fontFiles(): string[] {
  const { resolve } = createRequire(import.meta.url);
  return ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => resolve(`dejavu-fonts-ttf/ttf/${name}`));
}

/** The one-file build: `echarts/core` with its parts is six hundred files, half a second of loading. */
async function loadEcharts(): Promise<typeof import('echarts/core')> {
  return import('echarts/dist/echarts.esm.min.mjs');
}

/** Loads what draws ahead of the first chart. */
export async function preloadChart(): Promise<void> {
  await Promise.all([loadEcharts(), import('@resvg/resvg-js')]);
}

/** Scripts that the bundled font draws whole and from left to right. */
const DRAWN_SCRIPTS: ReadonlySet<string | undefined> = new Set(['Latn', 'Cyrl', 'Grek']);

/** The reader's locale, or English where the picture would show boxes for its letters. */
function drawnLocale(locale: string): string {
  return DRAWN_SCRIPTS.has(new Intl.Locale(locale).maximize().script) ? locale : 'en-GB';
}

/** Wide enough for the longest figure at the end of a line, in bold. */
function endLabelRoom(labels: readonly string[]): number {
  const BOLD_CHARACTER = 10.5;
  return Math.max(96, 16 + BOLD_CHARACTER * Math.max(...labels.map(({ length }) => length)));
}

function chartOption(facts: DigestFacts) {
  const format = createFormat({ ...facts, locale: drawnLocale(facts.locale) });
  const last = facts.chart.at(-1);
  const ends = [last?.cumulativeCost ?? '0', last?.cumulativeBenefit ?? '0'].map(format.moneyCompact);
  const text = { fontFamily: FONT, fontSize: 14, color: palette.muted };
  const line = (name: string, color: string, values: (number | string)[][], dashed: boolean) => ({
    name,
    type: 'line' as const,
    symbol: 'none',
    silent: true,
    step: dashed ? ('end' as const) : (false as const),
    data: values,
    lineStyle: { color, width: dashed ? 2 : 3, type: dashed ? ([5, 4] as number[]) : ('solid' as const) },
    ...(dashed ? {} : { areaStyle: { color, opacity: 0.1 } }),
    endLabel: {
      show: true,
      formatter: `{name|${name}}\n{value|${format.moneyCompact(String(values.at(-1)?.[1] ?? 0))}}`,
      rich: {
        name: { ...text, color, lineHeight: 18 },
        value: { ...text, color, fontSize: 15, fontWeight: 'bold' as const, lineHeight: 18 },
      },
      distance: 8,
    },
    labelLayout: { moveOverlap: 'shiftY' as const },
  });
  return {
    animation: false,
    backgroundColor: palette.surface,
    textStyle: { fontFamily: FONT },
    grid: {
      left: 12,
      right: endLabelRoom(ends),
      top: 18,
      bottom: 8,
      outerBoundsMode: 'same' as const,
      outerBoundsContain: 'axisLabel' as const,
    },
    xAxis: {
      type: 'time' as const,
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { show: false },
      splitNumber: 4,
      axisLabel: {
        ...text,
        hideOverlap: true,
        formatter: (atMs: number) => format.dayMonth(new Date(atMs).toISOString().slice(0, 10)),
      },
    },
    yAxis: {
      type: 'value' as const,
      splitNumber: 4,
      axisLabel: { ...text, formatter: (value: number) => format.moneyCompact(String(value)) },
      splitLine: { lineStyle: { color: palette.line } },
    },
    series: [
      line(
        'Cost',
        palette.muted,
        facts.chart.map((point) => [`${point.date}T00:00:00Z`, Number(point.cumulativeCost)]),
        true,
      ),
      line(
        'Benefit',
        palette.accent,
        facts.chart.map((point) => [`${point.date}T00:00:00Z`, Number(point.cumulativeBenefit)]),
        false,
      ),
    ],
    useUTC: true,
  };
}
