// What run.py hands to the programs of the demo: one private file, named by DEMO_SETTINGS.
import { appendFileSync, readFileSync } from 'node:fs';

export const settings = JSON.parse(readFileSync(process.env.DEMO_SETTINGS, 'utf8'));

/** Writes down a secret that was made or used, so that run.py can search every output for it. */
export function noteSecret(kind, value) {
  if (value) appendFileSync(settings.secrets, `${JSON.stringify({ kind, value })}\n`, { mode: 0o600 });
}

/** The secrets in a token response. */
export function noteTokens(tokens) {
  for (const kind of ['access_token', 'refresh_token', 'id_token']) noteSecret(kind, tokens[kind]);
  noteSecret('id_token signature', tokens.id_token?.split('.')[2]);
}
