import { afterEach, describe, expect, it, vi } from 'vitest';
import { findProgram, installCommand, missingMessage, requireServer, serverPackages } from './packages.ts';

afterEach(() => vi.unstubAllEnvs());

describe('servers that tests need beyond npm', () => {
  it('names the exact apt-get command on Debian, each package once', () => {
    expect(installCommand(['prometheus', 'redis'], 'linux')).toBe(
      'sudo apt-get install -y --no-install-recommends prometheus redis-server openssl',
    );
  });

  it('names the Homebrew command on macOS, and says what Homebrew has not', () => {
    expect(installCommand(['redis', 'postfix'], 'darwin')).toBe(
      'brew install redis (Postfix: not in Homebrew, use a Debian machine or container)',
    );
  });

  it('finds programs on the PATH and nothing that is not there', () => {
    expect(findProgram('no-such-program-7c1d', 'sh')).toMatch(/\/sh$/);
    expect(findProgram('no-such-program-7c1d')).toBeNull();
  });

  it('says which server is missing and how to get it', () => {
    expect(missingMessage(['node-exporter'])).toContain('not installed: Prometheus node exporter. Install with: ');
  });

  it('skips without CI and fails with it', () => {
    const programs = vi
      .spyOn(serverPackages.redis, 'programs', 'get')
      .mockReturnValue([['no-such-program-7c1d']] as never);
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      vi.stubEnv('CI', '');
      expect(requireServer('redis')).toBe(false);
      expect(written).toHaveBeenCalledWith(expect.stringContaining('not installed: Redis'));
      vi.stubEnv('CI', 'true');
      expect(() => requireServer('redis')).toThrow(/with CI=true no test may be skipped/);
    } finally {
      programs.mockRestore();
      written.mockRestore();
    }
  });

  it.each(['', 'true'])('what starts for root alone counts as missing for others (CI=%j)', (ci) => {
    vi.stubEnv('CI', ci);
    const programs = vi.spyOn(serverPackages.postfix, 'programs', 'get').mockReturnValue([['sh']] as never);
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const user = vi.spyOn(process as { getuid(): number }, 'getuid');
    try {
      user.mockReturnValue(0);
      expect(requireServer('postfix')).toBe(true);
      user.mockReturnValue(1_000);
      if (ci === 'true') expect(() => requireServer('postfix')).toThrow(/needs root: Postfix/);
      else expect(requireServer('postfix')).toBe(false);
    } finally {
      programs.mockRestore();
      written.mockRestore();
      user.mockRestore();
    }
  });
});
