// Drives every flow that Keycloak has through Envoy, one exchange at a time: each leaves its trace in Keycloak's own
// event log and in ours. A step answers with a short text of how it ended, which its expression must match.
import crypto from 'node:crypto';
import * as oc from 'openid-client';
import * as jose from 'jose';
import { Browser } from '../browser.mjs';
import {
  AT,
  CIBA,
  DEV,
  EX,
  KC,
  OP,
  RP,
  UMA,
  answer,
  as,
  authorize,
  basic,
  bearer,
  cb,
  form,
  fresh,
  get,
  home,
  jwt,
  oidc,
  post,
  pw,
  realm,
  redeem,
  secret,
  signIn,
  sleep,
  step,
  summary,
  token,
  told,
  typ,
} from './client.mjs';
import { keys, seen, start } from './relying-party.mjs';
import { settings } from '../settings.mjs';

const server = await start(settings.relyingPartyPort);
// What later steps need of earlier ones.
const kept = {};
const insecure = { execute: [oc.allowInsecureRequests] };
const alice = new Browser();
let web, t, t2;

// ---- metadata
await step('discovery', /^ok/, async () => {
  web = await oc.discovery(new URL(realm), 'web', undefined, oc.ClientSecretBasic(secret('web')), insecure);
  return 'ok ' + web.serverMetadata().issuer;
});
await step('jwks', /^200 keys/, () => get(`${oidc}/certs`));
await step('realm info', /^200 realm/, () => get(realm));
await step('uma2 discovery', /^200/, () => get(`${realm}/.well-known/uma2-configuration`));
await step('oauth-authorization-server metadata', /^200 issuer/, () =>
  get(`${realm}/.well-known/oauth-authorization-server`),
);
await step('unknown realm discovery 404', /^404/, () => get(`${OP}/realms/nowhere/.well-known/openid-configuration`));
await step('unknown realm authorize 404', /^404/, async () =>
  (
    await new Browser().go(
      `${OP}/realms/nowhere/protocol/openid-connect/auth?client_id=web&response_type=code&redirect_uri=${cb}`,
    )
  ).said(),
);
await step('unknown realm token 404', /^404/, () =>
  post(`${OP}/realms/nowhere/protocol/openid-connect/token`, { grant_type: 'client_credentials' }, as('web')),
);
await step('cors preflight', /^200/, () =>
  get(`${oidc}/token`, { origin: RP, 'access-control-request-method': 'POST' }, 'OPTIONS'),
);
await step('check_session iframe', /^200/, () => get(`${oidc}/login-status-iframe.html`));
await step('check_session init', /^204/, () =>
  get(`${oidc}/login-status-iframe.html/init?client_id=spa&origin=${encodeURIComponent(RP)}`),
);
await step('check_session init, origin not allowed', /^403/, () =>
  get(`${oidc}/login-status-iframe.html/init?client_id=web&origin=${encodeURIComponent(RP)}`),
);

// ---- the ordinary way
await step('prompt=none without session', /error=login_required/, async () => {
  const b = new Browser();
  await b.go((await authorize({ prompt: 'none' })).url);
  const at = b.location;
  await b.go(at);
  return answer(at);
});
await step('code login by form', /\?state&session_state&iss&code 200/, async () => {
  const c = await signIn(alice);
  const r = await redeem(c);
  t = r.json;
  return `${answer(c.back)} ${r} at=${typ(t.access_token)} rt=${typ(t.refresh_token)} id=${typ(t.id_token)}`;
});
await step('userinfo get', /^200 sub/, () => get(`${oidc}/userinfo`, bearer(t.access_token)));
await step('userinfo post body token', /^200 sub/, () => post(`${oidc}/userinfo`, { access_token: t.access_token }));
await step('userinfo garbage token', /^401/, () => get(`${oidc}/userinfo`, bearer('garbage')));
await step('userinfo no token', /^40/, () => get(`${oidc}/userinfo`));
await step('api at rp with token', /^200/, () => get(`${RP}/api/doc`, bearer(t.access_token)));
await step('api at rp without token', /^401/, () => get(`${RP}/api/doc`));
await step('sso second login, no form', /code/, async () => {
  const c = await signIn(alice, { prompt: 'none' });
  await redeem(c);
  return answer(c.back);
});
await step('prompt=login asks again', /code/, async () => {
  const c = await signIn(alice, { prompt: 'login' });
  await redeem(c);
  return answer(c.back);
});
await step('max_age=0 asks again', /code/, async () => {
  const c = await signIn(alice, { max_age: '0' });
  await redeem(c);
  return answer(c.back);
});
await step('spa public client pkce', /^200/, async () => {
  const c = await signIn(new Browser(), { client_id: 'spa' });
  return redeem(c, { client_id: 'spa' }, { origin: RP });
});

// ---- failed logins
const attempt = (name, want, fields, more) =>
  step(name, want, async () => {
    const b = new Browser();
    await b.go((await authorize()).url);
    await b.submit(fields);
    await more?.(b);
    return b.said();
  });
await attempt('login wrong password', /^200/, { username: 'alice', password: 'wrong' });
await step('login wrong then right', /200 .*code/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url);
  await b.submit({ username: 'alice', password: 'wrong' });
  const first = b.said();
  await b.submit({ username: 'alice', password: pw });
  const at = b.location;
  await b.go(at);
  return first + answer(at);
});
await attempt('login unknown user', /^200/, { username: 'nobody', password: pw });
await attempt('login empty username', /^200/, { username: '', password: '' });
await attempt('login empty password', /^200/, { username: 'alice', password: '' });
await attempt('login disabled user', /^200/, { username: 'dave', password: pw });
for (let i = 1; i <= 5; i++)
  await attempt(`login bob wrong ${i} of 5`, /^200/, { username: 'bob', password: 'wrong' });
