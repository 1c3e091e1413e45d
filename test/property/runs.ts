/** How often a heavy property is tried: few times in `npm test`, many in `npm run test:property`. */
export const runs = (short: number, long: number): number =>
  process.env['OUTTURN_PROPERTIES'] === 'long' ? long : short;
