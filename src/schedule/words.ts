const days = ['Sundays', 'Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays', 'Sundays'];
const dayNames: Record<string, number> = { sun: 0, mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6 };
const nicknames: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const NUMBER = /^\d{1,2}$/;
const two = (text: string): string => text.padStart(2, '0');

/** The usual cron expressions in words, `Mondays at 08:00`; null for others: better the expression than half of it. */
export function cronInWords(cron: string): string | null {
  const fields = (nicknames[cron.trim().toLowerCase()] ?? cron.trim()).split(/\s+/);
  // Seconds before the minutes matter where they are not nought.
  if (fields.length === 6 && fields[0] === '0') fields.shift();
  if (fields.length !== 5) return null;
  const [minute = '', hour = '', dayOfMonth = '', month = '', weekday = ''] = fields;
  const time = timeInWords(minute, hour);
  if (time === null || month !== '*') return null;
  const day = dayInWords(dayOfMonth, weekday);
  if (day === null) return null;
  if (!time.isOnce) return day === '' ? time.text : `${time.text}, ${day}`;
  return `${day === '' ? 'daily' : day} ${time.text}`;
}

function timeInWords(minute: string, hour: string): { text: string; isOnce: boolean } | null {
  const step = /^\*\/(\d{1,2})$/.exec(minute)?.[1];
  if (hour === '*') {
    if (minute === '*') return { text: 'every minute', isOnce: false };
    // Steps that do not divide the hour are no even intervals.
    if (step !== undefined)
      return 60 % Number(step) === 0
        ? { text: Number(step) === 1 ? 'every minute' : `every ${Number(step)} minutes`, isOnce: false }
        : null;
    return NUMBER.test(minute)
      ? { text: minute === '0' ? 'every hour' : `every hour at :${two(minute)}`, isOnce: false }
      : null;
  }
  if (!NUMBER.test(minute)) return null;
  const hours = hour.split(',');
  if (!hours.every((each) => NUMBER.test(each)) || hours.length > 4) return null;
  return { text: `at ${hours.map((each) => `${two(each)}:${two(minute)}`).join(', ')}`, isOnce: true };
}

function dayInWords(dayOfMonth: string, weekday: string): string | null {
  if (dayOfMonth !== '*') {
    if (weekday !== '*') return null;
    if (dayOfMonth === 'L') return 'on the last day of the month';
    return NUMBER.test(dayOfMonth) ? `on day ${Number(dayOfMonth)} of the month` : null;
  }
  if (weekday === '*') return '';
  const named = weekday.toLowerCase().replace(/[a-z]{3}/g, (name) => String(dayNames[name] ?? '?'));
  if (named === '1-5') return 'Mondays to Fridays';
  const list = named.split(',');
  if (!list.every((each) => /^[0-7]$/.test(each))) return null;
  return list.map((each) => days[Number(each)]).join(', ');
}
