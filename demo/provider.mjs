// The OpenID provider of the demo: oidc-provider (a certified implementation) with two small pages of our own for
// login and consent. It listens on loopback; browser and client reach it through Envoy only.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider, { errors } from 'oidc-provider';
import { noteSecret, settings } from './settings.mjs';

const { client, issuer, job, relyingParty, users } = settings;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client.id,
      client_name: 'Web shop',
      client_secret: client.secret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [`${relyingParty}/callback`],
      post_logout_redirect_uris: [`${relyingParty}/goodbye`],
    },
    {
      client_id: job.id,
      client_secret: job.secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
  cookies: { keys: [settings.cookieKey] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => claimsOf(id) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  // By default only where `offline_access` was asked for and consented to: single sign-on would bring none.
  issueRefreshToken: (_, requester) => requester.grantTypeAllowed('refresh_token'),
  jwks: { keys: [signingKey()] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
});
// Envoy in front of it sets x-forwarded-proto.
provider.proxy = true;

const handle = provider.callback();
createServer((request, response) => {
  const path = request.url.match(/^\/interaction\/[\w-]+(\/(?:login|consent|abort))?$/);
  if (!path) return handle(request, response);
  interact(request, response, path[1] ?? '').catch((error) => {
    page(response, error instanceof errors.SessionNotFound ? 400 : 500, '<p>This login has expired. Start again.</p>');
  });
}).listen(settings.providerPort, '127.0.0.1', () => console.log('provider ready'));

async function interact(request, response, action) {
  const interaction = await provider.interactionDetails(request, response);
  const { prompt, uid } = interaction;
  if (action === '/abort') {
    return finish(request, response, { error: 'access_denied', error_description: 'the end-user aborted the interaction' });
  }
  if (action === '/login' && request.method === 'POST') {
    const form = await readForm(request);
    if (users[form.get('login')] === form.get('password')) {
      return finish(request, response, { login: { accountId: form.get('login') } });
    }
    return page(response, 200, loginPage(uid, 'Wrong name or password.'));
  }
  if (action === '/consent' && request.method === 'POST') {
    return finish(request, response, { consent: { grantId: await grant(interaction) } });
  }
  return page(response, 200, prompt.name === 'login' ? loginPage(uid) : consentPage(uid, interaction));
}

function finish(request, response, result) {
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: !result.error });
}

async function grant({ grantId, params, prompt: { details }, session }) {
  const given = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) given.addOIDCScope(details.missingOIDCScope.join(' '));
  if (details.missingOIDCClaims) given.addOIDCClaims(details.missingOIDCClaims);
  return given.save();
}

function claimsOf(id) {
  const name = id[0].toUpperCase() + id.slice(1);
  return { sub: id, name: `${name} Example`, preferred_username: id, email: `${id}@example.test`, email_verified: true };
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) noteSecret('signing key', jwk[member]);
  return { ...jwk, alg: 'RS256', kid: 'demo', use: 'sig' };
}

async function readForm(request) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > 10_000) throw new Error('too much');
  }
  return new URLSearchParams(body);
}

function loginPage(uid, problem = '') {
  return `<h1>Log in</h1><p>${problem}</p>
<form method="post" action="/interaction/${uid}/login">
<label>Name <input name="login" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button type="submit">Log in</button> <a href="/interaction/${uid}/abort">Cancel</a>
</form>`;
}

function consentPage(uid, { params }) {
  return `<h1>${escape(params.client_id)} asks for</h1><p>${escape(params.scope)}</p>
<form method="post" action="/interaction/${uid}/consent">
<button type="submit">Allow</button> <a href="/interaction/${uid}/abort">Cancel</a>
</form>`;
}

function page(response, status, body) {
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html><meta charset="utf-8"><title>Demo provider</title>
<style>body{font:16px system-ui;margin:4rem auto;max-width:24rem}label{display:block;margin:1rem 0}</style>${body}`);
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
