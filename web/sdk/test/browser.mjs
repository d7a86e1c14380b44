// As much of a browser as the SDK touches.

class Target {
  listeners = {};
  addEventListener(name, listener) { (this.listeners[name] ||= new Set()).add(listener); }
  removeEventListener(name, listener) { this.listeners[name]?.delete(listener); }
  fire(name, event = {}) { for (const listener of [...(this.listeners[name] || [])]) listener(event); }
  count() { return Object.values(this.listeners).reduce((sum, set) => sum + set.size, 0); }
}

class Element {
  style = {};
  children = [];
  constructor(tag) { this.tag = tag; }
  append(...children) { children.forEach((child) => { child.parent = this; this.children.push(child); }); }
  remove() { if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this); }
  setAttribute(name, value) { this[name] = value; }
  showModal() { this.open = true; }
  focus() { this.focused = (this.focused || 0) + 1; }
}

/** Installs a fresh browser in the globals; `blocked`: it opens no windows. */
export function installBrowser({ blocked = false, lang = 'ko', origin = 'https://shop.example.com' } = {}) {
  const browser = { opened: [], visited: [], body: new Element('body') };
  const document = Object.assign(new Target(), {
    documentElement: { lang }, visibilityState: 'visible', body: browser.body,
    createElement: (tag) => new Element(tag),
    querySelector: (selector) => (browser.container && selector === '#here' ? browser.container : null),
  });
  const window = Object.assign(new Target(), {
    open() {
      if (blocked) return null;
      const popup = {
        closed: false, urls: [], focused: 0, document: { body: {} },
        location: { replace: (url) => popup.urls.push(url) },
        focus() { popup.focused += 1; },
        close() { popup.closed = true; },
      };
      browser.opened.push(popup);
      return popup;
    },
  });
  const location = { origin, href: `${origin}/cart`, assign: (url) => browser.visited.push(new URL(url)) };
  const globals = { window, document, location, screenX: 0, screenY: 0, outerWidth: 1200, outerHeight: 900, navigator: { language: lang } };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return Object.assign(browser, { window, document });
}
