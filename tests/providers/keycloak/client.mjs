// How the driver talks to Keycloak: as a client of the token endpoint, and as a person with a browser.
import * as oc from 'openid-client';
import * as jose from 'jose';
import { Browser } from '../browser.mjs';
import { settings } from '../settings.mjs';

let steps = 0;
let surprises = 0;

/** Plays one step; what it meets is printed where it is not what was wanted. */
export async function step(name, want, run) {
  let ended;
  try {
    ended = String(await run());
  } catch (error) {
    const { code, error: oauth, error_description: description, message, cause } = error;
    ended = `threw ${code ?? ''} ${oauth ?? cause?.error ?? ''} ${description ?? message} ${cause?.message ?? ''}`;
  }
  steps += 1;
  const fits = want.test(ended);
  if (!fits) surprises += 1;
  console.log(fits ? 'ok ' : 'BAD', name.padEnd(44), ended.slice(0, 170));
}

/** Says how many steps there were; answers with the status to exit with. */
export function summary() {
  console.log(`${steps} steps, ${surprises} not as expected`);
  return surprises ? 1 : 0;
}

export const { op: OP, rp: RP, provider: KC } = settings;
export const realm = `${OP}/realms/acme`;
export const oidc = `${realm}/protocol/openid-connect`;
export const cb = `${RP}/cb`;
export const pw = 'pw-not-real';
export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// ---- talking to the provider
export const form = (url, fields, headers = {}) =>
  fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'application/json', ...headers },
    body: new URLSearchParams(fields),
  });
export async function told(response) {
  // "400 invalid_grant: Code not valid"
  const text = await response.text();
  let j;
  try {
    j = JSON.parse(text);
  } catch {}
  const what = j?.error
    ? `${j.error}: ${j.error_description ?? '-'}`
    : j
      ? Object.keys(j).join()
      : text
          .replace(/<[^>]*>/g, ' ')
          .replace(/\s+/g, ' ')
          .slice(0, 80);
  return Object.assign(new String(`${response.status} ${what}`), {
    json: j,
    status: response.status,
    text,
    headers: response.headers,
  });
}
export const post = async (url, fields, headers) => told(await form(url, fields, headers));
export const get = async (url, headers = {}, method = 'GET') =>
  told(await fetch(url, { method, redirect: 'manual', headers }));
export const basic = (id, secret) => ({
  authorization: 'Basic ' + Buffer.from(`${id}:${secret}`).toString('base64'),
});
export const secret = (id) => `${id}-secret-0123456789abcdef`;
export const as = (id) => basic(id, secret(id));
export const bearer = (t) => ({ authorization: 'Bearer ' + t });
export const token = (grant_type, fields, headers) => post(`${oidc}/token`, { grant_type, ...fields }, headers);
export const EX = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const AT = 'urn:ietf:params:oauth:token-type:access_token';
export const DEV = 'urn:ietf:params:oauth:grant-type:device_code';
export const CIBA = 'urn:openid:params:grant-type:ciba';
export const UMA = 'urn:ietf:params:oauth:grant-type:uma-ticket';
export const jwt = (t) => jose.decodeJwt(t);
export const typ = (t) => `${jose.decodeProtectedHeader(t).typ}/${jwt(t).typ}`;

// ---- the browser side
const pkce = async () => {
  const v = oc.randomPKCECodeVerifier();
  return { v, code_challenge: await oc.calculatePKCECodeChallenge(v), code_challenge_method: 'S256' };
};
export async function authorize(more = {}, path = 'auth') {
  // -> { url, v, state }
  const { v, ...challenge } = await pkce(),
    state = oc.randomState();
  const p = {
    client_id: 'web',
    response_type: 'code',
    redirect_uri: cb,
    scope: 'openid profile email',
    state,
    nonce: oc.randomNonce(),
    ...challenge,
    ...more,
  };
  for (const k in p) if (p[k] === undefined) delete p[k];
  return { url: `${oidc}/${path}?${new URLSearchParams(p)}`, v, state };
}
export const home = (u) => u.startsWith(RP);
export const answer = (u) => {
  const x = new URL(u),
    p = new URLSearchParams(x.search.slice(1) || x.hash.slice(1));
  return (
    (x.hash ? '#' : '?') +
    [...p].map(([k, v]) => (/^(error.*|iss)$/.test(k) && k !== 'iss' ? `${k}=${v}` : k)).join('&')
  );
};
export async function signIn(b, more = {}, { user = 'alice', password = pw } = {}) {
  // to the callback, form if one is shown
  const a = await authorize(more);
  await b.go(a.url);
  await b.follow(home);
  if (!b.location && b.body.includes('kc-form-login')) {
    await b.submit({ username: user, password });
    await b.follow(home);
  }
  if (!b.location) throw new Error('not back at the RP: ' + b.said());
  const back = b.location;
  await b.go(back);
  return { ...a, back, code: new URL(back).searchParams.get('code') };
}
export const redeem = (c, fields = {}, headers = as('web')) =>
  token('authorization_code', { code: c.code, redirect_uri: cb, code_verifier: c.v, ...fields }, headers);
export const fresh = async (more, who, b = new Browser()) => {
  const c = await signIn(b, more, who),
    t = await redeem(c);
  return { b, c, t: t.json };
};
