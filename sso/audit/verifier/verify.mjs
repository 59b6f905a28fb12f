#!/usr/bin/env node
// Verify evidence of an sso-hub audit log with Node.js alone: no package, no network, no database.
//
//   node verify.mjs FILE --key 'NAME+ID+KEY' [--key ...]
//
// FILE is a bundle (.zip) or a receipt (.tlog-proof); the key is the log's, from somebody whom you trust. With a
// witness's key too, every checkpoint must bear its cosignature. Ends with 0 when everything holds and with 1 when
// something does not. Written apart from verify.py, from the specifications: C2SP signed-note, tlog-checkpoint,
// tlog-cosignature and tlog-proof, RFC 9162 2.1.1 and 2.1.3.2, RFC 8032.

import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";

class Wrong extends Error {}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const text = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

function fromBase64(value) {
  const bytes = Buffer.from(value, "base64");
  if (bytes.toString("base64") !== value) throw new Wrong("not base64");
  return bytes;
}

function decimal(value) {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(value ?? "")) throw new Wrong("not a number");
  return BigInt(value);
}

// ---- keys, notes, checkpoints

function parseKey(line) {
  const [name, id, ...rest] = line.trim().split("+");
  const material = fromBase64(rest.join("+"));
  const witness = material[0] === 4;
  if (material.length !== 33 || (material[0] !== 1 && !witness)) {
    throw new Wrong("not an Ed25519 key of a log or of a witness");
  }
  const hint = sha256(name, "\n", material).subarray(0, 4);
  if (hint.toString("hex") !== id) throw new Wrong("the id of the key does not fit it");
  const jwk = { kty: "OKP", crv: "Ed25519", x: material.subarray(1).toString("base64url") };
  return { name, hint, witness, key: createPublicKey({ key: jwk, format: "jwk" }) };
}

function openNote(note, keys) {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n")) throw new Wrong("not a signed note");
  const message = note.slice(0, at + 1);
  for (const line of note.slice(at + 2, -1).split("\n")) {
    const match = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line);
    if (!match) throw new Wrong("not a signature line");
    const signature = fromBase64(match[2]);
    const hint = signature.subarray(0, 4);
    const known = keys.find((key) => !key.witness && key.name === match[1] && key.hint.equals(hint));
    if (!known) continue;
    if (!verify(null, Buffer.from(message), known.key, signature.subarray(4))) {
      throw new Wrong(`the signature of ${known.name} does not hold`);
    }
    return { message, name: known.name };
  }
  throw new Wrong("not signed by a key that was given");
}

function requireCosignature(note, message, witness) {
  for (const line of note.slice(message.length + 1, -1).split("\n")) {
    const match = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line);
    const stamped = match ? fromBase64(match[2]) : Buffer.alloc(0);
    if (match?.[1] !== witness.name || !witness.hint.equals(stamped.subarray(0, 4))) continue;
    const seconds = stamped.length < 12 ? 0n : stamped.readBigUInt64BE(4);
    const said = Buffer.from(`cosignature/v1\ntime ${seconds}\n${message}`);
    if (!verify(null, said, witness.key, stamped.subarray(12))) {
      throw new Wrong(`the cosignature of ${witness.name} does not hold`);
    }
    return;
  }
  throw new Wrong(`not cosigned by ${witness.name}`);
}

function openCheckpoint(note, keys) {
  const { message, name } = openNote(note, keys);
  for (const key of keys) if (key.witness) requireCosignature(note, message, key);
  const [origin, size, root, ...rest] = message.split("\n");
  if (origin !== name || rest.length === 0) throw new Wrong("not a checkpoint of the log that signed it");
  return { size: decimal(size), root: fromBase64(root) };
}

// ---- proofs

function rootOf(leaf, index, size, path) {
  if (index >= size) throw new Wrong("the index is beyond the log");
  let [fn, sn, hash] = [index, size - 1n, leaf];
  for (const sibling of path) {
    if (sn === 0n) throw new Wrong("the proof is too long");
    if (fn % 2n === 1n || fn === sn) {
      hash = sha256(Buffer.of(1), sibling, hash);
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn / 2n, sn / 2n];
    } else {
      hash = sha256(Buffer.of(1), hash, sibling);
    }
    [fn, sn] = [fn / 2n, sn / 2n];
  }
  if (sn !== 0n) throw new Wrong("the proof is too short");
  return hash;
}

// The entries stand side by side: row by row upwards, with what is beside the first and the last of each row. What is
// beside the first comes before what is beside the last, up to the node that is above all of them.
function rootOfRange(leaves, begin, size, path) {
  let [first, last, width, row] = [begin, begin + BigInt(leaves.length) - 1n, size, leaves];
  if (leaves.length === 0 || last >= size) throw new Wrong("the entries are beyond the log");
  let lefts = 0;
  for (let [a, b] = [first, last]; a !== b; [a, b] = [a / 2n, b / 2n]) lefts += Number(a % 2n);
  const [before, after] = [path.slice(0, lefts), path.slice(lefts)];
  const next = (hashes) => {
    if (hashes.length === 0) throw new Wrong("the proof is too short");
    return hashes.shift();
  };
  while (width > 1n) {
    if (first % 2n === 1n) row = [next(first === last ? after : before), ...row];
    if (last % 2n === 0n && last + 1n < width) row = [...row, next(after)];
    const above = [];
    for (let at = 0; at < row.length; at += 2) {
      above.push(at + 1 < row.length ? sha256(Buffer.of(1), row[at], row[at + 1]) : row[at]);
    }
    [first, last, width, row] = [first / 2n, last / 2n, (width + 1n) / 2n, above];
  }
  if (before.length + after.length > 0) throw new Wrong("the proof is too long");
  return row[0];
}

