// SPDX-License-Identifier: Apache-2.0
// Signed statements and the sealed documents that they speak of, each wrong in one way.
import { base64, fromUtf8, hex, jcsBytes, sha256, utf8 } from '../../src/core/index.ts';
import { FRAME_BYTES, type KeyRef } from '../../src/keys/index.ts';
import { pae, signEnvelope } from '../../src/provenance/dsse.ts';
import { documentSubject, signStatement } from '../../src/provenance/statement.ts';
import { sealDocument, type SealedDocument } from '../../src/store/document-seal.ts';
import { chunkedDocument, FORM } from '../support/chunk-fixture.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { flipBit } from '../support/tampering.ts';
import type { FaultyFolder } from './suite.ts';

type Files = Readonly<Record<string, Uint8Array>>;
type Parts = SealedDocument['parts'];

/** A right statement with its object, and the wrong ones made from them. */
export interface NegativeObjects {
  readonly author: LogAuthor;
  readonly dek: Uint8Array;
  readonly ref: KeyRef;
  readonly golden: Files;
  readonly cases: readonly FaultyFolder[];
}

/** What the statement of a sealed version says; the same bytes on every machine. */
class Maker {
  readonly author = new LogAuthor('negative objects');
  readonly random = new SeededRandom('negative objects');
  readonly dek = this.random.bytes(32);
  readonly ref: KeyRef = { tenantId: 'acme', kind: 'doc', id: this.author.docId('a'), no: 1 };
  readonly cases: FaultyFolder[] = [];

  /** A version whose text part has a full frame and a short one. */
  document(ref = this.ref, swap = 0): SealedDocument {
    const { text, leaves, meta, vectors } = chunkedDocument(this.dek, ref);
    const chunks = leaves.map(({ start, end, meta: facts }, i) => ({
      ...{ start, end, meta: facts },
      vector: vectors[(i + swap) % vectors.length] as Uint8Array,
    }));
    const long = Buffer.concat([text, utf8('x'.repeat(FRAME_BYTES))]);
    const facts = { headings: [], page: null, pos: null };
    const rest = {
      start: text.length,
      end: long.length,
      meta: facts,
      vector: vectors[0] as Uint8Array,
    };
    const input = { ref, text: long, chunks: [...chunks, rest], meta, form: FORM };
    return sealDocument(this.dek, input, this.random);
  }

  /** The ingest statement of a sealed version. */
  statement(sealed: SealedDocument, object = sealed.sha256, by = 'ingest'): Promise<Uint8Array> {
    const { author } = this;
    const { parts, chunkRoot, chunks, facts } = sealed;
    const predicate = {
      ...{
        log: author.log,
        time: author.time,
        stateKey: author.docKey('a'),
        version: 1,
        prev: null,
      },
      ...{ chunks, facts, parts, embedder: FORM, class: { aclDigest: digestOf('class') } },
      ...{ validUntil: null, scan: { verdict: 'clean' as const, ruleset: '1' } },
      pipeline: { parser: 'text', chunker: 'lines', versions: '1' },
      source: { kind: 'file', namespace: 'files', seq: null },
    };
    const doc = { docId: author.docId('a'), version: 1 };
    const subject = documentSubject(author.log, doc, { object, chunkRoot });
    return signStatement('ingest', predicate, author.signer(by), subject);
  }

  add(name: string, code: string, entry: Uint8Array, object?: Uint8Array): void {
    const files = { entry, ...(object === undefined ? {} : { object }) };
    this.cases.push({ name, code, files });
  }

  /** A statement that names an object which was put together anew from other parts. */
  async assembled(
    name: string,
    code: string,
    sealed: SealedDocument,
    text: Uint8Array,
  ): Promise<void> {
    const rest = sealed.bytes.subarray(sealed.parts.text.bytes);
    const object = Buffer.concat([text, rest]);
    const moved = (part: Parts['meta']): Parts['meta'] => ({
      ...part,
      off: part.off + text.length - sealed.parts.text.bytes,
    });
    const { parts } = sealed;
    const own = {
      text: { ...parts.text, bytes: text.length },
      meta: moved(parts.meta),
      vec: moved(parts.vec),
    };
    const entry = await this.statement({ ...sealed, parts: own }, hex(sha256(object)));
    this.add(name, code, entry, object);
  }
}

/** Makes everything. */
export async function makeObjects(): Promise<NegativeObjects> {
  const maker = new Maker();
  const sealed = maker.document();
  const entry = await maker.statement(sealed);
  await statementCases(maker, entry, sealed);
  await objectCases(maker, entry, sealed);
  await frameCases(maker, sealed);
  const { author, dek, ref, cases } = maker;
  return { author, dek, ref, golden: { entry, object: sealed.bytes }, cases };
}

