// npm's oidc-provider as a national platform over HTTPS: one client that proves itself by a key, one citizen.
// Reads its settings from stdin and prints {"ready": true} when it listens.
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from '../node/node_modules/oidc-provider/lib/index.js';

const setting = JSON.parse(readFileSync(0, 'utf8'));
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const provider = new Provider(setting.issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'platform' }] },
  clients: [{
    client_id: setting.client_id,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks_uri: `${setting.hub}/oauth2/jwks`,
    redirect_uris: [`${setting.hub}/sign-in/upstream/national/callback`],
    post_logout_redirect_uris: [`${setting.hub}/signed-out/upstream`],
    backchannel_logout_uri: `${setting.hub}/upstream/national/backchannel-logout`,
    backchannel_logout_session_required: true,
    id_token_signed_response_alg: 'ES256',
    scope: 'openid profile',
  }],
  clientAuthMethods: ['private_key_jwt'],
  acrValues: ['low', 'high'],
  claims: { acr: null, openid: ['sub', 'amr'], profile: ['name'] }, // acr only to who asks for it
  cookies: { keys: ['a cookie key for a test'] },
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options), // its own refuses loopback
  pkce: { required: () => true },
  findAccount: async (ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId, name: '图雅' }) }),
  loadExistingGrant: async (ctx) => {
    const { client, session } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (ctx, form) => {
        const yes = '<input type="hidden" name="logout" value="yes"><button id="sign_out">Sign out</button></form>';
        ctx.body = form.replace('</form>', yes);
      },
    },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
});

for (const event of ['server_error', 'grant.error', 'authorization.error', 'backchannel.error']) {
  provider.on(event, (...told) => console.error(event, ...told.filter((each) => each instanceof Error)));
}

const answer = provider.callback();
const files = { cert: readFileSync(setting.certificate), key: readFileSync(setting.key) };
const respond = (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  const login = { accountId: 'citizen-1', acr: 'high', amr: ['pwd', 'otp'], ts: Math.floor(Date.now() / 1000) };
  return provider.interactionFinished(request, response, { login });
};
const [first, other] = setting.hosts;
createServer(files, respond).listen(setting.port, first, () => {
  createServer(files, respond).listen(setting.port, other, () => console.log(JSON.stringify({ ready: true })));
});
