// As much of a browser as the demo needs: cookies, redirects by hand, links and forms. Node's own `fetch` cannot play
// one: it hides the hops of a redirect and marks every request as cross-site.
import { request } from 'node:http';
import { noteSecret } from './settings.mjs';

export class Browser {
  #cookies = new Map();

  /** Goes to `url` and follows redirects until `stop(url)` or a page; answers the page. */
  async open(url, { form, stop = () => false } = {}) {
    for (let hop = 0; hop < 20; hop += 1) {
      const page = await this.#exchange(new URL(url), form);
      if (!page.location) return page;
      url = new URL(page.location, page.url).href;
      form = undefined;
      if (stop(url)) return { ...page, url };
    }
    throw new Error('too many redirects');
  }

  /** Submits the only form of `page` with `values` beside its own fields. */
  submit(page, values = {}, options = {}) {
    const [, action, fields] = page.body.match(/<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/) ?? [];
    if (!action) throw new Error(`no form on the page (status ${page.status})`);
    const form = new URLSearchParams();
    for (const [tag] of fields.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      form.set(attribute(tag, 'name'), attribute(tag, 'value'));
    }
    for (const [name, value] of Object.entries(values)) form.set(name, value);
    return this.open(new URL(unescape(action), page.url).href, { ...options, form });
  }

  /** Follows the link of `page` with this text. */
  click(page, text, options) {
    const link = [...page.body.matchAll(/<a href="([^"]+)">([^<]*)<\/a>/g)].find(([, , label]) => label === text);
    if (!link) throw new Error(`no link "${text}" on the page (status ${page.status})`);
    return this.open(new URL(unescape(link[1]), page.url).href, options);
  }

  async #exchange(url, form) {
    const body = form?.toString();
    const headers = { accept: 'text/html,*/*;q=0.8', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) oidc-audit-demo' };
    const cookies = this.#cookiesFor(url);
    if (cookies) headers.cookie = cookies;
    if (body !== undefined) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      headers['content-length'] = Buffer.byteLength(body);
      headers.origin = url.origin;
    }
    const response = await send(url, { headers, method: body === undefined ? 'GET' : 'POST' }, body);
    this.#keepCookies(url, response.headers['set-cookie'] ?? []);
    return { body: response.body, location: response.headers.location, status: response.statusCode, url: url.href };
  }

  // Cookies know hosts but not ports, as in a real browser: with one host, both origins of the demo get them all.
  #cookiesFor({ hostname, pathname }) {
    const sent = [...this.#cookies.values()].filter(({ host, path }) => host === hostname && pathname.startsWith(path));
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  #keepCookies({ hostname: host }, lines) {
    for (const line of lines) {
      const [pair, ...attributes] = line.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(name.length + 1);
      const path = attributes.find((text) => /^path=/i.test(text))?.slice(5) ?? '/';
      const gone = attributes.some((text) => /^max-age=0$|^expires=thu, 01 jan 1970/i.test(text));
      if (gone) this.#cookies.delete(`${host} ${name} ${path}`);
      else this.#cookies.set(`${host} ${name} ${path}`, { host, name, path, value });
      if (value) noteSecret('cookie', value);
    }
  }
}

function send(url, options, body) {
  return new Promise((resolve, reject) => {
    const sending = request(url, options, (response) => {
      response.setEncoding('utf8');
      response.body = '';
      response.on('data', (chunk) => (response.body += chunk));
      response.on('end', () => resolve(response));
      response.on('error', reject);
    });
    sending.setTimeout(20_000, () => sending.destroy(new Error(`no answer from ${url.origin}`)));
    sending.on('error', reject);
    sending.end(body);
  });
}

function attribute(tag, name) {
  return unescape(tag.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? '');
}

function unescape(text) {
  return text.replace(/&amp;/g, '&').replace(/&quot;/g, '"').replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
}
