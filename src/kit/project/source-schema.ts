import { z } from 'zod';
import * as fields from '../fields.ts';

/** A connector and one of its streams. */
export const streamRef = {
  connector: fields.text.meta({ description: 'Id of a connector.', examples: ['shop-metrics'] }),
  stream: fields.text.meta({ description: 'Id of one of its streams.', examples: ['failed-checkouts'] }),
};
export const seriesRef = {
  ...streamRef,
  labels: fields.labels.prefault({}).meta({
    description: 'Only series with these labels; several matching series are added up.',
    examples: [{ team: 'shop' }],
  }),
};
export const sourceSchema = z.strictObject(seriesRef).meta({ description: 'Where the samples come from.' });
