// Small helpers around <template>: what comes from the server is only ever set as text.

const template = (id) => document.getElementById(id).content;

/** A fresh copy of a template's element, with its parts by name: `const { root, message } = make('failure')`. */
export function make(id, values = {}) {
  const root = template(id).firstElementChild.cloneNode(true);
  const parts = { root };
  for (const part of root.querySelectorAll('[data-f]')) parts[part.dataset.f] = part;
  for (const [name, value] of Object.entries(values)) if (parts[name]) parts[name].textContent = value ?? '';
  return parts;
}

/** A text in the language of the page. */
export const word = (name) => template('words').querySelector(`[data-word=${name}]`).textContent;

export function announce(text) {
  document.getElementById('announcer').textContent = text;
}

/**
 * Asks before something that cannot be taken back, about what somebody named `about`, if it has a name. Resolves with
 * the answer.
 */
export function ask(question, yes, no, about = '') {
  const dialog = document.getElementById('ask');
  const [refuse, agree] = dialog.querySelectorAll('button');
  const name = Object.assign(document.createElement('span'), { dir: 'auto', textContent: about });
  dialog.querySelector('h2').replaceChildren(name, question);
  agree.textContent = yes;
  refuse.textContent = no;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener('close', () => answer(dialog.returnValue === 'yes'), { once: true });
  });
}

/** Runs `work` while the button shows that it is busy. */
export async function busy(button, work) {
  const spinner = Object.assign(document.createElement('span'), { className: 'spinner' });
  button.disabled = true;
  button.prepend(spinner);
  try {
    return await work();
  } finally {
    spinner.remove();
    button.disabled = false;
  }
}

/** What is wrong with a form's first wrong field, in the language of the page; the field gets the focus. */
export function problemOf(form) {
  const field = [...form.elements].find((one) => one.willValidate && !one.checkValidity());
  if (!field) return '';
  field.focus();
  const { valueMissing, typeMismatch, tooShort } = field.validity;
  if (valueMissing) return `${field.labels[0].querySelector('span').textContent}: ${word('required')}`;
  if (typeMismatch) return word('emailWrong');
  if (tooShort) return word('passwordRule');
  return field.validationMessage;
}
