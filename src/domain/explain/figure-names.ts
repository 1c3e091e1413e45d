export const explainedFigures = [
  'roi',
  'npv',
  'bcr',
  'realised-roi',
  'benefit',
  'unadjusted-benefit',
  'cost',
  'pv-benefits',
  'pv-costs',
  'irr',
  'payback',
  'discounted-payback',
  'coverage',
  'mirr',
  'interval',
  'forecast',
  'eac',
  'plan',
  'variance',
] as const;
export type ExplainedFigure = (typeof explainedFigures)[number];

export const isExplainedFigure = (text: string): text is ExplainedFigure =>
  (explainedFigures as readonly string[]).includes(text);

/** A metric's path is its id, set apart where a figure has the same name. */
export const metricPath = (id: string): string => (isExplainedFigure(id) ? `metric:${id}` : id);
