import { PermanentError, type SessionProtocol, shownValue } from '#kit';
import { resultOf, rpcRequest, saysSessionIsOver } from './api.ts';
import type { ZabbixOptions } from './options.ts';

/**
 * `user.login` gives a session id, which is sent as an API token is. It lives until nobody used it for as long as the user's
 * auto-logout says; how long that is, no answer tells.
 */
export const zabbixSession: SessionProtocol<ZabbixOptions> = {
  login: ({ username, password }, options) =>
    rpcRequest('user.login', { [options?.userParameter ?? 'username']: username, password }),
  read(response) {
    const session = resultOf(response.body, 'user.login');
    if (typeof session !== 'string' || !/^[\x21-\x7e]{8,}$/.test(session))
      throw new PermanentError('source/bad-shape', `user.login: the session is ${shownValue(typeof session)}`, {
        hint: 'Check that url leads to the Zabbix frontend.',
      });
    return { headers: { authorization: `Bearer ${session}` }, secrets: [session], expiresInMs: null };
  },
  isExpired: ({ body }) => saysSessionIsOver(body),
};
