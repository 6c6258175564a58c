// The relying party behind Envoy's `rp` listener: echoes callbacks, keeps logout tokens and CIBA requests, serves its client keys.
import http from 'node:http';
import { generateKeyPair, exportJWK } from 'jose';

export const keys = await generateKeyPair('ES256', { extractable: true });
export const sealing = await generateKeyPair('RSA-OAEP-256', { extractable: true });
const jwks = {
  keys: [
    { ...(await exportJWK(keys.publicKey)), kid: 'rp-1', use: 'sig', alg: 'ES256' },
    { ...(await exportJWK(sealing.publicKey)), kid: 'rp-enc', use: 'enc', alg: 'RSA-OAEP-256' },
  ],
};

export const seen = { backchannel: [], frontchannel: [], ciba: [], refuse: false }; // refuse: answer the next logout token with 400

export function start(port) {
  const server = http.createServer((q, r) => {
    let body = '';
    q.on('data', (d) => (body += d));
    q.on('end', () => {
      const path = q.url.split('?')[0];
      const send = (status, type, text, more = {}) => {
        r.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...more });
        r.end(text);
      };
      if (path === '/jwks.json') return send(200, 'application/json', JSON.stringify(jwks));
      if (path === '/backchannel-logout') {
        seen.backchannel.push(body);
        const status = seen.refuse ? 400 : 200;
        seen.refuse = false;
        r.writeHead(status, { 'cache-control': 'no-store' });
        return r.end();
      }
      if (path === '/frontchannel-logout') {
        seen.frontchannel.push(q.url);
        return send(200, 'text/html', '<p>signed out</p>');
      }
      if (path === '/ciba-device') {
        seen.ciba.push({ authorization: q.headers.authorization, body });
        r.writeHead(201);
        return r.end();
      }
      if (path === '/api/doc')
        return q.headers.authorization?.startsWith('Bearer ')
          ? send(200, 'application/json', '{"doc":1}')
          : send(401, 'application/json', '{"error":"no token"}', { 'www-authenticate': 'Bearer realm="doc"' });
      send(
        200,
        'text/plain',
        `rp ${q.method} ${path}\n`,
        path === '/cb'
          ? { 'set-cookie': 'rpsid=' + Math.random().toString(36).slice(2) + '; HttpOnly; SameSite=Lax; Path=/' }
          : {},
      );
    });
  });
  return new Promise((ok) => server.listen(port, '127.0.0.1', () => ok(server)));
}
