// npm's openid-client at its strictest: a FAPI 2.0 sign-in, a device, a request from elsewhere (CIBA), encrypted answers.
// Reads its settings from stdin, prints {"visit": ADDRESS}, waits, prints {"report": ...}.
import * as client from '../node/node_modules/openid-client/build/index.js';
import { say, settings, told, visited } from './listener.mjs';

const setting = await settings();
const insecure = { execute: [client.allowInsecureRequests] };

async function signingKey() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('jwk', setting.private_jwk, algorithm, false, ['sign']);
  return { key, kid: setting.private_jwk.kid };
}

/** Signed request, pushed ahead; signed answer; tokens bound to a key: FAPI 2.0 Message Signing. */
async function fapi(report) {
  const key = await signingKey();
  const metadata = {
    id_token_signed_response_alg: 'ES256',
    authorization_signed_response_alg: 'ES256',
    use_mtls_endpoint_aliases: false,
  };
  const config = await client.discovery(
    new URL(setting.issuer), setting.client_id, metadata, client.PrivateKeyJwt(key), insecure);
  client.useJwtResponseMode(config);
  client.enableNonRepudiationChecks(config);
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const signed = await client.buildAuthorizationUrlWithJAR(config, {
    redirect_uri: setting.redirect_uri,
    scope: setting.scope,
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }, key);
  const address = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
  report.in_the_browser = [...address.searchParams.keys()];
  const answer = await visited(address, setting.redirect_uri);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, answer, checks, undefined, { DPoP });
  report.token_type = tokens.token_type;
  report.id_token = tokens.claims();
  report.userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  report.refreshed = renewed.token_type;
  report.as_bearer = await client
    .fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
    .then(() => 'taken', told);
}

async function device(report) {
  const config = await client.discovery(
    new URL(setting.issuer), setting.client_id, undefined, client.None(), insecure);
  const waiting = await client.initiateDeviceAuthorization(config, { scope: setting.scope });
  report.user_code = waiting.user_code;
  say({ visit: waiting.verification_uri_complete });
  const tokens = await client.pollDeviceAuthorizationGrant(config, waiting);
  report.id_token = tokens.claims();
  report.userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
}

async function ciba(report) {
  const config = await client.discovery(
    new URL(setting.issuer), setting.client_id, undefined, client.ClientSecretBasic(setting.client_secret), insecure);
  const asked = { scope: setting.scope, login_hint: 'tuya', binding_message: setting.binding_message };
  const waiting = await client.initiateBackchannelAuthentication(config, asked);
  say({ visit: `${setting.issuer}/approvals` });
  const tokens = await client.pollBackchannelAuthenticationGrant(config, waiting);
  report.id_token = tokens.claims();
  report.userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
}

const report = {};
try {
  await { fapi, device, ciba }[setting.way](report);
} catch (error) {
  report.error = told(error);
}
say({ report });
