// What happens in the demo: one person's day at the web shop, and four things that go wrong. Every step checks what
// the protocol promises and prints one line; the first surprise ends the run.
import * as oidc from 'openid-client';
import { Browser } from './browser.mjs';
import { noteSecret, noteTokens, settings } from './settings.mjs';

const { client, issuer, job, relyingParty, users } = settings;
const insecure = { execute: [oidc.allowInsecureRequests] };
const isCallback = (url) => url.startsWith(`${relyingParty}/callback`);

const alice = new Browser();
let home;

await step('alice logs in: authorization code + PKCE', async () => {
  home = await logIn(alice, 'alice');
  expect(home.body.includes('Hello alice'), 'alice is not logged in');
});

await step('the shop asks for her claims: userinfo', async () => {
  const page = await alice.click(home, 'Claims');
  expect(page.body.includes('alice@example.test'), 'no claims');
});

await step('the shop refreshes her tokens', async () => {
  const page = await alice.click(home, 'Refresh tokens');
  expect(page.body.includes('Tokens refreshed'), 'no new tokens');
});

await step('alice logs out: id_token_hint, state, and the confirmation', async () => {
  const question = await alice.click(home, 'Log out');
  const page = await alice.submit(question, { logout: 'yes' });
  expect(page.body.includes('Logged out'), 'alice is not logged out');
  expect(new URL(page.url).searchParams.has('state'), 'the provider did not bring the state back');
});

await step('someone replays a code that was used: refused', async () => {
  const { code, provider, verifier } = await stolenCode();
  const exchange = () => oidc.authorizationCodeGrant(provider, code, { expectedState: oidc.skipStateCheck, pkceCodeVerifier: verifier });
  noteTokens(await exchange());
  const refused = await refusal(exchange);
  expect(refused === 'invalid_grant', `the replay met ${refused}`);
});

await step('a job presents a wrong client secret: refused', async () => {
  const wrong = oidc.randomState();
  noteSecret('client secret', wrong);
  const provider = await oidc.discovery(new URL(issuer), job.id, undefined, oidc.ClientSecretBasic(wrong), insecure);
  const refused = await refusal(() => oidc.clientCredentialsGrant(provider));
  expect(refused === 'invalid_client', `the wrong secret met ${refused}`);
});

await step('bob changes his mind at the login page: access_denied', async () => {
  const bob = new Browser();
  const login = await bob.click(await bob.open(relyingParty), 'Log in');
  const page = await bob.click(login, 'Cancel');
  expect(page.body.includes('access_denied'), 'no error came back');
});

await step('a silent login without a session: login_required', async () => {
  const provider = await shop();
  const url = oidc.buildAuthorizationUrl(provider, { ...(await parameters()).request, prompt: 'none' });
  const end = await new Browser().open(url.href, { stop: isCallback });
  expect(new URL(end.url).searchParams.get('error') === 'login_required', 'no error came back');
});

async function logIn(browser, user) {
  const login = await browser.click(await browser.open(relyingParty), 'Log in');
  const consent = await browser.submit(login, { login: user, password: users[user] });
  return browser.submit(consent);
}

/** A code that bob's browser brought back, and what belongs to it; the shop never sees it. */
async function stolenCode() {
  const bob = new Browser();
  const provider = await shop();
  const { request, verifier } = await parameters();
  const login = await bob.open(oidc.buildAuthorizationUrl(provider, request).href);
  const consent = await bob.submit(login, { login: 'bob', password: users.bob });
  const end = await bob.submit(consent, {}, { stop: isCallback });
  const code = new URL(end.url);
  noteSecret('code', code.searchParams.get('code'));
  return { code, provider, verifier };
}

/** The shop's registration at the provider, in the hands of whoever runs this. */
function shop() {
  return oidc.discovery(new URL(issuer), client.id, undefined, oidc.ClientSecretBasic(client.secret), insecure);
}

async function parameters() {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  noteSecret('code_verifier', verifier);
  noteSecret('state', state);
  const request = {
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    redirect_uri: `${relyingParty}/callback`,
    scope: 'openid',
    state,
  };
  return { request, verifier };
}

/** The OAuth error code with which the provider refuses `action`: from the body, else from WWW-Authenticate. */
async function refusal(action) {
  try {
    await action();
  } catch (error) {
    return error.error ?? error.cause?.[0]?.parameters?.error ?? error.code;
  }
  return 'nothing';
}

function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

async function step(what, action) {
  try {
    await action();
    console.log(`  ok      ${what}`);
  } catch (error) {
    console.log(`  FAILED  ${what}: ${error.error ?? error.message}`);
    process.exit(1);
  }
}