await attempt('login bob right but locked', /^200/, { username: 'bob', password: pw });
await step('login form posted twice (stale)', /^200.*302.*200/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url);
  const f = b.form('kc-form-login');
  await b.submit({ username: 'alice', password: 'wrong' });
  let said = b.said();
  await b.go(f.action, { method: 'POST', body: new URLSearchParams({ username: 'alice', password: pw }) });
  said += b.status;
  await b.follow(home);
  return said + b.said();
});
await step('login form without cookies', /^400/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url);
  const f = b.form('kc-form-login');
  b.cookies.clear();
  await b.go(f.action, { method: 'POST', body: new URLSearchParams({ username: 'alice', password: pw }) });
  return b.said();
});
await step('login restart link', /^200/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url);
  const u = new URL(b.form('kc-form-login').action);
  await b.go(`${realm}/login-actions/restart?client_id=web&tab_id=${u.searchParams.get('tab_id')}`);
  await b.follow();
  return b.said();
});
await step('login page for a session that is gone', /^400/, async () => {
  const b = new Browser();
  await b.go(`${realm}/login-actions/authenticate?client_id=web&tab_id=nope`);
  await b.follow();
  return b.said();
});
await step('login remember me', /code/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url);
  await b.submit({ username: 'alice', password: pw, rememberMe: 'on' });
  const at = b.location;
  await b.go(at);
  return answer(at);
});
await step('login by e-mail address', /code/, async () =>
  answer((await signIn(new Browser(), {}, { user: 'alice@acme.test' })).back),
);

// ---- second factor, required action, registration, forgotten password
const totp = (key, at = Date.now()) => {
  const m = Buffer.alloc(8);
  m.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const h = crypto.createHmac('sha1', key).update(m).digest(),
    o = h[19] & 15;
  return String((h.readUInt32BE(o) & 0x7fffffff) % 1e6).padStart(6, '0');
};
await step('otp asked, wrong, right', /code/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url);
  await b.submit({ username: 'erin', password: pw });
  let said = b.said();
  if (b.location) {
    await b.follow(home);
    said += b.said();
  }
  await b.submit({ otp: '000000' });
  said += b.said();
  await b.submit({ otp: totp('not-a-real-totp-secret') });
  const at = b.location;
  await b.go(at);
  return said + answer(at);
});
await step('required action update password', /code/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url);
  await b.submit({ username: 'carol', password: pw });
  let said = `${b.status} ${new URL(b.location).pathname.split('/').pop()} `;
  await b.follow(home);
  said += b.said();
  await b.submit({ 'password-new': 'pw-2-not-real', 'password-confirm': 'different' });
  said += b.said();
  await b.submit({ 'password-new': 'pw-2-not-real', 'password-confirm': 'pw-2-not-real' });
  said += b.status;
  await b.follow(home);
  const at = b.location;
  await b.go(at);
  return said + answer(at);
});
await step('registration, taken name then success', /code/, async () => {
  const b = new Browser();
  await b.go((await authorize({}, 'registrations')).url);
  await b.follow();
  let said = b.said();
  const f = {
    username: 'alice',
    password: pw,
    'password-confirm': pw,
    email: 'frank@acme.test',
    firstName: 'Frank',
    lastName: 'Test',
  };
  await b.submit(f);
  said += b.said();
  await b.submit({ ...f, username: 'frank' });
  said += b.status;
  await b.follow(home);
  const at = b.location;
  await b.go(at);
  return said + answer(at);
});
await step('forgotten password (no mail server)', /^200.*You should receive an email/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url);
  const u = new URL(b.form('kc-form-login').action);
  await b.go(`${realm}/login-actions/reset-credentials?client_id=web&tab_id=${u.searchParams.get('tab_id')}`);
  await b.follow();
  let said = b.said();
  await b.submit({ username: 'alice' });
  said += b.said();
  await b.follow();
  return said + b.said();
});
await step('forgotten password, unknown user', /^200.*You should receive an email/, async () => {
  const b = new Browser();
  await b.go((await authorize({}, 'forgot-credentials')).url);
  await b.follow();
  const said = b.said();
  await b.submit({ username: 'nobody' });
  await b.follow();
  return said + b.said();
});

// ---- consent
const asks = { client_id: 'asks' };
await step('consent denied', /error=access_denied/, async () => {
  const b = new Browser();
  await b.go((await authorize(asks)).url);
  await b.submit({ username: 'alice', password: pw });
  let said = `${b.status} `;
  await b.follow(home);
  said += b.said();
  await b.submit({ cancel: 'No', accept: undefined });
  said += b.status;
  const at = b.location;
  await b.go(at);
  return said + answer(at);
});
await step('consent given', /code 200/, async () => {
  const b = new Browser(),
    a = await authorize(asks);
  await b.go(a.url);
  await b.submit({ username: 'alice', password: pw });
  await b.follow(home);
  await b.submit({ accept: 'Yes', cancel: undefined });
  const at = b.location;
  await b.go(at);
  const r = await redeem({ ...a, code: new URL(at).searchParams.get('code') }, {}, as('asks'));
  return answer(at) + ' ' + r;
});
await step('prompt=none where consent is missing', /error/, async () => {
  const b = new Browser();
  await signIn(b, { client_id: 'web' }, { user: 'carol', password: 'pw-2-not-real' });
  await b.go((await authorize({ ...asks, prompt: 'none' })).url);
  const at = b.location;
  await b.go(at);
  return answer(at);
});

// ---- response modes and types
for (const mode of ['query', 'fragment', 'query.jwt', 'fragment.jwt', 'jwt'])
  await step(`response_mode=${mode}`, /response|code/, async () => {
    await alice.go((await authorize({ response_mode: mode })).url);
    const at = alice.location;
    await alice.go(at.split('#')[0]);
    return `${alice.status} ${answer(at)}`;
  });
