// Who is signed in.
import { make } from './dom.js';
import { get } from './api.js';
import * as session from './session.js';

export async function account({ go }) {
  const view = make('account', await get('/me'));
  view.out.addEventListener('click', () => {
    session.end();
    sessionStorage.clear();
    go('#/sign-in');
  });
  return { root: view.root };
}
