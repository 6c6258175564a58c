// A cookie-keeping browser small enough to read: no script, no redirects followed unless asked.
import http from 'node:http';
import zlib from 'node:zlib';

const unescapeHtml = (s) =>
  s
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
const attribute = (tag, name) => {
  const m = tag.match(new RegExp(`\\s${name}="([^"]*)"`, 'i'));
  return m && unescapeHtml(m[1]);
};

export class Browser {
  cookies = new Map(); // "name path" -> { name, value, path }; one origin host in this drive
  constructor(headers = {}) {
    this.headers = headers;
  }

  async go(url, { method = 'GET', body, headers = {} } = {}) {
    const u = new URL(url, this.url);
    const jar = [...this.cookies.values()]
      .filter((c) => c.host === u.host && u.pathname.startsWith(c.path))
      .map((c) => `${c.name}=${c.value}`)
      .join('; ');
    const text = body && String(body);
    const all = {
      host: u.host,
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) test-browser',
      accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
      'accept-language': 'en',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      ...(jar && { cookie: jar }),
      ...(text !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(text),
        origin: u.origin,
      }),
      ...this.headers,
      ...headers,
    };
    const { r, raw } = await new Promise((ok, no) => {
      const q = http.request(u, { method, headers: all }, (r) => {
        const parts = [];
        r.on('data', (d) => parts.push(d));
        r.on('end', () => ok({ r, raw: Buffer.concat(parts) }));
      });
      q.on('error', no);
      q.setTimeout(60000, () => q.destroy(new Error('timeout')));
      q.end(text);
    });
    for (const line of r.headers['set-cookie'] ?? []) {
      const [pair, ...at] = line.split(/;\s*/),
        i = pair.indexOf('='),
        name = pair.slice(0, i);
      const path = at.find((a) => /^path=/i.test(a))?.slice(5) || '/',
        key = `${u.host} ${name} ${path}`;
      if (at.some((a) => /^(expires=thu, 0?1[ -]jan[ -]1970|max-age=0$)/i.test(a))) this.cookies.delete(key);
      else this.cookies.set(key, { host: u.host, name, value: pair.slice(i + 1), path });
    }
    this.body = (r.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(raw) : raw).toString();
    this.url = u.href;
    this.status = r.statusCode;
    this.head = r.headers;
    this.location = r.headers.location && new URL(r.headers.location, u).href;
    return this;
  }

  form(match) {
    // the first form whose tag or content has `match`
    for (const m of this.body.matchAll(/<form[^>]*>[\s\S]*?<\/form>/gi)) {
      if (match && !m[0].includes(match)) continue;
      const fields = {};
      for (const [tag] of m[0].matchAll(/<(?:input|button)[^>]*>/gi)) {
        const name = attribute(tag, 'name'),
          type = attribute(tag, 'type')?.toLowerCase();
        if (name && type !== 'submit' && type !== 'checkbox') fields[name] = attribute(tag, 'value') ?? '';
      }
      return { action: attribute(m[0], 'action'), fields };
    }
    throw new Error(
      `no form ${match ?? ''} in ${this.status} ${this.url}: ${this.body
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .slice(0, 200)}`,
    );
  }
  submit(fields = {}, match) {
    const f = this.form(match),
      p = new URLSearchParams(f.fields);
    for (const [k, v] of Object.entries(fields)) v === undefined ? p.delete(k) : p.set(k, v);
    return this.go(f.action, { method: 'POST', body: p });
  }
  async follow(stop) {
    // redirects only, at most ten
    for (let n = 0; n < 10 && this.location; n++) {
      if (stop?.(this.location)) return this.location;
      await this.go(this.location);
    }
    return this.url;
  }
  said() {
    // status, the theme's template, the title and the first message on the page
    const pick = (...res) => {
      for (const r of res) for (const m of this.body.matchAll(r)) if (m[1].trim()) return m[1].trim();
      return '';
    };
    const template = pick(/<!-- template: ((?!template\.ftl)[\w.-]+) -->/g),
      title = pick(/id="kc-page-title"[^>]*>(?:\s*<!--.*?-->)?\s*([^<]*)/g, /<title>([^<]*)/gi);
    const message = pick(
      /class="[^"]*(?:kc-feedback-text|alert-error)[^"]*"[^>]*>([^<]*)/g,
      /class="[^"]*instruction[^"]*"[^>]*>([^<]*)/g,
    );
    return `${this.status} ${template} «${title}» «${message}»`;
  }
}
