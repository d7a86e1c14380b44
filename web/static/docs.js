// A button that copies a snippet. Without a script the text can be selected all the same.
import { copied } from './copy.js';

const { copy, copied: done } = document.querySelector('.docs').dataset;

for (const snippet of document.querySelectorAll('.docs pre')) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'copy small', textContent: copy });
  const box = Object.assign(document.createElement('div'), { className: 'snippet' });
  button.addEventListener('click', async () => {
    if (await copied(snippet.textContent)) button.textContent = done;
  });
  button.addEventListener('blur', () => { button.textContent = copy; });
  snippet.replaceWith(box);
  box.append(snippet, button);
}
