// A payment: what it is, the customer's yes or no, and what became of it.
import { announce, ask, make, word } from './dom.js';
import { Failure, get, isMine, post, showThere } from './api.js';
import { consent } from './consent.js';
import { won } from './format.js';
import { outcome } from './outcome.js';
import { countdown } from '../countdown.js';
import { reasonText } from '../reasons.js';
import { watch } from '../watch.js';
import { readToken } from './token.js';

/** Pause before somebody is asked again who could not say. */
const RETRY_MS = 2000;
const ENDED = ['done', 'canceled', 'aborted', 'expired', 'unreadable'];

export async function pay({ param: token, go }) {
  const claims = readToken(token);
  if (!claims) return { root: outcome('unreadable') };
  const cards = await get('/cards');
  if (!cards.length) {
    sessionStorage.setItem('after-card', `#/pay/${token}`);
    const view = make('pay', { ...claims, amount: won(claims.amount) });
    view.countdown.hidden = true;
    view.stage.append(make('no-card').root);
    return { root: view.root };
  }
  const payment = new PaymentScreen(token, claims, cards, go);
  payment.start();
  return { root: payment.view.root, stop: () => payment.stop() };
}

const withAnotherCard = (message) => `${message} ${word('failedHint')}`;

class PaymentScreen {
  constructor(token, claims, cards, go) {
    Object.assign(this, { token, claims, cards, go, state: 'checking', paymentKey: null, isAsking: false, turn: 0 });
    this.view = make('pay', { ...claims, amount: won(claims.amount) });
    this.show('checking');
  }

  start() {
    this.clock = countdown(this.view.clock, this.view.countdown);
    this.unwatch = watch(this.token, {
      onClock: this.clock.set,
      onState: ({ state, failureCode }) => this.onState(state, reasonText(failureCode)),
      onUnknown: () => this.show('unreadable'),
    });
  }

  stop() {
    this.hears();
    this.unwatch?.();
    this.clock?.stop();
  }

  /** What the stream says. While our own answer is on its way, only the end of the payment counts at once. */
  async onState(state, reason) {
    if (this.isAsking && !ENDED.includes(state)) {
      this.heard = state === 'ready' ? null : [state, reason];
      return;
    }
    const turn = this.hears();
    const isOpen = state === 'ready' || state === 'failed';
    // Somebody owns it. It was this customer, maybe on another screen, or somebody else.
    const needsOwner = state !== 'ready' && !['canceled', 'expired'].includes(state);
    if (needsOwner && this.isOurs === undefined) {
      const isOurs = await isMine(this.claims);
      // Something newer has been heard meanwhile.
      if (turn !== this.turn) return;
      if (isOurs === undefined) {
        this.retrying = setTimeout(() => this.onState(state, reason), RETRY_MS);
        return;
      }
      this.isOurs = isOurs;
    }
    if (needsOwner && !this.isOurs) return this.show('others');
    if (this.state === 'checking' && state === 'ready') showThere(this.token);
    if (isOpen) return this.state === 'consent' ? undefined : this.ask(state === 'failed' ? withAnotherCard(reason || word('failed')) : '');
    this.show(state, reason);
  }

  /** What was heard before counts no more. */
  hears() {
    clearTimeout(this.retrying);
    return (this.turn += 1);
  }

  show(state, reason) {
    if (this.state === state && this.view.stage.firstChild) return;
    this.state = state;
    this.view.countdown.hidden = ENDED.includes(state) || state === 'others';
    const cancel = state === 'approved' ? () => this.giveUp() : null;
    this.view.stage.replaceChildren(outcome(state, { token: this.token, paymentKey: this.paymentKey, reason, cancel }));
    announce(word(state));
    if (ENDED.includes(state)) this.stop();
  }

  ask(failure) {
    this.state = 'consent';
    const { token, cards } = this;
    this.view.stage.replaceChildren(consent({
      token, cards, failure, amount: this.claims.amount,
      approve: (cardId) => this.approve(cardId),
      cancel: () => this.giveUp(),
    }));
  }

  async approve(cardId) {
    Object.assign(this, { isAsking: true, heard: null });
    this.hears();
    this.show('verifying');
    try {
      const { paymentKey } = await post('/authentication/simple', { token: this.token, cardId });
      Object.assign(this, { paymentKey, isOurs: true, isAsking: false });
      if (!ENDED.includes(this.state)) this.show('approved');
    } catch (error) {
      this.isAsking = false;
      this.onRefusal(error);
    }
  }

  onRefusal(error) {
    const ends = { PAYMENT_CANCELED: 'canceled', PAYMENT_EXPIRED: 'expired', PAYMENT_ABORTED: 'aborted', PAYMENT_CLAIMED_BY_ANOTHER: 'others', INVALID_TOKEN: 'unreadable', PAYMENT_NOT_FOUND: 'unreadable' };
    if (ENDED.includes(this.state)) return;
    if (ends[error.code]) return this.show(ends[error.code]);
    if (!(error instanceof Failure)) throw error;
    this.isOurs = undefined;
    // The answer was lost, not what it was about.
    const isLost = !error.status || error.status >= 500;
    if (isLost && this.heard) return this.onState(...this.heard);
    const told = error.code.startsWith('CARD_') && error.status < 500 ? withAnotherCard(error.message) : error.message;
    this.ask(told);
    announce(told);
  }

  async giveUp() {
    if (!(await ask(word('giveUpSure'), word('giveUpYes'), word('giveUpNo')))) return;
    try {
      await post('/request/cancel', { token: this.token });
      this.show('canceled');
    } catch (error) {
      // Where it has ended meanwhile, that says more.
      if (!ENDED.includes(this.state)) this.view.stage.querySelector('[data-f=error]').textContent = error.message;
    }
  }
}
