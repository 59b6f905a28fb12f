// npm's oidc-provider, configured as the hub is: ES256 access tokens (RFC 9068), RS256 ID tokens, PKCE, rotated
// refresh tokens, pairwise subjects, client_secret_basic, one trusted client. Its store is a Map: its own memory
// adapter forgets everything beyond a thousand entries, and so would lose the codes that are prepared here.
// Reads its settings from stdin and prints {"ready": true} when it listens.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { Provider } from '../tests/node/node_modules/oidc-provider/lib/index.js';

const setting = JSON.parse(readFileSync(0, 'utf8'));
const stored = new Map();

class MapAdapter {
  constructor(name) { this.name = name; }

  key(id) { return `${this.name}:${id}`; }

  async upsert(id, payload) {
    stored.set(this.key(id), payload);
    if (payload.uid) stored.set(`uid:${payload.uid}`, id);
  }

  async find(id) { return stored.get(this.key(id)); }

  async findByUid(uid) { return this.find(stored.get(`uid:${uid}`)); }

  async findByUserCode() { return undefined; }

  async consume(id) { stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }

  async destroy(id) { stored.delete(this.key(id)); }

  async revokeByGrantId() { /* nothing is revoked in a benchmark */ }
}

function signingKey(alg) {
  const { privateKey } = alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `bench-${alg}` };
}

const person = { name: 'Tuya Bat', email: 'tuya@example.org' };

const provider = new Provider(setting.issuer, {
  adapter: MapAdapter,
  jwks: { keys: [signingKey('ES256'), signingKey('RS256')] },
  clients: [{
    client_id: setting.client_id,
    client_secret: setting.client_secret,
    redirect_uris: [setting.redirect_uri],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
    subject_type: 'pairwise',
    id_token_signed_response_alg: 'RS256',
    scope: 'openid profile email api',
  }],
  subjectTypes: ['pairwise'],
  pairwiseIdentifier: async (ctx, accountId, client) => (
    createHash('sha256').update(`${client.sectorIdentifier}${accountId}`).digest('hex')),
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  scopes: ['openid', 'api'],
  cookies: { keys: ['a cookie key for a benchmark'] },
  ttl: setting.lifetimes,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  expiresWithSession: async () => false,
  findAccount: async (ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId, ...person }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile email api');
    grant.addResourceScope(setting.resource, 'api');
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async () => true },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (ctx, client, oneOf) => oneOf,
      getResourceServerInfo: async () => ({
        scope: 'api',
        audience: setting.resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: setting.lifetimes.AccessToken,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
});

const answer = provider.callback();
const server = createServer(async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  return provider.interactionFinished(request, response, { login: { accountId: 'tuya' } });
});
server.keepAliveTimeout = 60_000;
server.listen(setting.port, '127.0.0.1', () => console.log(JSON.stringify({ ready: true })));
