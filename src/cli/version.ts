export { version } from '#src/main/version';

/** How one calls this program: from a checkout through npm's script, installed through npx. */
export const invocation = import.meta.url.endsWith('.ts') ? 'npm run -s outturn --' : 'npx outturn';
