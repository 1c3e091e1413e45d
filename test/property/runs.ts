/** Part of the long form that is run: 0 in `npm test`, 1 for `OUTTURN_PROPERTIES=long`, 0.1 for `OUTTURN_PROPERTIES=0.1`. */
const wanted = process.env['OUTTURN_PROPERTIES'] ?? '0';
const part = wanted === 'long' ? 1 : Math.min(1, Math.max(0, Number(wanted) || 0));

/** How often a heavy property is tried: few times in `npm test`, many in `npm run test:property`. */
export const runs = (short: number, long: number): number =>
  part === 0 ? short : Math.max(short, Math.ceil(long * part));
