// The same acts against every provider: a person who logs in, a client that uses what it got, and what goes wrong with
// both. Which events each step leaves is in scenario.tsv; here only what the protocol promises is checked.
import crypto from 'node:crypto';
import { appendFileSync } from 'node:fs';
import http from 'node:http';
import { Browser } from './browser.mjs';
import { settings } from './settings.mjs';

const { client, issuer, job, rp, user } = settings;
const callback = `${rp}/callback`;
const goodbye = `${rp}/goodbye`;
const isHome = (url) => url.startsWith(rp);

const server = http.createServer((request, response) => {
  const session = request.url.startsWith('/callback') ? { 'set-cookie': `session=${crypto.randomUUID()}; HttpOnly` } : {};
  response.writeHead(200, { 'content-type': 'text/plain', ...session });
  response.end('relying party');
});
await new Promise((ready) => server.listen(settings.relyingPartyPort, '127.0.0.1', ready));

const alice = new Browser();
let metadata;
let login;
let tokens;

await step('discovery', async () => {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`);
  metadata = await response.json();
  expect(metadata.issuer === issuer, `the metadata are of ${metadata.issuer}`);
});

await step('failed password', async () => {
  login = request();
  await alice.go(login.url);
  await alice.follow(isHome);
  await alice.submit({ [user.field]: user.name, password: `not ${user.password}` });
  await alice.follow(isHome);
  expect(!alice.location, 'a wrong password led on');
});

await step('login', async () => {
  await alice.submit({ [user.field]: user.name, password: user.password });
  await alice.follow(isHome);
  await arrive(login);
});

await step('redeem', async () => {
  tokens = await succeed(redeem(login));
});

await step('userinfo', async () => {
  const response = await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  expect((await response.json()).sub, `userinfo answers ${response.status}`);
});

await step('refresh', async () => {
  tokens = { ...tokens, ...(await succeed(refresh(tokens.refresh_token))) };
});

await step('introspect', async () => {
  const { active } = await succeed(post(metadata.introspection_endpoint, { token: tokens.access_token }));
  expect(active === true, 'the access token is not active');
});

await step('revoke', async () => {
  const response = await post(metadata.revocation_endpoint, { token: tokens.access_token });
  expect(response.status === 200, `revocation answers ${response.status}`);
});

await step('introspect what was revoked', async () => {
  const { active } = await succeed(post(metadata.introspection_endpoint, { token: tokens.access_token }));
  expect(active === false, 'the revoked token is still active');
});

await step('single sign-on', async () => {
  login = await signOn();
  tokens = await succeed(redeem(login));
});

await step('code replay', async () => {
  await refused(redeem(login), 'invalid_grant');
});

await step('refresh replay', async () => {
  login = await signOn();
  tokens = await succeed(redeem(login));
  await succeed(refresh(tokens.refresh_token));
  await refused(refresh(tokens.refresh_token), 'invalid_grant');
});

await step('bad secret', async () => {
  const response = await post(metadata.token_endpoint, { grant_type: 'client_credentials' }, { ...job, secret: 'wrong' });
  expect(response.status === 401, `a wrong secret meets ${response.status}`);
});

await step('client credentials', async () => {
  await succeed(post(metadata.token_endpoint, { grant_type: 'client_credentials' }, job));
});

await step('logout', async () => {
  tokens = await succeed(redeem(await signOn()));
  const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: goodbye, state: 'out' };
  await alice.go(`${metadata.end_session_endpoint}?${new URLSearchParams(parameters)}`);
  if (!alice.location) await alice.submit(settings.confirmation);
  await alice.follow(isHome);
  expect(alice.location?.startsWith(goodbye), 'the logout did not lead home');
  await alice.go(alice.location);
});

server.close();
process.exit(0);

/** Plays a step and notes when it began: its records began then or later. */
async function step(name, act) {
  const from = Date.now();
  try {
    await act();
  } catch (error) {
    console.log(`BAD ${name}: ${error.message}`);
    process.exit(1);
  }
  appendFileSync(settings.steps, `${JSON.stringify({ name, from })}\n`);
  // the next one begins in a later millisecond
  await new Promise((later) => setTimeout(later, 3));
}

/** An authorization request of the client, with PKCE. */
function request(more = {}) {
  const verifier = random();
  const challenge = crypto.createHash('sha256').update(verifier).digest('base64url');
  const parameters = new URLSearchParams({
    client_id: client.id,
    response_type: 'code',
    redirect_uri: callback,
    scope: 'openid profile',
    state: random(),
    nonce: random(),
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  });
  return { url: `${metadata.authorization_endpoint}?${parameters}`, verifier };
}

/** A login of the person who is signed in already. */
async function signOn() {
  const again = request();
  await alice.go(again.url);
  await alice.follow(isHome);
  await arrive(again);
  return again;
}

async function arrive(attempt) {
  // a page that asks for consent
  if (!alice.location) await alice.submit().then(() => alice.follow(isHome));
  expect(alice.location?.startsWith(callback), `no way back to the relying party (status ${alice.status})`);
  attempt.code = new URL(alice.location).searchParams.get('code');
  expect(attempt.code, 'no code came back');
  await alice.go(alice.location);
}

function redeem({ code, verifier }) {
  const grant = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier };
  return post(metadata.token_endpoint, grant);
}

function refresh(token) {
  return post(metadata.token_endpoint, { grant_type: 'refresh_token', refresh_token: token });
}

function post(url, form, { id, secret } = client) {
  const credentials = Buffer.from(`${id}:${secret}`).toString('base64');
  const headers = { accept: 'application/json', authorization: `Basic ${credentials}` };
  return fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
}

async function succeed(answer) {
  const response = await answer;
  const body = await response.text();
  expect(response.status === 200, `${new URL(response.url).pathname} answers ${response.status} ${body.slice(0, 200)}`);
  return JSON.parse(body);
}

async function refused(answer, error) {
  const response = await answer;
  const body = await response.json();
  expect(response.status === 400 && body.error === error, `it meets ${response.status} ${body.error}`);
}

function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

function random() {
  return crypto.randomBytes(32).toString('base64url');
}