for (const mode of ['form_post', 'form_post.jwt'])
  await step(`response_mode=${mode}`, /^200 /, async () => {
    await alice.go((await authorize({ response_mode: mode })).url);
    const page = alice.status,
      f = alice.form();
    await alice.submit();
    return `${page} ${f.action} ${Object.keys(f.fields)}`;
  });
await step('form_post error', /error/, async () => {
  const b = new Browser();
  await b.go((await authorize({ response_mode: 'form_post', prompt: 'none' })).url);
  const f = b.form();
  await b.submit();
  return `${Object.keys(f.fields)} ${f.fields.error}`;
});
await step('jwt mode error', /error/, async () => {
  const b = new Browser();
  await b.go((await authorize({ response_mode: 'query.jwt', prompt: 'none' })).url);
  const at = new URL(b.location);
  await b.go(at.href);
  return JSON.stringify(jwt(at.searchParams.get('response')));
});
await step('response_type=code id_token', /^#/, async () => {
  await alice.go((await authorize({ response_type: 'code id_token' })).url);
  const at = alice.location;
  await alice.go(at.split('#')[0]);
  return answer(at);
});
await step('response_type=id_token token', /^#/, async () => {
  await alice.go((await authorize({ response_type: 'id_token token' })).url);
  const at = alice.location;
  await alice.go(at.split('#')[0]);
  return answer(at);
});
await step('response_type=none', /^\?state&session_state&iss$/, async () => {
  await alice.go((await authorize({ response_type: 'none' })).url);
  const at = alice.location;
  if (at) await alice.go(at.split('#')[0]);
  return at ? answer(at) : alice.said();
});

// ---- refused authorization requests
const refused = (name, want, more, path) =>
  step(name, want, async () => {
    const b = new Browser();
    await b.go((await authorize(more, path)).url);
    const at = b.location;
    if (at && home(at)) {
      await b.go(at.split('#')[0]);
      return 'to RP ' + answer(at);
    }
    return b.said();
  });
await refused('authorize unknown client', /^400/, { client_id: 'nobody' });
await refused('authorize no client_id', /^400/, { client_id: undefined });
await refused('authorize disabled client', /^400/, { client_id: 'off' });
await refused('authorize unregistered redirect_uri', /^400/, { redirect_uri: 'http://evil.test/cb' });
await refused('authorize no redirect_uri', /^400/, { redirect_uri: undefined });
await refused('authorize no response_type', /error=/, { response_type: undefined });
await refused('authorize bad response_type', /error=/, { response_type: 'cod' });
await refused('authorize bad response_mode', /error=/, { response_mode: 'pigeon' });
await refused('authorize implicit not allowed', /error=/, { client_id: 'spa', response_type: 'id_token token' });
await refused('authorize standard flow not allowed', /error=|^40/, { client_id: 'svc', redirect_uri: undefined });
await refused('authorize spa without pkce', /error=invalid_request/, {
  client_id: 'spa',
  code_challenge: undefined,
  code_challenge_method: undefined,
});
await refused('authorize spa with plain pkce', /error=invalid_request/, {
  client_id: 'spa',
  code_challenge_method: 'plain',
});
await refused('authorize bad scope', /error=invalid_scope/, { scope: 'openid nonsense' });
await refused('authorize par required', /error=|^400/, { client_id: 'paronly' });
await refused('authorize bad request object', /error=|^400/, { request: 'not.a.jwt' });
await refused('authorize unknown request_uri', /error=|^400/, {
  request_uri: 'urn:ietf:params:oauth:request_uri:nope',
});
await step('authorize parameter twice', /error=|^400/, async () => {
  const b = new Browser();
  await b.go((await authorize()).url + '&scope=openid');
  const at = b.location;
  if (at) await b.go(at);
  return at ? answer(at) : b.said();
});
await step('authorize by POST', /^200/, async () => {
  const b = new Browser(),
    u = new URL((await authorize()).url);
  await b.go(u.origin + u.pathname, { method: 'POST', body: u.searchParams });
  return b.said();
});

// ---- pushed and signed requests
const par = (more = {}, headers = as('web')) =>
  authorize(more).then(async (a) => ({
    ...a,
    r: await post(`${oidc}/ext/par/request`, Object.fromEntries(new URL(a.url).searchParams), headers),
  }));
await step('par login', /^201.*code/, async () => {
  const p = await par();
  await alice.go(`${oidc}/auth?${new URLSearchParams({ client_id: 'web', request_uri: p.r.json.request_uri })}`);
  const at = await alice.follow(home);
  await alice.go(at);
  await redeem({ ...p, code: new URL(at).searchParams.get('code') });
  kept.used = p.r.json.request_uri;
  return p.r + answer(at);
});
await step('par request_uri used again', /error=|^400/, async () => {
  await alice.go(`${oidc}/auth?${new URLSearchParams({ client_id: 'web', request_uri: kept.used })}`);
  const at = alice.location;
  if (at && home(at)) await alice.go(at);
  return at ? answer(at) : alice.said();
});
await step('par bad secret', /^401/, async () => (await par({}, basic('web', 'wrong'))).r);
await step('par bad redirect_uri', /^400/, async () => (await par({ redirect_uri: 'http://evil.test/cb' })).r);
await step('par paronly client', /^201.*code/, async () => {
  const p = await par({ client_id: 'paronly' }, as('paronly'));
  await alice.go(`${oidc}/auth?${new URLSearchParams({ client_id: 'paronly', request_uri: p.r.json.request_uri })}`);
  const at = await alice.follow(home);
  await alice.go(at);
  return p.r + answer(at);
});
const signed = async (claims, key = keys.privateKey) =>
  new jose.SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'rp-1' })
    .setIssuer('web')
    .setAudience(realm)
    .setIssuedAt()
    .setExpirationTime('2m')
    .setJti(crypto.randomUUID())
    .sign(key);
