import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type BudgetAccount, budgetAccounts, type Config, nearest, OutturnError, type Store } from '#kit';
import { type BudgetView, budgetView } from './budget-view.ts';

const params = z.object({ account: z.string().min(1).max(200) });

/** Budgets: how each account stands; go on at once with one that its source has blocked. */
export function addBudgets(
  server: FastifyInstance,
  { config, store }: { config: Config; store: Pick<Store, 'budgets'> },
): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  const read = async (wanted: readonly BudgetAccount[]): Promise<BudgetView[]> => {
    const statuses = await store.budgets.list(wanted.map(({ limits }) => limits));
    return statuses.flatMap((status) => {
      const account = wanted.find(({ limits }) => limits.account === status.account);
      return account === undefined ? [] : [budgetView(account, status)];
    });
  };
  const find = (id: string): BudgetAccount => {
    const accounts = budgetAccounts(config);
    const account = accounts.find(({ limits }) => limits.account === id);
    if (account !== undefined) return account;
    const meant = nearest(
      id,
      accounts.map(({ limits }) => limits.account),
    );
    throw new OutturnError('not-found', `There is no account ${id}.`, {
      hint: meant === null ? 'GET /v1/budgets lists them.' : `Did you mean ${meant}? GET /v1/budgets lists them.`,
    });
  };
  routes.get('/v1/budgets', async () => ({ budgets: await read(budgetAccounts(config)) }));
  routes.get('/v1/budgets/:account', { schema: { params } }, async (request) => {
    const [view] = await read([find(request.params.account)]);
    return view;
  });
  routes.post('/v1/budgets/:account/unblock', { schema: { params } }, async (request) => {
    const account = find(request.params.account);
    await store.budgets.unblock(account.limits.account);
    const [view] = await read([account]);
    return view;
  });
}
