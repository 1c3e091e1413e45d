/** An isolate that is closed again cannot turn what stands about it (figures are written so), every other mark can. */
const TURNING =
  /(\u2068[^\u200b\u202a-\u202e\u2066-\u2069\ufeff]*\u2069)|[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** One line of ordinary text: control characters become spaces, marks that turn the reading direction go, spaces collapse. */
export function plain(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
    .replace(TURNING, (_, isolated: string | undefined) => isolated ?? '')
    .replace(/ +/g, ' ')
    .trim();
}

/** At most `max` UTF-16 units, never half a character, with an ellipsis where something is missing. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  let kept = '';
  for (const character of text) {
    if (kept.length + character.length > max - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

/** A name in a row of a message. */
export const MAX_NAME = 80;