await step('signed request object', /code/, async () => {
  const a = await authorize(),
    request = await signed(Object.fromEntries(new URL(a.url).searchParams));
  await alice.go(
    `${oidc}/auth?${new URLSearchParams({ client_id: 'web', response_type: 'code', scope: 'openid', redirect_uri: cb, request })}`,
  );
  await alice.follow(home);
  const at = alice.location;
  if (!at) return alice.said();
  await alice.go(at);
  return answer(at);
});
await step('signed request object, wrong key', /error=|^400/, async () => {
  const other = (await jose.generateKeyPair('ES256')).privateKey,
    a = await authorize(),
    request = await signed(Object.fromEntries(new URL(a.url).searchParams), other);
  await alice.go(
    `${oidc}/auth?${new URLSearchParams({ client_id: 'web', response_type: 'code', scope: 'openid', redirect_uri: cb, request })}`,
  );
  await alice.follow(home);
  const at = alice.location;
  if (!at) return alice.said();
  await alice.go(at);
  return answer(at);
});

// ---- token endpoint
await step('code replay', /200.*400 invalid_grant/, async () => {
  const c = await signIn(alice);
  const first = await redeem(c);
  const again = await redeem(c);
  const after = await get(`${oidc}/userinfo`, bearer(first.json.access_token));
  return `${first.status} ${again} | userinfo with the first token ${after}`;
});
await step('after code replay: is the session alive', /code$/, async () => {
  const b = alice;
  await b.go((await authorize({ prompt: 'none' })).url);
  const at = b.location;
  await b.go(at);
  return answer(at);
});
const broken = (name, want, fields, headers, more) =>
  step(name, want, async () => redeem(await signIn(alice, more), fields, headers));
