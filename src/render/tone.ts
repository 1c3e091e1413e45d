/** How a figure is to be taken: for better, for worse, of no weight, or neither. */
export type Tone = 'good' | 'bad' | 'quiet' | 'plain';

export function signTone(amount: string | null): Tone {
  if (amount === null || Number(amount) === 0) return 'plain';
  return amount.startsWith('-') ? 'bad' : 'good';
}
