// How money, cards and dates are written.

const lang = document.documentElement.lang;
const SEOUL = { timeZone: 'Asia/Seoul' };

export function won(amount) {
  const number = Math.abs(amount).toLocaleString('en-US');
  const sign = amount < 0 ? '−' : '';
  return lang === 'ko' ? `${sign}${number}원` : `${sign}₩${number}`;
}

const format = (options) => new Intl.DateTimeFormat(lang, { ...SEOUL, ...options });
const MOMENT = format({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const MONTH = format({ year: 'numeric', month: 'long' });
const DAY = new Intl.DateTimeFormat('en-CA', SEOUL);

export const moment = (iso) => MOMENT.format(new Date(iso));
export const monthName = ({ year, month }) => MONTH.format(new Date(Date.UTC(year, month - 1, 15)));

/** `2026-11-22`, in Seoul. */
export const day = (date) => DAY.format(new Date(date));

export function thisMonth() {
  const [year, month] = day(Date.now()).split('-').map(Number);
  return { year, month };
}

export function shift({ year, month }, by) {
  const date = new Date(Date.UTC(year, month - 1 + by, 1));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1 };
}

const two = (number) => String(number).padStart(2, '0');

/** First and last day of a month. */
export function daysOf({ year, month }) {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return { startDate: `${year}-${two(month)}-01`, endDate: `${year}-${two(month)}-${two(last)}` };
}

export function clock(seconds) {
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

/** Digits in fours while they are typed. */
export function cardNumber(text) {
  return text.replace(/\D/g, '').slice(0, 19).replace(/(\d{4})(?=\d)/g, '$1-');
}

/** `MM/YY` while it is typed; a first digit above 1 is a month of its own. */
export function expiry(text) {
  const digits = text.replace(/\D/g, '').replace(/^([2-9])/, '0$1').slice(0, 4);
  return digits.length > 2 ? `${digits.slice(0, 2)}/${digits.slice(2)}` : digits;
}

/** A card is good to the end of its month. */
export function isExpiry(text, now = new Date()) {
  const [, month, year] = /^(\d\d)\/(\d\d)$/.exec(text) || [];
  if (!month || month < 1 || month > 12) return false;
  const today = day(now).slice(2, 7).replace('-', '');
  return `${year}${month}` >= today;
}