await broken('wrong code_verifier', /^400 invalid_grant/, { code_verifier: oc.randomPKCECodeVerifier() });
await broken('short code_verifier', /^400/, { code_verifier: 'abc' });
await broken('no code_verifier', /^400/, { code_verifier: '' });
await broken('wrong redirect_uri at token', /^400/, { redirect_uri: RP + '/other' });
await broken('code of another client', /^400/, {}, as('asks'));
await step('unknown code', /^400 invalid_grant/, () => redeem({ code: 'nope.nope.nope', v: 'x'.repeat(43) }));
await step('client secret post', /^200/, async () =>
  redeem(await signIn(alice), { client_id: 'web', client_secret: secret('web') }, {}),
);
await step('bad client secret basic', /^401/, () => token('client_credentials', {}, basic('svc', 'wrong')));
await step('bad client secret post', /^401/, () =>
  token('client_credentials', { client_id: 'svc', client_secret: 'wrong' }),
);
await step('unknown client at token', /^401/, () => token('client_credentials', {}, basic('nobody', 'x')));
await step('disabled client at token', /^401/, () => token('client_credentials', {}, as('off')));
await step('no client authentication', /^401/, () => token('client_credentials', {}));
await step('confidential client without secret', /^401/, () => token('client_credentials', { client_id: 'svc' }));
await step('no grant_type', /^400/, () => post(`${oidc}/token`, { x: '1' }, as('web')));
await step('unknown grant_type', /^400/, () => token('magic', {}, as('web')));
await step('grant not allowed', /^400 unauthorized_client|^401/, () => token('client_credentials', {}, as('asks')));
await step('token by GET', /^40/, () => get(`${oidc}/token?grant_type=client_credentials`, as('svc')));
await step('token with JSON body', /^4/, async () =>
  told(
    await fetch(`${oidc}/token`, {
      method: 'POST',
      headers: { ...as('svc'), 'content-type': 'application/json' },
      body: '{"grant_type":"client_credentials"}',
    }),
  ),
);
await step('token parameter twice', /^400/, async () =>
  told(
    await fetch(`${oidc}/token`, {
      method: 'POST',
      headers: { ...as('svc'), 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials&scope=openid&scope=email',
    }),
  ),
);
await step('client_credentials', /^200/, async () => {
  const r = await token('client_credentials', {}, as('svc'));
  return `${r} at=${typ(r.json.access_token)}`;
});
await step('client_credentials bad scope', /^400 invalid_scope/, () =>
  token('client_credentials', { scope: 'nonsense' }, as('svc')),
);
await step('password grant', /^200/, () =>
  token('password', { username: 'alice', password: pw, scope: 'openid' }, as('web')),
);
await step('password grant wrong password', /^401 invalid_grant/, () =>
  token('password', { username: 'alice', password: 'wrong' }, as('web')),
);
await step('password grant unknown user', /^401 invalid_grant/, () =>
  token('password', { username: 'nobody', password: pw }, as('web')),
);
await step('password grant disabled user', /^40/, () =>
  token('password', { username: 'dave', password: pw }, as('web')),
);
await step('password grant locked user', /^40/, () =>
  token('password', { username: 'bob', password: pw }, as('web')),
);
await step('password grant otp missing', /^40/, () =>
  token('password', { username: 'erin', password: pw }, as('web')),
);
await step('password grant not allowed', /^40/, () =>
  token('password', { username: 'alice', password: pw }, as('asks')),
);

// ---- refresh
const refresh = (r, id = 'web', headers = as(id)) => token('refresh_token', { refresh_token: r }, headers);
await step('refresh rotates', /^200.*rotated/, async () => {
  t = (await fresh({}, {}, alice)).t;
  const r = await refresh(t.refresh_token);
  t2 = r.json;
  return `${r} ${t2.refresh_token === t.refresh_token ? 'same' : 'rotated'}`;
});
await step('refresh replay', /^400 invalid_grant/, () => refresh(t.refresh_token));
await step('refresh after replay (is the family dead)', /^400 invalid_grant/, () => refresh(t2.refresh_token));
await step('refresh garbage', /^400 invalid_grant/, () => refresh('garbage'));
await step('refresh with an access token', /^400/, () => refresh(t2.access_token));
await step('refresh by another client', /^400/, async () =>
  refresh((await fresh({}, {}, new Browser())).t.refresh_token, 'asks'),
);
await step('refresh more scope', /^400|^200/, async () =>
  token(
    'refresh_token',
    { refresh_token: (await fresh({}, {}, new Browser())).t.refresh_token, scope: 'openid offline_access' },
    as('web'),
  ),
);
await step('offline token and refresh', /Offline/, async () => {
  const { t } = await fresh({ scope: 'openid offline_access' }, {}, new Browser());
  const r = await refresh(t.refresh_token);
  return `rt=${typ(t.refresh_token)} exp=${jwt(t.refresh_token).exp} ${r}`;
});

// ---- device
const device = () => post(`${oidc}/auth/device`, { client_id: 'tv', scope: 'openid' }),
  poll = (d) => token(DEV, { device_code: d.device_code, client_id: 'tv' });
await step('device start, poll, poll too fast', /authorization_pending.*slow_down/, async () => {
  const r = await device();
  kept.d = r.json;
  const a = await poll(r.json);
  const b = await poll(r.json);
  return `${r} | ${a} | ${b}`;
});
await step('device wrong user code', /Invalid code/, async () => {
  const b = new Browser();
  await b.go(`${realm}/device`);
  let said = b.said();
  await b.submit({ device_user_code: 'AAAA-AAAA' });
  said += b.said();
  await b.follow();
  return said + b.said();
});
await step('device approve and redeem', /200 access_token/, async () => {
  const b = new Browser();
  await b.go(`${realm}/device`);
  await b.submit({ device_user_code: kept.d.user_code });
  let said = `${b.status} `;
  await b.follow();
  said += b.said();
  await b.submit({ username: 'alice', password: pw });
  await b.follow();
  said += b.said();
  if (b.body.includes('name="accept"')) {
    await b.submit({ accept: 'Yes', cancel: undefined });
    said += b.status;
    await b.follow();
    said += b.said();
  }
  await sleep(2100);
  return said + (await poll(kept.d));
});
await step('device code used again', /^400/, async () => {
  await sleep(2100);
  return poll(kept.d);
});
await step('device denied', /400 access_denied/, async () => {
  const d = (await device()).json,
    b = new Browser();
  await b.go(d.verification_uri_complete);
  await b.follow();
  await b.submit({ username: 'alice', password: pw });
  await b.follow();
  let said = b.said();
  await b.submit({ cancel: 'No', accept: undefined });
  await b.follow();
  said += b.said();
  return said + (await poll(d));
});
await step('device unknown code', /^400/, () => poll({ device_code: 'nope' }));
await step('device not allowed', /^40/, () => post(`${oidc}/auth/device`, { client_id: 'spa' }));

// ---- CIBA
const ciba = (f = {}) =>
    post(`${oidc}/ext/ciba/auth`, { scope: 'openid', login_hint: 'alice', binding_message: 'ab12', ...f }, as('web')),
  collect = (r) => token(CIBA, { auth_req_id: r.json.auth_req_id }, as('web'));
const decide = async (status) => {
  const d = seen.ciba.pop();
  return told(
    await fetch(`${oidc}/ext/ciba/auth/callback`, {
      method: 'POST',
      headers: { authorization: d.authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ status }),
    }),
  );
};
await step('ciba start, pending, approve, redeem', /authorization_pending.*200 access_token/, async () => {
  const r = await ciba(),
    p = await collect(r),
    d = await decide('SUCCEED');
  await sleep(2100);
  return `${r} | ${p} | ${d.status} | ${await collect(r)}`;
});
await step('ciba denied', /400 access_denied/, async () => {
  const r = await ciba();
  await decide('UNAUTHORIZED');
  await sleep(2100);
  return collect(r);
});
await step('ciba unknown user', /^40/, () => ciba({ login_hint: 'nobody' }));
await step('ciba no hint', /^40/, () => ciba({ login_hint: '' }));

