// A relying party made of npm's openid-client: every call that it offers for what the hub offers.
// Reads its settings from stdin, prints {"visit": ADDRESS}, waits for the browser, prints {"report": ...}.
import * as client from '../node/node_modules/openid-client/build/index.js';
import { say, settings, told, visited } from './listener.mjs';

const setting = await settings();

async function privateKey() {
  const algorithm = setting.alg === 'RS256'
    ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    : { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('jwk', setting.private_jwk, algorithm, false, ['sign']);
  return { key, kid: setting.private_jwk.kid };
}

async function authentication() {
  switch (setting.auth_method) {
    case 'client_secret_basic': return client.ClientSecretBasic(setting.client_secret);
    case 'client_secret_post': return client.ClientSecretPost(setting.client_secret);
    case 'private_key_jwt': return client.PrivateKeyJwt(await privateKey());
    default: return client.None();
  }
}

async function signIn(config) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: setting.redirect_uri,
    scope: setting.scope,
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...setting.parameters,
  });
  const answer = await visited(address, setting.redirect_uri);
  return client.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
    ...(setting.max_age === undefined ? {} : { maxAge: setting.max_age }),
  });
}

async function forThePerson(config, report) {
  const tokens = await signIn(config);
  const claims = tokens.claims();
  report.id_token = claims;
  report.access_token = tokens.access_token;
  report.expires_in = tokens.expires_in;
  report.scope = tokens.scope;
  report.userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  if (setting.auth_method !== 'none') {
    report.introspected = await client.tokenIntrospection(config, tokens.access_token);
  }
  if (tokens.refresh_token !== undefined) await refreshed(config, tokens, report);
}

async function refreshed(config, tokens, report) {
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  report.refreshed = { id_token: renewed.claims(), rotated: renewed.refresh_token !== tokens.refresh_token };
  report.refreshed.userinfo = await client.fetchUserInfo(config, renewed.access_token, tokens.claims().sub);
  await client.tokenRevocation(config, renewed.refresh_token ?? tokens.refresh_token);
  report.after_revocation = await client
    .refreshTokenGrant(config, renewed.refresh_token ?? tokens.refresh_token)
    .then(() => 'still good', told);
}

/** Registers itself (RFC 7591) with what it is told to, and goes on with the metadata that came back. */
async function registeredByItself(report) {
  const options = { execute: [client.allowInsecureRequests], initialAccessToken: setting.initial_access_token };
  const config = await client.dynamicClientRegistration(
    new URL(setting.issuer), setting.register, client.ClientSecretPost(), options);
  report.registered = config.clientMetadata();
  return config;
}

const report = {};
try {
  const config = setting.register !== undefined ? await registeredByItself(report) : await client.discovery(
    new URL(setting.issuer),
    setting.client_id,
    { id_token_signed_response_alg: setting.id_token_signed_response_alg ?? 'RS256' },
    await authentication(),
    { execute: [client.allowInsecureRequests] },
  );
  client.enableNonRepudiationChecks(config); // check the ID token's signature although it came over a direct way
  report.metadata = config.serverMetadata();
  if (setting.redirect_uri !== undefined) await forThePerson(config, report);
  if (setting.service_scope !== undefined) {
    const own = await client.clientCredentialsGrant(config, { scope: setting.service_scope });
    report.client_credentials = { access_token: own.access_token, scope: own.scope, token_type: own.token_type };
  }
} catch (error) {
  report.error = told(error);
}
say({ report });