function openRange(file, keys, bodies) {
  const at = file.indexOf("\n\n");
  const [header, start, ...path] = at < 0 ? [] : file.slice(0, at).split("\n");
  const index = /^index (.+)$/.exec(start ?? "");
  if (header !== "sso-hub/range-proof@v1" || !index) throw new Wrong("not a proof of a range");
  const { size, root } = openCheckpoint(file.slice(at + 2), keys);
  const leaves = bodies.map((body) => sha256(Buffer.of(0), body));
  const found = rootOfRange(leaves, decimal(index[1]), size, path.map(fromBase64));
  if (!found.equals(root)) throw new Wrong("the entries do not stand in the signed log");
}

function openProof(file, keys, expected) {
  const at = file.indexOf("\n\n");
  const lines = at < 0 ? [] : file.slice(0, at).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Wrong("not a receipt");
  let body = expected;
  if (lines[0]?.startsWith("extra ")) {
    body = fromBase64(lines.shift().slice(6));
    if (expected && !body.equals(expected)) throw new Wrong("the receipt is of another entry");
  }
  const index = /^index (.+)$/.exec(lines.shift() ?? "");
  if (!index || !body) throw new Wrong("the receipt names no index, or no entry");
  const { size, root } = openCheckpoint(file.slice(at + 2), keys);
  const found = rootOf(sha256(Buffer.of(0), body), decimal(index[1]), size, lines.map(fromBase64));
  if (!found.equals(root)) throw new Wrong(`entry ${index[1]} does not stand in the signed log`);
  return { body, index: index[1] };
}

function checkGroups(entry, groups) {
  for (const [name, { salt, content }] of Object.entries(groups)) {
    const digest = sha256("sso group\0", name, "\0", fromBase64(salt), content).toString("base64");
    if (entry.groups?.[name] !== digest) throw new Wrong(`the part ${name} of an entry is not the one that was logged`);
  }
}

// ---- the archive: stored files, one after the other, and nothing else

function pack(files) {
  const [bodies, entries] = [[], []];
  let offset = 0;
  for (const [name, content] of files) {
    const encoded = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x800, 2);
    fields.writeUInt16LE(0x21, 8);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(content.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(encoded.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    entries.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields.subarray(0, 24), Buffer.alloc(2), place, encoded);
    bodies.push(Buffer.from("PK\x03\x04", "latin1"), fields, encoded, content);
    offset += 30 + encoded.length + content.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, directory, end]);
}

function unpack(archive) {
  const files = new Map();
  let at = 0;
  while (at + 30 <= archive.length && archive.readUInt32LE(at) === 0x04034b50) {
    const named = at + 30;
    const begins = named + archive.readUInt16LE(at + 26);
    const ends = begins + archive.readUInt32LE(at + 18);
    files.set(text(archive.subarray(named, begins)), archive.subarray(begins, ends));
    at = ends;
  }
  if (!pack(files).equals(archive)) throw new Wrong("the archive is damaged");
  return files;
}

function verifyBundle(archive, keys) {
  const files = unpack(archive);
  const file = (name) => {
    if (!files.has(name)) throw new Wrong(`the bundle has no ${name}`);
    return files.get(name);
  };
  const { message, name } = openNote(text(file("manifest.txt")), keys);
  const manifest = JSON.parse(message);
  const listed = Object.keys(manifest.files);
  if (listed.length + 1 !== files.size) throw new Wrong("the bundle's files are not those of its manifest");
  for (const one of listed) {
    if (sha256(file(one)).toString("hex") !== manifest.files[one]) throw new Wrong(`${one} is not what was sealed`);
  }
  const lines = text(file("events.jsonl")).split("\n").filter((line) => line !== "");
  const events = lines.map((line) => JSON.parse(line));
  const bodies = events.map((event) => Buffer.from(event.body));
  const together = files.has("proofs/range.txt");
  const names = together ? ["range.txt"] : events.map(({ body }) => `${JSON.parse(body).id}.tlog-proof`);
  const proofs = names.map((name) => text(file(`proofs/${name}`)));
  if (together) openRange(proofs[0], keys, bodies);
  else proofs.forEach((proof, at) => openProof(proof, keys, bodies[at]));
  const note = text(file("checkpoint.txt"));
  if (!proofs.some((proof) => proof.slice(proof.indexOf("\n\n") + 2) === note)) {
    throw new Wrong("the checkpoint is that of no entry");
  }
  for (const { body, groups } of events) checkGroups(JSON.parse(body), groups);
  if (lines.length !== manifest.entries) throw new Wrong("the bundle has more or fewer entries than were sealed");
  return `${lines.length} entries of the log ${name}, sealed at ${manifest.sealed_at}`;
}

function verifyReceipt(content, keys) {
  const { body, index } = openProof(text(content), keys);
  const entry = JSON.parse(text(body));
  return `entry ${index} of the log: ${entry.event} at ${entry.time} (${entry.id})`;
}

function main(words) {
  const keys = words.flatMap((word, at) => (words[at - 1] === "--key" ? [word] : []));
  const [file] = words.filter((word, at) => word !== "--key" && words[at - 1] !== "--key");
  if (!file || keys.length === 0) {
    console.error("usage: node verify.mjs FILE --key 'NAME+ID+KEY'");
    return 2;
  }
  try {
    const content = readFileSync(file);
    const known = keys.map(parseKey);
    const check = content.subarray(0, 2).toString("latin1") === "PK" ? verifyBundle : verifyReceipt;
    console.log(`ok: ${check(content, known)}`);
    return 0;
  } catch (error) {
    console.log(`WRONG: ${error instanceof Wrong || error.code ? error.message : "malformed"}`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