async function statementCases(
  maker: Maker,
  entry: Uint8Array,
  sealed: SealedDocument,
): Promise<void> {
  const { author } = maker;
  const text = fromUtf8(entry);
  const { payload, signatures } = JSON.parse(text) as {
    payload: string;
    signatures: [{ keyid: string; sig: string }];
  };
  const body = Buffer.from(payload, 'base64').toString();
  const add = (name: string, code: string, changed: string | Uint8Array): void =>
    maker.add(`statement-${name}`, code, typeof changed === 'string' ? utf8(changed) : changed);
  const { sig } = signatures[0];
  add(
    'altered',
    'SIGNATURE',
    text.replace(payload, base64(utf8(body.replace('"chunks":4', '"chunks":5')))),
  );
  const bent = base64(flipBit(Buffer.from(sig, 'base64'), 77));
  add('signature-altered', 'SIGNATURE', text.replace(sig, bent));
  add(
    'signature-cut-short',
    'SIGNATURE',
    text.replace(sig, base64(Buffer.from(sig, 'base64').subarray(0, 63))),
  );
  add('by-a-stranger', 'SIGNATURE', await maker.statement(sealed, sealed.sha256, 'stranger'));
  const acl = author.signer('acl').keyid;
  add('under-the-name-of-another-key', 'SIGNATURE', text.replace(signatures[0].keyid, acl));
  add('by-an-acl-key', 'SCOPE', await maker.statement(sealed, sealed.sha256, 'acl'));
  add('without-signature', 'FORMAT', jcsBytes({ payload, payloadType: TYPE, signatures: [] }));
  add('with-white-space', 'FORMAT', text.replace('{"payload"', '{ "payload"'));
  add('with-a-field-twice', 'FORMAT', text.replace('{"payload"', '{"payload":"","payload"'));
  add('with-bytes-left-over', 'FORMAT', `${text}\n`);
  add('cut-short', 'FORMAT', text.slice(0, -1));
  const signer = author.signer('ingest');
  const other = 'application/vnd.other+json';
  const signature = base64(await signer.sign(pae(other, utf8(body))));
  const typed = {
    payload,
    payloadType: other,
    signatures: [{ keyid: signer.keyid, sig: signature }],
  };
  add('of-another-payload-type', 'FORMAT', jcsBytes(typed));
  const resigned = (said: string): Promise<Uint8Array> => signEnvelope(utf8(said), signer);
  add('payload-with-white-space', 'FORMAT', await resigned(body.replace('{"_type"', '{ "_type"')));
  add(
    'of-another-form',
    'FORMAT',
    await resigned(body.replace('in-toto.io/Statement/v1', 'in-toto.io/Statement/v2')),
  );
}

const TYPE = 'application/vnd.in-toto+json';

async function objectCases(maker: Maker, entry: Uint8Array, sealed: SealedDocument): Promise<void> {
  const { bytes, parts } = sealed;
  const add = (name: string, code: string, object: Uint8Array, by = entry): void =>
    maker.add(`object-${name}`, code, by, object);
  add('bit-flipped', 'INTEGRITY', flipBit(bytes, bytes.length * 4));
  add('cut-short', 'INTEGRITY', bytes.subarray(0, -1));
  add('with-bytes-left-over', 'INTEGRITY', Buffer.concat([bytes, utf8('x')]));
  const place = maker.document({ ...maker.ref, id: maker.author.docId('b') });
  add('of-another-document', 'KEY_COMMITMENT', place.bytes, await maker.statement(place));
  const version = maker.document({ ...maker.ref, no: 2 });
  add('of-another-version', 'KEY_COMMITMENT', version.bytes, await maker.statement(version));
  const tenant = maker.document({ ...maker.ref, tenantId: 'other' });
  add('of-another-tenant', 'KEY_COMMITMENT', tenant.bytes, await maker.statement(tenant));
  const header = base64(Buffer.from(parts.text.header, 'base64').fill(7, 0, 24));
  const lying = { ...sealed, parts: { ...parts, text: { ...parts.text, header } } };
  add('with-another-header', 'INTEGRITY', bytes, await maker.statement(lying));
  const rooted = { ...sealed, chunkRoot: digestOf('another tree') };
  add('of-another-chunk-tree', 'INTEGRITY', bytes, await maker.statement(rooted));
  const counted = { ...sealed, chunks: sealed.chunks + 1 };
  add('with-chunks-counted-wrong', 'INTEGRITY', bytes, await maker.statement(counted));
  const cut = (part: Parts['meta']): Uint8Array => bytes.subarray(part.off, part.off + part.bytes);
  const swapped = Buffer.concat([cut(parts.meta), cut(parts.text), cut(parts.vec)]);
  const moved = {
    text: { ...parts.meta, off: 0 },
    meta: { ...parts.text, off: parts.meta.bytes },
    vec: parts.vec,
  };
  const told = await maker.statement({ ...sealed, parts: moved }, hex(sha256(swapped)));
  add('with-parts-swapped', 'KEY_COMMITMENT', swapped, told);
}

async function frameCases(maker: Maker, sealed: SealedDocument): Promise<void> {
  const text = sealed.bytes.subarray(0, sealed.parts.text.bytes);
  const cut = 56 + FRAME_BYTES + 16;
  const [header, first, last] = [text.subarray(0, 56), text.subarray(56, cut), text.subarray(cut)];
  const put = (name: string, ...parts: Uint8Array[]): Promise<void> =>
    maker.assembled(`frame-${name}`, 'INTEGRITY', sealed, Buffer.concat([header, ...parts]));
  await put('altered', flipBit(first, 9), last);
  await put('tag-altered', first, flipBit(last, last.length * 8 - 1));
  await put('dropped', last);
  await put('last-dropped', first);
  await put('repeated', first, first, last);
}
