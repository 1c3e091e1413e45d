import {
  asRecord,
  type ConnectorContext,
  type Finding,
  failedFinding,
  parseExactJson,
  type StreamContext,
  sampleFinding,
  textOfScalar,
  unknownFieldFindings,
} from '#kit';
import { fieldsOf, mapRecords, recordsOf } from './answer.ts';
import type { TrytonOptions, TrytonStream } from './options.ts';
import { pageRequest } from './pull.ts';
import { call, fetchContext, resultOf } from './rpc.ts';

/** Whether the server is there, lets the user in, and for which company. */
export async function checkServer(ctx: ConnectorContext<TrytonOptions>): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    const response = await ctx.http.request({
      method: 'POST',
      url: '',
      anonymous: true,
      body: { id: 1, method: 'common.server.version', params: [] },
    });
    const version = resultOf(response.json(), 'common.server.version');
    findings.push({
      level: 'ok',
      aspect: 'connectivity',
      message: `Tryton ${textOfScalar(version).slice(0, 40)} answers`,
    });
  } catch (thrown) {
    return [failedFinding(thrown, 'connectivity')];
  }
  try {
    const preferences = await fetchContext(ctx);
    findings.push({ level: 'ok', aspect: 'credentials', message: `database ${ctx.options.database} lets the user in` });
    const { company } = preferences;
    const named = preferences['company.rec_name'];
    findings.push(
      company === undefined || company === null
        ? {
            level: 'warning',
            aspect: 'permission',
            message: 'the user has no company: most documents answer with no row',
            hint: 'Give the user a company in Tryton, or write company.',
          }
        : {
            level: 'ok',
            aspect: 'permission',
            message: `reads for company ${textOfScalar(company)}${ctx.options.company === undefined && typeof named === 'string' ? ` (${named.slice(0, 80)})` : ''}`,
          },
    );
  } catch (thrown) {
    findings.push(failedFinding(thrown, 'credentials'));
  }
  return findings;
}

/** Fields of the stream against those of the model, then one record for real. */
export async function checkStream(ctx: StreamContext<TrytonOptions, TrytonStream>): Promise<Finding[]> {
  const { options, stream, streamId } = ctx;
  try {
    const rpcContext = await fetchContext(ctx);
    const fields = asRecord(await call(ctx, `model.${stream.model}.fields_get`, [null, rpcContext]));
    const { cursor: chosen } = stream;
    const cursor = chosen === 'none' ? [] : chosen === 'changed' ? ['write_date', 'create_date'] : [chosen.field];
    const wanted = [...fieldsOf(stream), ...cursor].map((name) => name.replace(/\..*$/, ''));
    const findings = unknownFieldFindings(stream.model, wanted, Object.keys(fields ?? {}), streamId);
    if (findings.length > 0) return findings;
    const reading = { field: null, conditions: [] };
    const one = pageRequest(options, { ...stream, pageSize: 1 }, reading, rpcContext, null);
    const response = await ctx.http.request(one);
    const [record] = recordsOf(parseExactJson(response.body), `model ${stream.model}`);
    return [sampleFinding(stream.model, record === undefined ? null : mapRecords([record], stream), streamId)];
  } catch (thrown) {
    return [failedFinding(thrown, 'sample', streamId)];
  }
}
