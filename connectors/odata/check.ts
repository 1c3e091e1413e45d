import { type ConnectorContext, type Finding, failedFinding, firstRowLine, mapRows, type StreamContext } from '#kit';
import { entityPath } from './address.ts';
import { readAnswer } from './answer.ts';
import { sourceRows } from './cells.ts';
import { checkFields } from './check-fields.ts';
import { checkProduct, checkProductStream } from './check-product.ts';
import { fetchMetadata, type ServiceMetadata, typeOfPath } from './metadata.ts';
import type { ODataOptions, ODataStream } from './options.ts';
import { ask } from './pull.ts';
import { pageQuery } from './query.ts';

/** Whether the service is there, lets us in and describes itself in the version that the configuration says. */
export async function checkService(ctx: ConnectorContext<ODataOptions>): Promise<Finding[]> {
  let metadata: ServiceMetadata;
  try {
    metadata = await fetchMetadata(ctx.http, ctx.options);
  } catch (thrown) {
    return [failedFinding(thrown, 'metadata')];
  }
  const findings: Finding[] = [
    { level: 'ok', aspect: 'connectivity', message: `$metadata names ${metadata.entitySets.length} entity sets` },
  ];
  if (metadata.version !== ctx.options.version)
    findings.push({
      level: 'error',
      aspect: 'metadata',
      message: `the service speaks OData ${metadata.version.toUpperCase()}, the configuration says ${ctx.options.version}`,
      hint: `Write version: ${metadata.version}.`,
    });
  return [...findings, ...checkProduct(metadata, ctx.options)];
}

/** Entity set, fields, units and cursor against the metadata, then one row for real. */
export async function checkStream(ctx: StreamContext<ODataOptions, ODataStream>): Promise<Finding[]> {
  const { options, stream, streamId } = ctx;
  const findings: Finding[] = [];
  try {
    const metadata = await fetchMetadata(ctx.http, options);
    const path = entityPath(options, stream.entitySet);
    const type = typeOfPath(metadata, path);
    // A path that the metadata does not tell the end of: only the row can.
    const fields = type === null && /[/(]/.test(path) ? [] : checkFields(metadata, type, stream, options);
    const product = checkProductStream(metadata, type, stream, options);
    findings.push(...[...fields, ...product].map((finding) => ({ ...finding, stream: streamId })));
    if (fields.some(({ level }) => level === 'error')) return findings;
  } catch (thrown) {
    return [failedFinding(thrown, 'metadata', streamId)];
  }
  try {
    findings.push(await sample(ctx));
  } catch (thrown) {
    findings.push(failedFinding(thrown, 'sample', streamId));
  }
  return findings;
}

async function sample(ctx: StreamContext<ODataOptions, ODataStream>): Promise<Finding> {
  const { options, stream, streamId } = ctx;
  const query = { ...pageQuery(options, stream, null), $top: '1' };
  const response = await ask(ctx, { url: entityPath(options, stream.entitySet), query });
  const answer = readAnswer(response.body, options.version);
  const finding = { aspect: 'sample', stream: streamId };
  if (answer.rows.length === 0)
    return {
      ...finding,
      level: 'warning',
      message: `${stream.entitySet} answers with no row`,
      hint: 'Either there is none yet, or filter, company or the authorisations leave out all.',
    };
  const total = answer.count === null ? '' : ` of ${answer.count}`;
  const page = mapRows(sourceRows(answer.rows.slice(0, 1), 1, stream), stream);
  const line = firstRowLine(page);
  if (line === null)
    return {
      ...finding,
      level: 'warning',
      message: `the first row${total} gives nothing: ${page.warnings.join('; ')}`,
    };
  return { ...finding, level: 'ok', message: `row 1${total}: ${line}` };
}