// ---- token exchange, DPoP, private_key_jwt, UMA
await step('token exchange', /^200/, async () => {
  t = (await fresh({}, {}, alice)).t;
  const r = await token(EX, { subject_token: t.access_token, subject_token_type: AT, audience: 'rs' }, as('web'));
  return `${r} ${r.json?.issued_token_type} aud=${r.json && jwt(r.json.access_token).aud}`;
});
await step('token exchange unknown audience', /^40/, () =>
  token(EX, { subject_token: t.access_token, subject_token_type: AT, audience: 'nobody' }, as('web')),
);
await step('token exchange garbage subject', /^40/, () =>
  token(EX, { subject_token: 'garbage', subject_token_type: AT }, as('web')),
);
await step('token exchange client not allowed', /^40/, () =>
  token(EX, { subject_token: t.access_token, subject_token_type: AT }, as('svc')),
);
await step('dpop login and userinfo', /dpop/i, async () => {
  const cfg = await oc.discovery(new URL(realm), 'bound', undefined, oc.None(), insecure),
    DPoP = oc.getDPoPHandle(cfg, await oc.randomDPoPKeyPair());
  const a = await authorize({ client_id: 'bound', dpop_jkt: await DPoP.calculateThumbprint(), nonce: undefined });
  await alice.go(a.url);
  const at = alice.location;
  await alice.go(at);
  const r = await oc.authorizationCodeGrant(
    cfg,
    new URL(at),
    { pkceCodeVerifier: a.v, expectedState: a.state },
    undefined,
    { DPoP },
  );
  await oc.fetchUserInfo(cfg, r.access_token, r.claims().sub, { DPoP });
  kept.bound = { cfg, DPoP, r };
  return `${r.token_type} cnf=${JSON.stringify(jwt(r.access_token).cnf)}`;
});
await step(
  'dpop refresh',
  /DPoP|dpop/,
  async () =>
    (
      await oc.refreshTokenGrant(kept.bound.cfg, kept.bound.r.refresh_token, undefined, {
        DPoP: kept.bound.DPoP,
      })
    ).token_type,
);
await step('dpop token sent as Bearer', /^401/, () => get(`${oidc}/userinfo`, bearer(kept.bound.r.access_token)));
await step('dpop userinfo with another key', /^threw|^401/, async () => {
  const DPoP = oc.getDPoPHandle(kept.bound.cfg, await oc.randomDPoPKeyPair());
  return JSON.stringify(
    await oc.fetchUserInfo(kept.bound.cfg, kept.bound.r.access_token, oc.skipSubjectCheck, { DPoP }),
  );
});
await step('dpop proof missing at token', /^400/, async () =>
  redeem(await signIn(alice, { client_id: 'bound' }), { client_id: 'bound' }, {}),
);
await step('dpop proof garbage at token', /^400/, async () =>
  redeem(await signIn(alice, { client_id: 'bound' }), { client_id: 'bound' }, { DPoP: 'garbage' }),
);
const assertion = (key = keys.privateKey) =>
  new jose.SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: 'rp-1' })
    .setIssuer('pkj')
    .setSubject('pkj')
    .setAudience(realm)
    .setIssuedAt()
    .setExpirationTime('1m')
    .setJti(crypto.randomUUID())
    .sign(key);
const asserted = (a, f = {}) =>
  token('client_credentials', {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: a,
    ...f,
  });
await step('private_key_jwt', /^200/, async () => asserted((kept.ca = await assertion())));
await step('private_key_jwt replayed', /^40/, () => asserted(kept.ca));
await step('private_key_jwt wrong key', /^40/, async () =>
  asserted(await assertion((await jose.generateKeyPair('ES256')).privateKey)),
);
await step('uma permission token', /^200 upgraded|^200/, () =>
  token(UMA, { audience: 'rs', permission: 'doc#read' }, bearer(t.access_token)),
);
await step('uma decision', /^200 result/, () =>
  token(UMA, { audience: 'rs', permission: 'doc#read', response_mode: 'decision' }, bearer(t.access_token)),
);
await step('uma denied', /^403/, async () => {
  const c = (await fresh({}, { user: 'carol', password: 'pw-2-not-real' })).t;
  return token(UMA, { audience: 'rs', permission: 'doc#read', response_mode: 'decision' }, bearer(c.access_token));
});

// ---- signed and sealed answers
await step('userinfo signed', /application\/jwt/, async () => {
  const l = await token('password', { username: 'alice', password: pw, scope: 'openid' }, as('light'));
  const r = await get(`${oidc}/userinfo`, bearer(l.json.access_token));
  return `${r.status} ${r.headers.get('content-type')} ${r.text.split('.').length} parts`;
});
await step('id token and userinfo sealed', /id 5 parts.*5 parts/, async () => {
  const c = await signIn(alice, { client_id: 'sealed' }),
    x = (await redeem(c, {}, as('sealed'))).json,
    r = await get(`${oidc}/userinfo`, bearer(x.access_token));
  return `id ${x.id_token.split('.').length} parts, at ${x.access_token.split('.').length}, userinfo ${r.status} ${r.headers.get('content-type')} ${r.text.split('.').length} parts`;
});

// ---- introspection and revocation
const inspect = (tok, f = {}, headers = as('rs')) => post(`${oidc}/token/introspect`, { token: tok, ...f }, headers);
await step('introspect access token', /active/, async () => {
  t = (await fresh({}, {}, alice)).t;
  const r = await inspect(t.access_token);
  return `${r} ${r.json.active}`;
});
await step('introspect refresh token', /active/, async () => {
  const r = await inspect(t.refresh_token, { token_type_hint: 'refresh_token' }, as('web'));
  return `${r} ${r.json.active}`;
});
await step('introspect garbage', /false/, async () => {
  const r = await inspect('garbage');
  return `${r} ${r.json.active}`;
});
await step('introspect bad secret', /^40/, () => inspect(t.access_token, {}, basic('rs', 'wrong')));
await step('introspect by public client', /^40/, () => inspect(t.access_token, { client_id: 'spa' }, {}));
await step('introspect no token', /^400 invalid_request/, () => post(`${oidc}/token/introspect`, {}, as('rs')));
await step('introspect as jwt', /^application.json 200/, async () => {
  const l = await token('password', { username: 'alice', password: pw, scope: 'openid' }, as('light'));
  const r = await inspect(l.json.access_token, {}, { ...as('light'), accept: 'application/jwt' });
  return `${r.headers.get('content-type')} ${r} | light claims ${Object.keys(jwt(l.json.access_token))}`;
});
const revoke = (tok, f = {}, headers = as('web')) => post(`${oidc}/revoke`, { token: tok, ...f }, headers);
await step('revoke access token', /^200/, () => revoke(t.access_token, { token_type_hint: 'access_token' }));
await step('introspect revoked', /false/, async () => {
  const r = await inspect(t.access_token);
  return `${r} ${r.json.active}`;
});
await step('userinfo with revoked', /^401/, () => get(`${oidc}/userinfo`, bearer(t.access_token)));
await step('revoke refresh token', /^200/, () => revoke(t.refresh_token, { token_type_hint: 'refresh_token' }));
await step('refresh after revocation', /^400/, () => refresh(t.refresh_token));
await step('revoke unknown token', /^200/, () => revoke('garbage'));
await step('revoke bad secret', /^40/, () => revoke('garbage', {}, basic('web', 'wrong')));
await step('revoke token of another client', /^400/, async () =>
  revoke((await fresh({}, {}, new Browser())).t.refresh_token, {}, as('asks')),
);
await step('revoke without token', /^400/, () => post(`${oidc}/revoke`, {}, as('web')));

