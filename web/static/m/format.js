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

/** Digits alone; full-width ones, as a Korean keyboard may write them, count as the plain ones. */
export const digits = (text) => text.normalize('NFKC').replace(/\D/g, '');

/** Digits in fours while they are typed. */
export function cardNumber(text) {
  return digits(text).slice(0, 19).replace(/(\d{4})(?=\d)/g, '$1-');
}

/** Between a month and a year. */
const BETWEEN = String.raw`[\s./\-\u2010-\u2015\u2212]+`;
const isMonth = (text) => text >= 1 && text <= 12;

/** An expiry date as people, wallets and browsers write it, in plain characters. */
function plain(text) {
  // Invisible marks come along when text is copied.
  const shown = text.normalize('NFKC').replace(/[\u200b-\u200f\u2060\ufeff]/g, '').trim();
  const [, korean] = /^(\d{4}|\d{2})\s*년\s*\d{1,2}\s*월$/.exec(shown) || [];
  const [year, month] = shown.match(/\d+/g) || [];
  return korean ? `${month}/${year}` : shown;
}

/**
 * `MM/YY` for what says a month and a year: `12/39`, `12/2039`, `12 / 39`, `2039-12`, `1239`, `122039`, `203912`,
 * `2039년 12월`. Nothing for what may be read in two ways, or not at all: a wrong date would be taken for a wrong card.
 */
export function expiryIn(text) {
  const shown = plain(text);
  const forms = [
    [/^(?<month>\d{2})(?<year>\d{2})$/],
    [/^(?<month>\d{2})(?<year>20\d{2})$/],
    [/^(?<year>20\d{2})(?<month>\d{2})$/],
    [new RegExp(`^(?<month>\\d{1,2})${BETWEEN}(?<year>\\d{2}|20\\d{2})$`)],
    [new RegExp(`^(?<year>20\\d{2})${BETWEEN}(?<month>\\d{1,2})\\.?$`)],
  ];
  for (const [form] of forms) {
    const { month, year } = form.exec(shown)?.groups || {};
    if (isMonth(month)) return `${month.padStart(2, '0')}/${year.slice(-2)}`;
  }
}

/**
 * How it looks while it is typed: a slash behind the month, a zero before one of one digit. What is no beginning of an
 * expiry date stays as it is.
 */
export function expiry(text) {
  const shown = plain(text);
  // `2` may become 2039: only the next digit tells.
  const typed = shown.replace(/^([3-9]|2(?=[1-9]))(?=\d*$)/, '0$1');
  if (/^(0[1-9]|1[0-2])\d{1,4}$/.test(typed)) return `${typed.slice(0, 2)}/${typed.slice(2)}`;
  if (/^20\d{3,4}$/.test(typed)) return `${typed.slice(0, 4)}-${typed.slice(4)}`;
  return /^\d+$/.test(typed) ? typed : shown;
}

/** A card is good to the end of its month, `MM/YY`. */
export function isPast(expiry, now = new Date()) {
  const [month, year] = expiry.split('/');
  return `${year}${month}` < day(now).slice(2, 7).replace('-', '');
}
