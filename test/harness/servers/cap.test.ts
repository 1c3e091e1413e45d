import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../database.ts';
import { type CapProjectCost, type CapServer, startCap } from './cap.ts';

const cost = (index: number): CapProjectCost => ({
  DocumentNo: String(4_900_000_000 + index),
  Item: 1,
  WbsElement: 'P-1001',
  CompanyCode: '1010',
  CostElement: '0000613000',
  Amount: '1250.50',
  Currency: 'EUR',
  PostingDate: `2026-06-${String((index % 28) + 1).padStart(2, '0')}`,
  Text: index === 0 ? "O'Hara & Söhne" : null,
  CreatedAt: '2026-06-30T10:00:00.123Z',
});

describe('a real SAP CAP service', () => {
  let cap: CapServer;
  let database: Awaited<ReturnType<typeof testDatabase>>;
  beforeAll(async () => {
    database = await testDatabase();
    const rows = { ProjectCosts: Array.from({ length: 25 }, (_, index) => cost(index)) };
    cap = await startCap({ databaseUrl: database.url, rows, pageSize: 10 });
  });
  afterAll(async () => {
    await cap?.close();
    await database?.close();
  });

  const get = (url: string, password = cap.password): Promise<Response> =>
    fetch(url, {
      headers: { authorization: `Basic ${Buffer.from(`${cap.username}:${password}`).toString('base64')}` },
    });

  it('answers OData V4 in pages, each with a next link that stays opaque', async () => {
    const documents: string[] = [];
    let next: string | undefined = 'ProjectCosts?$orderby=PostingDate';
    let pages = 0;
    while (next !== undefined) {
      const body = (await (await get(`${cap.v4}/${next}`)).json()) as {
        value: { DocumentNo: string; Amount: number }[];
        '@odata.nextLink'?: string;
      };
      documents.push(...body.value.map((row) => row.DocumentNo));
      expect(body.value.every((row) => row.Amount === 1250.5)).toBe(true);
      next = body['@odata.nextLink'];
      pages++;
    }
    expect(pages).toBe(3);
    expect(new Set(documents).size).toBe(25);
  });

  it('answers OData V2 with decimals as strings and dates as /Date(…)/', async () => {
    const body = (await (await get(`${cap.v2}/ProjectCosts?$orderby=DocumentNo&$format=json`)).json()) as {
      d: { results: Record<string, unknown>[]; __next: string };
    };
    expect(body.d.results[0]).toMatchObject({ Amount: '1250.5', PostingDate: `/Date(${Date.UTC(2026, 5, 1)})/` });
    expect(body.d.__next).toContain('$skiptoken=');
  });

  it('keeps quotes and umlauts, and replaces a row of the same key', async () => {
    await cap.put({ ProjectCosts: [{ ...cost(0), Amount: '99.00' }] });
    const body = (await (await get(`${cap.v4}/ProjectCosts(DocumentNo='4900000000',Item=1)`)).json()) as object;
    expect(body).toMatchObject({ Amount: 99, Text: "O'Hara & Söhne" });
    await cap.put({ ProjectCosts: [cost(0)] });
  });

  it('answers 401 to a wrong password and 403 where a role is missing', async () => {
    expect((await get(`${cap.v4}/ProjectCosts`, 'wrong')).status).toBe(401);
    expect((await get(`${cap.v2}/ProjectCosts`, 'wrong')).status).toBe(401);
    expect((await get(`${cap.v4}/Salaries`)).status).toBe(403);
  });

  it('answers on 127.0.0.1 and on no other address of this machine', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const address of ['127.0.0.2', '[::1]', ...outside.map((each) => each.address)]) {
      const url = new URL(cap.v4);
      url.host = `${address}:${url.port}`;
      await expect(fetch(url, { signal: AbortSignal.timeout(5_000) }), address).rejects.toThrow();
    }
    expect((await fetch(cap.v4)).status).toBe(401);
  });
});