// ---- logout
const bye = `${RP}/bye`,
  logout = (f) => `${oidc}/logout?${new URLSearchParams(f)}`,
  told2 = (n) => `backchannel +${seen.backchannel.length - n}`;
await step('logout with id_token_hint', /\/bye.*backchannel \+1/, async () => {
  const { b, t } = await fresh(),
    n = seen.backchannel.length;
  await b.go(logout({ id_token_hint: t.id_token, post_logout_redirect_uri: bye, state: 'out1' }));
  const s = b.status,
    at = b.location;
  await b.go(at);
  const lt = new URLSearchParams(seen.backchannel.at(-1)).get('logout_token');
  kept.gone = { b, t };
  return `${s} ${at} ${told2(n)} ${JSON.stringify(jose.decodeProtectedHeader(lt))} ${JSON.stringify(jwt(lt))}`;
});
await step(
  'after logout: refresh, userinfo, introspect',
  /^400 invalid_grant.*401.*false$/,
  async () =>
    `${await refresh(kept.gone.t.refresh_token)} | ${await get(`${oidc}/userinfo`, bearer(kept.gone.t.access_token))} | ${(await inspect(kept.gone.t.access_token)).json.active}`,
);
await step('logout again, session gone', /bye$/, async () => {
  const { b, t } = kept.gone;
  await b.go(logout({ id_token_hint: t.id_token, post_logout_redirect_uri: bye }));
  const at = b.location;
  if (at) await b.go(at);
  return `${b.said()} ${at ?? ''}`;
});
await step('logout without hint: confirm page', /backchannel \+1/, async () => {
  const { b } = await fresh(),
    n = seen.backchannel.length;
  await b.go(`${oidc}/logout`);
  let said = b.said();
  await b.submit({ confirmLogout: 'Logout' });
  said += b.said();
  if (b.location) await b.follow(home);
  return `${said} ${b.said()} ${told2(n)}`;
});
await step('logout with client_id: confirm then redirect', /bye.*\+1/, async () => {
  const { b } = await fresh(),
    n = seen.backchannel.length;
  await b.go(logout({ client_id: 'web', post_logout_redirect_uri: bye, state: 'out2' }));
  const said = b.said();
  await b.submit({ confirmLogout: 'Logout' });
  const at = b.location;
  if (at) await b.go(at);
  return `${said} ${at} ${told2(n)}`;
});
await step('logout by POST with hint', /bye.*\+1/, async () => {
  const { b, t } = await fresh(),
    n = seen.backchannel.length;
  await b.go(`${oidc}/logout`, {
    method: 'POST',
    body: new URLSearchParams({ id_token_hint: t.id_token, post_logout_redirect_uri: bye }),
  });
  const at = b.location;
  await b.go(at);
  return `${at} ${told2(n)}`;
});
await step('logout bad post_logout_redirect_uri', /^400/, async () => {
  const { b, t } = await fresh();
  await b.go(logout({ id_token_hint: t.id_token, post_logout_redirect_uri: 'http://evil.test/' }));
  return b.said();
});
await step('logout bad id_token_hint', /^400/, async () => {
  const { b } = await fresh();
  await b.go(logout({ id_token_hint: 'garbage', post_logout_redirect_uri: bye }));
  return b.said();
});
await step('legacy logout POST refresh_token', /^204.*\+1/, async () => {
  const { t } = await fresh(),
    n = seen.backchannel.length;
  const r = await post(`${oidc}/logout`, { refresh_token: t.refresh_token }, as('web'));
  kept.gone = t;
  return `${r} ${told2(n)}`;
});
await step('legacy logout POST again (204 too)', /^204/, () =>
  post(`${oidc}/logout`, { refresh_token: kept.gone.refresh_token }, as('web')),
);
await step('logout whose back channel the RP refuses', /bye.*\+1/, async () => {
  const { b, t } = await fresh(),
    n = seen.backchannel.length;
  seen.refuse = true;
  await b.go(logout({ id_token_hint: t.id_token, post_logout_redirect_uri: bye }));
  const at = b.location;
  await b.go(at);
  return `${at} ${told2(n)}`;
});
await step('legacy logout bad secret', /^40/, () =>
  post(`${oidc}/logout`, { refresh_token: kept.gone.refresh_token }, basic('web', 'wrong')),
);
await step('logout by the redirect_uri of old', /^200.*Do you want to log out/, async () => {
  const { b } = await fresh();
  await b.go(logout({ redirect_uri: bye }));
  return b.said();
});
await step('frontchannel logout page', /^200/, async () => {
  const b = new Browser(),
    a = await signIn(b, { client_id: 'front' }),
    t = (await redeem(a, {}, as('front'))).json;
  await b.go(logout({ id_token_hint: t.id_token, post_logout_redirect_uri: bye }));
  const said = b.said(),
    frame = b.body.match(/<iframe[^>]*src="([^"]+)"/)?.[1];
  if (frame) await new Browser().go(frame.replace(/&amp;/g, '&'));
  return `${said} iframe=${frame} ${frame && seen.frontchannel.length}`;
});

