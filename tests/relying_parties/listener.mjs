// What both scripts share: settings from stdin, one JSON object a line on stdout, and a place to be redirected to.
import { createServer } from 'node:http';

const DEADLINE_MS = 60_000;

setTimeout(() => {
  process.stderr.write('nobody came to the redirect URI in time\n');
  process.exit(1);
}, DEADLINE_MS).unref();

export async function settings() {
  let text = '';
  for await (const part of process.stdin) text += part;
  return JSON.parse(text);
}

export function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

/** Print the address to visit, wait at the redirect URI; returns the answer as a Request (form_post) or a URL. */
export async function visited(address, redirectUri) {
  const { hostname, port, pathname } = new URL(redirectUri);
  let arrived;
  const answer = new Promise((resolve) => { arrived = resolve; });
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, redirectUri);
    let body = '';
    for await (const part of request) body += part;
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.setHeader('Connection', 'close');
    response.end('<!doctype html><html lang="en"><title>Received</title><p id="received">Received</p></html>');
    if (url.pathname !== pathname) return;
    const posted = { method: 'POST', body, headers: { 'Content-Type': request.headers['content-type'] ?? '' } };
    arrived(request.method === 'POST' ? new Request(url, posted) : url);
  });
  await new Promise((resolve) => { server.listen(Number(port), hostname, resolve); });
  say({ visit: address.href });
  const result = await answer;
  server.close();
  return result;
}

/** What went wrong, in words that a test can compare. */
export function told(error) {
  const { name, code, status, error: oauth, error_description: description, message, cause } = error;
  const challenge = Array.isArray(cause) ? cause : undefined; // of WWW-Authenticate
  return { name, code, status, error: oauth, error_description: description, message, challenge, cause: cause?.message };
}
