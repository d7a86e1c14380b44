// A button that copies a snippet. Without a script the text can be selected all the same.
const { copy, copied } = document.querySelector('.docs').dataset;

for (const snippet of document.querySelectorAll('.docs pre')) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'copy small', textContent: copy });
  const box = Object.assign(document.createElement('div'), { className: 'snippet' });
  button.addEventListener('click', async () => {
    if (await take(snippet)) button.textContent = copied;
  });
  button.addEventListener('blur', () => { button.textContent = copy; });
  snippet.replaceWith(box);
  box.append(snippet, button);
}

/** Over plain HTTP there is no clipboard to write to: then the selection is copied, or left to be. */
async function take(snippet) {
  try {
    await navigator.clipboard.writeText(snippet.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(snippet);
    return document.execCommand('copy');
  }
}
