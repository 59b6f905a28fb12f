// A relying party and a resource server made of npm's oauth4webapi, which forgives nothing.
// Reads its settings from stdin, prints {"visit": ADDRESS}, waits for the browser, prints {"report": ...}.
import * as oauth from '../node/node_modules/oauth4webapi/build/index.js';
import { say, settings, told, visited } from './listener.mjs';

const setting = await settings();
const here = { [oauth.allowInsecureRequests]: true };
const client = { client_id: setting.client_id, id_token_signed_response_alg: 'RS256', [oauth.clockTolerance]: 0 };
const authentication = oauth.ClientSecretBasic(setting.client_secret);

async function signIn(provider) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const address = new URL(provider.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: setting.redirect_uri,
    scope: setting.scope,
    state,
    nonce,
    max_age: '600',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString();
  const answer = await visited(address, setting.redirect_uri);
  const checked = oauth.validateAuthResponse(provider, client, answer, state);
  const response = await oauth.authorizationCodeGrantRequest(
    provider, client, authentication, checked, setting.redirect_uri, verifier, here,
  );
  const expected = { expectedNonce: nonce, maxAge: 600, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(provider, client, response, expected);
  await oauth.validateApplicationLevelSignature(provider, response, here);
  return tokens;
}

const report = {};
try {
  const issuer = new URL(setting.issuer);
  for (const algorithm of ['oidc', 'oauth2']) { // OpenID Connect Discovery 1.0, then RFC 8414
    const response = await oauth.discoveryRequest(issuer, { algorithm, ...here });
    report[algorithm] = await oauth.processDiscoveryResponse(issuer, response);
  }
  const provider = report.oidc;
  const tokens = await signIn(provider);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  report.id_token = claims;
  const userinfo = await oauth.userInfoRequest(provider, client, tokens.access_token, here);
  report.userinfo = await oauth.processUserInfoResponse(provider, client, claims.sub, userinfo);
  const asked = new Request('https://resource.example/', { // RFC 9068 4: as a resource server would
    headers: { Authorization: `Bearer ${tokens.access_token}` },
  });
  report.access_token = await oauth.validateJwtAccessToken(provider, asked, setting.audience, here);
  const revocation = await oauth.revocationRequest(provider, client, authentication, tokens.access_token, here);
  await oauth.processRevocationResponse(revocation);
  const after = await oauth.introspectionRequest(provider, client, authentication, tokens.access_token, here);
  report.after_revocation = await oauth.processIntrospectionResponse(provider, client, after);
} catch (error) {
  report.error = told(error);
}
say({ report });
