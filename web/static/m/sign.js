// Signing in, and signing up with the same two fields.
import { busy, make, problemOf, word } from './dom.js';
import { post } from './api.js';
import * as session from './session.js';

export function sign({ param, go }) {
  const isNew = param === 'up';
  const next = sessionStorage.getItem('next') || '#/';
  const view = make('sign', {
    submit: word(isNew ? 'signUp' : 'signIn'),
    'other-hint': word(isNew ? 'hasAccount' : 'noAccount'),
    other: word(isNew ? 'signIn' : 'signUp'),
  });
  const { email, password } = view.root.elements;
  const why = sessionStorage.getItem('why');
  sessionStorage.removeItem('why');
  if (why) view.hint.textContent = word(why);
  else if (next.startsWith('#/pay/')) view.hint.textContent = word('signInFirst');
  view.other.href = isNew ? '#/sign-in' : '#/sign-up';
  view.rule.hidden = !isNew;
  password.autocomplete = isNew ? 'new-password' : 'current-password';

  view.root.addEventListener('submit', (event) => {
    event.preventDefault();
    view.error.textContent = problemOf(view.root);
    if (view.error.textContent) return;
    busy(view.submit, async () => {
      const credentials = { email: email.value.trim(), password: password.value };
      try {
        if (isNew) await post('/sign-up', credentials);
        session.begin((await post('/sign-in', credentials)).accessToken);
        sessionStorage.removeItem('next');
        go(next);
      } catch (error) {
        view.error.textContent = error.message;
        password.focus();
      }
    });
  });
  return { root: view.root };
}
