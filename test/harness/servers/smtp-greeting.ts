import { createConnection } from 'node:net';

/** True when an SMTP server on that loopback port greets with 220. */
export function smtpGreeting(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 2_000 });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no greeting')));
    socket.once('data', (data) => {
      socket.end('QUIT\r\n');
      resolve(data.toString('latin1').startsWith('220 '));
    });
  });
}