// ---- Keycloak as relying party of another realm
const broker = async (b, user, password) => {
  await b.go((await authorize({ kc_idp_hint: 'upstream' })).url);
  const hops = [`${b.status} ${b.location}`];
  for (let n = 0; n < 8; n++) {
    while (b.location && !home(b.location)) await b.go(b.location);
    if (b.location) {
      const at = b.location;
      await b.go(at);
      return answer(at);
    }
    if (b.body.includes('kc-form-login')) {
      await b.submit({ username: user, password });
      if (!b.location) return b.said();
      continue;
    }
    const said = b.said();
    if (b.body.includes('kc-idp-review-profile-form') || b.body.includes('<form')) await b.submit();
    else return said;
  }
  return 'lost ' + b.said();
};
await step('broker first login', /code/, () => broker((kept.ursula = new Browser()), 'ursula', pw));
await step('broker second login', /code/, () => broker(new Browser(), 'ursula', pw));
await step('broker wrong password upstream', /^200/, () => broker(new Browser(), 'ursula', 'wrong'));
await step('broker answers with error', /^200.*Access denied/, async () => {
  const b = new Browser();
  await b.go((await authorize({ kc_idp_hint: 'upstream' })).url);
  await b.follow((u) => u.includes('/realms/upstream/'));
  const state = new URL(b.location).searchParams.get('state');
  await b.go(`${realm}/broker/upstream/endpoint?${new URLSearchParams({ state, error: 'access_denied' })}`);
  await b.follow(home);
  return b.said();
});
await step('broker answer with unknown state', /^400/, async () => {
  const b = new Browser();
  await b.go(`${realm}/broker/upstream/endpoint?state=nope&code=nope`);
  return b.said();
});
await step('upstream logout reaches acme back channel', /You are logged out/, async () => {
  const b = kept.ursula;
  await b.go(`${OP}/realms/upstream/protocol/openid-connect/logout`);
  const said = b.said();
  await b.submit({ confirmLogout: 'Logout' });
  return said + b.said();
});

// ---- registration of clients
const dcr = `${realm}/clients-registrations/openid-connect`,
  json = (method, url, body, headers = {}) =>
    fetch(url, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    }).then(told);
const admin = async (method, path, body, base = KC) => {
  const r = await form(`${KC}/realms/master/protocol/openid-connect/token`, {
    grant_type: 'password',
    client_id: 'admin-cli',
    username: 'admin',
    password: 'admin-pw-not-real',
  });
  return json(method, `${base}/admin/realms/${path}`, body, bearer((await r.json()).access_token));
};
await step('dcr anonymous refused', /^40/, () => json('POST', dcr, { redirect_uris: [cb], client_name: 'dyn' }));
await step('dcr with initial access token', /^201/, async () => {
  const ia = await admin('POST', 'acme/clients-initial-access', { count: 2, expiration: 600 });
  const r = await json('POST', dcr, { redirect_uris: [cb], client_name: 'dyn' }, bearer(ia.json.token));
  kept.dyn = r.json;
  return r;
});
await step('dcr read, update, delete', /200.*200.*204/, async () => {
  let d = kept.dyn;
  const r = await json('GET', `${dcr}/${d.client_id}`, undefined, bearer(d.registration_access_token));
  d = r.json;
  const rat = d.registration_access_token ?? kept.dyn.registration_access_token;
  const u = await json('PUT', `${dcr}/${d.client_id}`, { ...d, client_name: 'dyn2' }, bearer(rat));
  const x = await json(
    'DELETE',
    `${dcr}/${d.client_id}`,
    undefined,
    bearer(u.json?.registration_access_token ?? rat),
  );
  return `${r.status} ${u.status} ${x.status}`;
});
await step('dcr used token again', /^401/, () =>
  json('GET', `${dcr}/${kept.dyn.client_id}`, undefined, bearer(kept.dyn.registration_access_token)),
);

// ---- not OIDC events, or only by the side
await step('admin rest: users (no event)', /^200/, () => admin('GET', 'acme/users?max=1', undefined, OP));
await step('admin rest: no token', /^401/, () => get(`${OP}/admin/realms/acme/users`));
await step('admin rest: token of another realm', /^40/, async () =>
  get(`${OP}/admin/realms/acme/users`, bearer((await fresh()).t.access_token)),
);
await step('admin rest: log a user out', /^204.*\+1/, async () => {
  const { t } = await fresh({}, { user: 'carol', password: 'pw-2-not-real' }),
    n = seen.backchannel.length;
  const r = await admin('POST', `acme/users/${jwt(t.access_token).sub}/logout`, {}, OP);
  return `${r} ${told2(n)}`;
});
await step('admin rest: delete a session', /^204/, async () => {
  const { t } = await fresh({}, { user: 'carol', password: 'pw-2-not-real' }),
    n = seen.backchannel.length;
  const r = await admin('DELETE', `acme/sessions/${jwt(t.access_token).sid}`, undefined, OP);
  return `${r} ${told2(n)}`;
});
await step('admin rest: impersonate', /^200/, async () => {
  const u = (await admin('GET', 'acme/users?username=alice&exact=true')).json[0];
  return admin('POST', `acme/users/${u.id}/impersonation`, {}, OP);
});
await step('admin token by password grant (master)', /^200/, () =>
  post(`${OP}/realms/master/protocol/openid-connect/token`, {
    grant_type: 'password',
    client_id: 'admin-cli',
    username: 'admin',
    password: 'admin-pw-not-real',
  }),
);
await step('account rest: profile', /^200/, async () => {
  const r = await token('password', { username: 'alice', password: pw, scope: 'openid' }, as('web'));
  kept.acct = r.json.access_token;
  return get(`${realm}/account/?userProfileMetadata=false`, {
    ...bearer(kept.acct),
    accept: 'application/json',
  });
});
await step('account rest: withdraw consent', /^204/, () =>
  get(`${realm}/account/applications/asks/consent`, { ...bearer(kept.acct), accept: 'application/json' }, 'DELETE'),
);

server.close();
process.exit(summary());
