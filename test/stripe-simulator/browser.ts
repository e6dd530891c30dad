/** As much of a browser as the hosted pages need: it shows a page, fills forms in, and goes where they lead. */
export class Browser {
  url: URL;
  status = 0;
  text = '';

  constructor(url: URL) {
    this.url = url;
  }

  async open(): Promise<void> {
    await this.#show(await fetch(this.url));
  }

  /**
   * Sends the form that has this button: what its inputs hold, unless `typed` says something else.
   * @throws if the page has no such form.
   */
  async press(button: string, typed: Record<string, string> = {}): Promise<void> {
    const forms = [...this.text.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)];
    const [, form = '', inside = ''] = forms.find(([, , inner = '']) => inner.includes(button)) ?? [];
    const pressed = new RegExp(`<button([^>]*)>${button}`).exec(inside)?.[1];
    if (pressed === undefined) throw new Error(`there is no button '${button}' on:\n${this.text}`);
    const fields = new URLSearchParams();
    for (const [input] of inside.matchAll(/<input[^>]*>/g)) {
      const name = attribute(input, 'name');
      fields.set(name, typed[name] ?? attribute(input, 'value'));
    }
    if (attribute(pressed, 'name') !== '')
      fields.set(attribute(pressed, 'name'), attribute(pressed, 'value'));
    this.url = new URL(attribute(form, 'action'), this.url);
    const posts = attribute(form, 'method') === 'post';
    await this.#show(await fetch(this.url, posts ? { method: 'POST', body: fields } : {}));
  }

  async #show(response: Response): Promise<void> {
    this.url = new URL(response.url);
    this.status = response.status;
    this.text = await response.text();
  }
}

function attribute(tag: string, name: string): string {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
}
