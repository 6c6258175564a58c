// The relying party of the demo: a web application on openid-client (a certified implementation) where a person can
// log in, look at their claims, refresh their tokens and log out. It listens on loopback, behind Envoy.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import * as oidc from 'openid-client';
import { noteSecret, noteTokens, settings } from './settings.mjs';

const { client, issuer, relyingParty } = settings;
const callback = `${relyingParty}/callback`;
const sessions = new Map();

// Plain http because everything of the demo is on loopback.
const provider = await oidc.discovery(new URL(issuer), client.id, undefined, oidc.ClientSecretBasic(client.secret), {
  execute: [oidc.allowInsecureRequests],
});

const routes = {
  '/': home,
  '/callback': finishLogin,
  '/claims': claims,
  '/goodbye': (_, response) => page(response, 200, '<h1>Logged out</h1><p><a href="/">Home</a></p>'),
  '/login': startLogin,
  '/logout': logout,
  '/refresh': refresh,
};

createServer(async (request, response) => {
  const url = new URL(request.url, relyingParty);
  const route = request.method === 'GET' && routes[url.pathname];
  if (!route) return page(response, 404, '<h1>Not found</h1>');
  try {
    await route(sessionOf(request), response, url);
  } catch (error) {
    page(response, 502, `<h1>Refused</h1><p>${escape(error.error ?? error.code ?? 'error')}</p><p><a href="/">Home</a></p>`);
  }
}).listen(settings.relyingPartyPort, '127.0.0.1', () => console.log('relying party ready'));

async function startLogin(_, response) {
  const login = { nonce: oidc.randomNonce(), state: oidc.randomState(), verifier: oidc.randomPKCECodeVerifier() };
  noteSecret('code_verifier', login.verifier);
  noteSecret('state', login.state);
  noteSecret('nonce', login.nonce);
  const url = oidc.buildAuthorizationUrl(provider, {
    code_challenge: await oidc.calculatePKCECodeChallenge(login.verifier),
    code_challenge_method: 'S256',
    nonce: login.nonce,
    prompt: 'consent',
    redirect_uri: callback,
    scope: 'openid profile email offline_access',
    state: login.state,
  });
  redirect(response, url, { 'set-cookie': cookie(remember({ login })) });
}

async function finishLogin(session, response, url) {
  if (url.searchParams.has('error')) {
    const code = escape(url.searchParams.get('error'));
    return page(response, 200, `<h1>Not logged in</h1><p>${code}</p><p><a href="/">Home</a></p>`);
  }
  if (!session?.login) return page(response, 400, '<h1>No login was started here</h1>');
  const { nonce, state, verifier } = session.login;
  noteSecret('code', url.searchParams.get('code'));
  const checks = { expectedNonce: nonce, expectedState: state, idTokenExpected: true, pkceCodeVerifier: verifier };
  const tokens = await oidc.authorizationCodeGrant(provider, url, checks);
  noteTokens(tokens);
  sessions.delete(session.id);
  const subject = tokens.claims().sub;
  redirect(response, '/', { 'set-cookie': cookie(remember({ subject, tokens })) });
}

async function claims(session, response) {
  if (!session?.tokens) return redirect(response, '/');
  const answer = await oidc.fetchUserInfo(provider, session.tokens.access_token, session.subject);
  page(response, 200, `<h1>Claims</h1><pre>${escape(JSON.stringify(answer, null, 2))}</pre><p><a href="/">Home</a></p>`);
}

async function refresh(session, response) {
  if (!session?.tokens) return redirect(response, '/');
  const tokens = await oidc.refreshTokenGrant(provider, session.tokens.refresh_token);
  noteTokens(tokens);
  session.tokens = { ...session.tokens, ...tokens };
  page(response, 200, '<h1>Tokens refreshed</h1><p><a href="/">Home</a></p>');
}

function logout(session, response) {
  if (!session?.tokens) return redirect(response, '/');
  sessions.delete(session.id);
  const state = oidc.randomState();
  noteSecret('logout state', state);
  const url = oidc.buildEndSessionUrl(provider, {
    id_token_hint: session.tokens.id_token,
    post_logout_redirect_uri: `${relyingParty}/goodbye`,
    state,
  });
  redirect(response, url, { 'set-cookie': 'shop=; Path=/; Max-Age=0' });
}

function home(session, response) {
  page(
    response,
    200,
    session?.tokens
      ? `<h1>Hello ${escape(session.subject)}</h1><p><a href="/claims">Claims</a> · <a href="/refresh">Refresh tokens</a>
 · <a href="/logout">Log out</a></p>`
      : '<h1>Web shop</h1><p><a href="/login">Log in</a></p>',
  );
}

function remember(session) {
  const id = randomBytes(24).toString('base64url');
  noteSecret('cookie', id);
  sessions.set(id, { ...session, id });
  return id;
}

function sessionOf(request) {
  return sessions.get(request.headers.cookie?.match(/(?:^|; )shop=([\w-]+)/)?.[1]);
}

function cookie(id) {
  return `shop=${id}; Path=/; HttpOnly; SameSite=Lax`;
}

function redirect(response, location, headers = {}) {
  response.writeHead(303, { 'cache-control': 'no-store', location: String(location), ...headers });
  response.end();
}

function page(response, status, body) {
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html><meta charset="utf-8"><title>Web shop</title>
<style>body{font:16px system-ui;margin:4rem auto;max-width:36rem}</style>${body}`);
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
