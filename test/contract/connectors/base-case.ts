import { bodyOf, caseNames, type Exchange, loadCase, type TestCase } from './case.ts';
import { differenceOf, type Fault, filled, type SeenRequest } from './replay-server.ts';

export interface BaseCase {
  testCase: TestCase;
  exchanges: Exchange[];
  /** The last exchange that answers with data: that is a page, and pages come before it if any do. */
  faulty: number;
  /** Its body. */
  recorded: string;
  /** How it answers. */
  form: 'json' | 'xml' | 'csv';
  /** Whether requests of a login stand among the exchanges. */
  logsIn: boolean;
}

const LOGGING_IN: ReadonlySet<unknown> = new Set(['oauth2', 'jwt', 'session']);

/** The case with the most exchanges among those that succeed: faults in the middle of paging show most. */
export function baseCaseOf(folder: string): BaseCase | null {
  const [testCase] = casesOf(folder)
    .filter(({ definition, expectedLines }) => definition.action === 'pull' && (expectedLines ?? []).length > 0)
    .filter(({ exchanges }) => exchanges?.some((exchange) => formOf(exchange) !== null))
    .sort((a, b) => (b.exchanges?.length ?? 0) - (a.exchanges?.length ?? 0));
  if (testCase?.exchanges == null) return null;
  const { exchanges } = testCase;
  const faulty = exchanges.findLastIndex((exchange) => formOf(exchange) !== null);
  const exchange = exchanges[faulty];
  if (exchange === undefined) return null;
  const auth = testCase.definition.connector['auth'];
  return {
    testCase,
    exchanges,
    faulty,
    recorded: bodyOf(exchange),
    form: formOf(exchange) ?? 'json',
    logsIn: typeof auth === 'object' && auth !== null && 'kind' in auth && LOGGING_IN.has(auth.kind),
  };
}

export const casesOf = (folder: string): TestCase[] => caseNames(folder).map((name) => loadCase(folder, name));

function formOf(exchange: Exchange): BaseCase['form'] | null {
  const type = Object.entries(exchange.response.headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (exchange.response.status !== 200 || exchange.response.base64 !== undefined) return null;
  if (type === undefined || type.includes('json')) return 'json';
  if (type.includes('xml')) return 'xml';
  return type.includes('csv') ? 'csv' : null;
}

/**
 * The fault from the faulty exchange on. A client that is refused may log in again first, and then meets the same fault:
 * what was asked before is answered as before.
 */
export function faultFrom({ exchanges, faulty }: BaseCase, fault: (...args: Parameters<Fault>) => void): Fault {
  return (index, response, request) => {
    if (index < faulty) return false;
    const before = exchanges.slice(0, faulty).find((exchange) => isSame(exchange, request));
    if (before === undefined || index === faulty) fault(index, response, request);
    else {
      const url = `http://${request.headers['host'] ?? ''}`;
      const headers = { 'content-type': 'application/json', ...before.response.headers };
      response.writeHead(before.response.status, headers).end(filled(bodyOf(before), url));
    }
    return true;
  };
}

const isSame = (exchange: Exchange, request: SeenRequest): boolean =>
  differenceOf(filled(exchange.request, `http://${request.headers['host'] ?? ''}`), request, true) === null;
