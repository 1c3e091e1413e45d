import nodemailer, { type Transporter } from 'nodemailer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../packages.ts';
import { pollUntil } from '../poll.ts';
import { type PostfixServer, startPostfix } from './postfix.ts';
import { smtpGreeting } from './smtp-greeting.ts';

describeWith(['postfix'], 'a real Postfix', () => {
  let postfix: PostfixServer;
  beforeAll(async () => {
    postfix = await startPostfix({ tls: 'required', auth: 'required' });
  });
  afterAll(() => postfix?.close());

  const transport = (password: string | null, ignoreTLS = false): Transporter =>
    nodemailer.createTransport({
      host: postfix.host,
      port: postfix.port,
      ...(ignoreTLS ? { ignoreTLS } : { requireTLS: true }),
      tls: { ca: postfix.certificate },
      ...(password === null ? {} : { auth: { user: postfix.user, pass: password } }),
    });
  const message = { from: 'outturn@example.com', to: 'sponsor@example.com', subject: 'ROI 42 %', text: 'Größe' };

  it('takes mail over STARTTLS with a password, and delivers it to the mailbox', async () => {
    await transport(postfix.password).sendMail({ ...message, messageId: '<d-1@outturn.example.com>' });
    const [received] = await postfix.waitForMessages(1);
    expect(received?.mailbox).toBe('sponsor@example.com');
    expect(received?.mail.messageId).toBe('<d-1@outturn.example.com>');
    expect(received?.mail.text?.trim()).toBe('Größe');
    expect(received?.raw).toContain('TLS');
  });

  it('refuses a wrong password with 535', async () => {
    await expect(transport('wrong').sendMail(message)).rejects.toMatchObject({ responseCode: 535 });
  });

  it('refuses those who do not log in with 554', async () => {
    await expect(transport(null).sendMail(message)).rejects.toMatchObject({ responseCode: 554 });
  });

  it('refuses mail in the clear with 530', async () => {
    await expect(transport(null, true).sendMail(message)).rejects.toMatchObject({ responseCode: 530 });
  });

  it('refuses an unknown mailbox with 550', async () => {
    const sent = transport(postfix.password).sendMail({ ...message, to: 'nobody-here@example.com' });
    await expect(sent).rejects.toMatchObject({ responseCode: 550 });
  });

  it('leaves nothing behind when closed', async () => {
    const other = await startPostfix();
    await other.close();
    // A child that was just taking a connection may outlive the master by a moment.
    await pollUntil('nobody listens any more', () =>
      smtpGreeting(other.port).then(
        () => false,
        (error: Error) => /ECONNREFUSED/.test(error.message),
      ),
    );
    expect(() => process.kill(other.process.pid, 0)).toThrow(/ESRCH/);
  });
});
