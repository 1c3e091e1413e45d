/** Why a function of JSONata is not there: the same page must give the same rows whenever it is read, and what a source sends must not be run. */
export const refusedFunctions: Readonly<Record<string, string>> = {
  eval: '$eval is not there: what a source sends is never run as an expression',
  now: '$now is not there: the same answer must give the same rows whenever it is read again',
  millis: '$millis is not there: the same answer must give the same rows whenever it is read again',
  random: '$random is not there: the same answer must give the same rows whenever it is read again',
  shuffle: '$shuffle is not there: the same answer must give the same rows whenever it is read again',
};

/** The functions of JSONata that are there, by name without `$`. The library does not tell them. */
export const knownFunctions: readonly string[] = [
  ...['string', 'length', 'substring', 'substringBefore', 'substringAfter', 'lowercase', 'uppercase', 'trim', 'pad'],
  ...['contains', 'match', 'replace', 'split', 'join', 'encodeUrlComponent', 'encodeUrl', 'decodeUrlComponent'],
  ...['decodeUrl', 'base64encode', 'base64decode', 'number', 'abs', 'floor', 'ceil', 'round', 'power', 'sqrt'],
  ...['formatNumber', 'formatBase', 'formatInteger', 'parseInteger', 'sum', 'max', 'min', 'average', 'boolean', 'not'],
  ...['exists', 'count', 'append', 'sort', 'reverse', 'distinct', 'zip', 'keys', 'lookup', 'spread', 'merge', 'each'],
  ...['sift', 'map', 'filter', 'single', 'reduce', 'error', 'assert', 'type', 'fromMillis', 'toMillis', 'clone'],
];
