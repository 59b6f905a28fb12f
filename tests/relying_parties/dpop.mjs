// npm's openid-client with its tokens bound to a key (RFC 9449), and oauth4webapi as the resource server.
// Reads its settings from stdin, prints {"visit": ADDRESS}, waits for the browser, prints {"report": ...}.
import * as oauth from '../node/node_modules/oauth4webapi/build/index.js';
import * as client from '../node/node_modules/openid-client/build/index.js';
import { say, settings, told, visited } from './listener.mjs';

const setting = await settings();
const here = { [oauth.allowInsecureRequests]: true };
const userinfo = new URL('/oauth2/userinfo', setting.issuer);

async function signIn(config, DPoP) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const asked = {
    redirect_uri: setting.redirect_uri,
    scope: setting.scope,
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  const address = setting.pushed
    ? await client.buildAuthorizationUrlWithPAR(config, asked, { DPoP })
    : client.buildAuthorizationUrl(config, { ...asked, dpop_jkt: await DPoP.calculateThumbprint() });
  const answer = await visited(address, setting.redirect_uri);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
  return client.authorizationCodeGrant(config, answer, checks, undefined, { DPoP });
}

/** As a resource server of ours would: the token, the proof, and that they belong together. */
async function acceptedByResource(config, keyPair, accessToken) {
  const metadata = config.serverMetadata();
  let seen;
  const catching = { ...here, [oauth.customFetch]: async (url, options) => {
    seen = new Request(url, options);
    return new Response('{}');
  } };
  const DPoP = oauth.DPoP({ client_id: setting.client_id }, keyPair);
  await oauth.protectedResourceRequest(accessToken, 'GET', new URL(setting.audience), undefined, undefined, {
    ...catching, DPoP,
  });
  return oauth.validateJwtAccessToken(metadata, seen, setting.audience, { ...here, requireDPoP: true });
}

async function described(path) {
  const resource = new URL(path, setting.issuer);
  const response = await oauth.resourceDiscoveryRequest(resource, here);
  return oauth.processResourceDiscoveryResponse(resource, response);
}

const report = {};
try {
  const config = await client.discovery(
    new URL(setting.issuer), setting.client_id, undefined, client.None(),
    { execute: [client.allowInsecureRequests] },
  );
  const keyPair = await client.randomDPoPKeyPair(setting.alg);
  const DPoP = client.getDPoPHandle(config, keyPair);
  const tokens = await signIn(config, DPoP);
  const claims = tokens.claims();
  report.token_type = tokens.token_type;
  report.thumbprint = await DPoP.calculateThumbprint();
  report.userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP });
  report.access_token = await acceptedByResource(config, keyPair, tokens.access_token);
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  report.refreshed = renewed.token_type;
  report.again = await client.fetchUserInfo(config, renewed.access_token, claims.sub, { DPoP });
  report.stolen_access_token = await client
    .fetchProtectedResource(config, renewed.access_token, userinfo, 'GET')
    .then((response) => response.status, told);
  report.stolen_refresh_token = await client
    .refreshTokenGrant(config, renewed.refresh_token)
    .then(() => 'still good', told);
  report.resources = [await described('/oauth2/userinfo'), await described('/api/v1')];
} catch (error) {
  report.error = told(error);
}
say({ report });
