// SPDX-License-Identifier: Apache-2.0
// The main job for several machines: objects, keys and locks in S3 buckets, the index in OpenSearch. Starts the servers on
// this machine (MiniStack stands in for S3; OpenSearch is the real one, where Java and Maven are present) and stops them.
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { awsClient } from '../src/aws/index.ts';
import {
  type Alarm,
  createVault,
  encodeReceipt,
  isStrongroomError,
  openVault,
  parseAccessFile,
  parseReceipt,
  type Passage,
  verifyReceipt,
} from '../src/index.ts';
import { parseTrust, trustToShare } from '../src/provenance/index.ts';
import { FileTrustStore } from '../src/store/index.ts';
import { type HomeConfig, parseHome } from '../src/vault/index.ts';
import { missingPrograms, type Running, startServices } from '../tools/services/services.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const work = path.join(path.dirname(here), '.demo', 'cloud');
const QUESTION =
  'Which licences may we ship with the product, and what did the licence audit find?';
const aws = { credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

/** A machine: a folder for its configuration and one for its keys and trust. */
interface Machine {
  readonly vault: string;
  readonly home: string;
}

const machine = (name: string): Machine => ({
  vault: path.join(work, name, 'vault'),
  home: path.join(work, name, 'home'),
});

/** Buckets as an attacker with write access sees them. */
class Buckets {
  readonly #s3: S3Client;
  readonly #endpoint: string;
  readonly #run = randomBytes(4).toString('hex');

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    const connection = { ...aws, endpoint, region: 'us-east-1' };
    this.#s3 = awsClient(S3Client, connection, { forcePathStyle: true });
  }

  async make(kind: string, hasVersions: boolean): Promise<object> {
    const Bucket = `demo-${kind}-${this.#run}`;
    await this.#s3.send(new CreateBucketCommand({ Bucket }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    if (hasVersions) {
      await this.#s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    }
    return { s3: { bucket: Bucket, region: 'us-east-1', endpoint: this.#endpoint } };
  }

  async read(Bucket: string, Key: string): Promise<Uint8Array> {
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket, Key }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array(0);
  }

  async write(Bucket: string, Key: string, Body: Uint8Array): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  }
}

async function main(running: Running): Promise<boolean> {
  const { STRONGROOM_TEST_MINISTACK: s3 = '', STRONGROOM_TEST_OPENSEARCH: engine } = running.env;
  const buckets = new Buckets(s3);
  const index = { opensearch: { endpoint: engine, identity: 'none' } };
  const services = parseHome(
    Buffer.from(
      JSON.stringify({
        objects: await buckets.make('objects', true),
        keyTable: await buckets.make('keys', false),
        locks: await buckets.make('locks', false),
        ...(engine !== undefined && { index }),
      }),
    ),
  );
  const [first, second] = [machine('first'), machine('second')];

  heading('1  The first machine founds the vault and ingests twelve memos');
  const text = await readFile(path.join(here, 'access.yaml'), 'utf8');
  await createVault({ ...first, aws, access: parseAccessFile(text), services });
  const vault = await openVault({ ...first, aws });
  const report = await vault.ingest([path.join(here, 'memos')], { access: parseAccessFile(text) });
  say(`${report.added} documents, ${report.failures.length} failures`);
  const { vaultId } = vault.session.context.config;

  heading('2  A second machine joins with the configuration, the key ring and the trust file');
  await join(first, second, vaultId);
  const ada = await ask(first, 'ada');
  const ben = await ask(second, 'ben');
  const isStaff = ({ source }: Passage): boolean => source.uri.startsWith('staff/');
  const isApart = ben.length > 0 && ben.every(isStaff) && !ada.every(isStaff);

  heading('3  A receipt from the buckets, verified offline');
  const caller = { id: 'ada', identity: 'impersonated' } as const;
  const { receipt } = await vault.context({ caller, query: QUESTION, budget: 700, receipt: true });
  if (receipt === null) throw new Error('a receipt was asked for');
  const trust = await new FileTrustStore(second.home, vaultId).read();
  const verdict = verifyReceipt(parseReceipt(Buffer.from(encodeReceipt(receipt))), trust);
  vault.close();
  const attested = verdict.attested ? 'attested' : 'not attested';
  say(`${verdict.passages.length} passages proved, the decision ${attested}`);

  heading('4  Two attacks by somebody who may write every bucket');
  const [passage] = ada;
  if (passage === undefined) throw new Error('ada found nothing');
  const flipped = await flipByte(buckets, services, { first, second }, passage);
  const rolled = await rollBack(buckets, services, { first, second }, text);
  return isApart && verdict.attested && flipped && rolled;
}

/** What another machine is given: no secret goes through a bucket. */
async function join(from: Machine, to: Machine, vaultId: string): Promise<void> {
  await mkdir(to.vault, { recursive: true, mode: 0o700 });
  await cp(path.join(from.vault, 'strongroom.json'), path.join(to.vault, 'strongroom.json'));
  await cp(path.join(from.home, 'keyrings'), path.join(to.home, 'keyrings'), { recursive: true });
  const { file } = await new FileTrustStore(from.home, vaultId).read();
  const trust = parseTrust(Buffer.from(trustToShare(file)));
  await new FileTrustStore(to.home, vaultId).write({ ...trust.file, origin: 'added' });
}

interface Machines {
  readonly first: Machine;
  readonly second: Machine;
}

async function flipByte(
  buckets: Buckets,
  { objects }: HomeConfig,
  { first, second }: Machines,
  { source }: Passage,
): Promise<boolean> {
  const { bucket } = objects.s3;
  const opened = await openVault({ ...first, aws });
  const { docId } = await opened.describe(source.uri);
  let key = '';
  for await (const { path: found } of opened.session.context.objects.list(`obj/doc/${docId}/`)) {
    key = found;
  }
  opened.close();
  const bytes = await buckets.read(bucket, key);
  const flipped = Uint8Array.from(bytes);
  flipped[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await buckets.write(bucket, key, flipped);
  const codes: string[] = [];
  const left = await ask(second, 'ada', (alarm) => codes.push(alarm.code));
  await buckets.write(bucket, key, bytes);
  return refused('flip one byte of a sealed document', codes, 'INTEGRITY', () =>
    left.every((each) => each.source.uri !== source.uri),
  );
}

async function rollBack(
  buckets: Buckets,
  { objects }: HomeConfig,
  { first, second }: Machines,
  access: string,
): Promise<boolean> {
  const { bucket } = objects.s3;
  const key = 'log/default/checkpoint';
  const old = await buckets.read(bucket, key);
  const vault = await openVault({ ...first, aws });
  await vault.setAccess(parseAccessFile(access.replace('staff: [ben, ', 'staff: [')));
  vault.close();
  await ask(second, 'ben');
  await buckets.write(bucket, key, old);
  const codes: string[] = [];
  try {
    await ask(second, 'ben', (alarm) => codes.push(alarm.code));
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    codes.push(error.code);
  }
  return refused('restore the log from before a revocation', codes, 'ROLLBACK', () => true);
}

function refused(title: string, codes: string[], code: string, holds: () => boolean): boolean {
  const isRefused = codes.includes(code) && holds();
  const seen = [...new Set(codes)].join(', ');
  say(`${title}\n   ${isRefused ? styleText('red', seen) : styleText('bgRed', ' NOT REFUSED ')}`);
  return isRefused;
}

async function ask(
  at: Machine,
  id: string,
  onAlarm: (alarm: Alarm) => void = () => undefined,
): Promise<readonly Passage[]> {
  const vault = await openVault({ ...at, aws, onAlarm });
  try {
    const caller = { id, identity: 'impersonated' } as const;
    const { passages } = await vault.search({ caller, query: QUESTION, k: 4 });
    say(`\n${styleText('bold', id)} gets, on the ${path.basename(path.dirname(at.vault))} machine`);
    for (const { source, version } of passages) say(`  ${source.uri}  v${version}`);
    if (passages.length === 0) say('  nothing');
    return passages;
  } finally {
    vault.close();
  }
}

function heading(text: string): void {
  say(`\n${styleText(['bold', 'cyan'], text)}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const missing = missingPrograms(['ministack']);
if (missing.length > 0) {
  say(`The demonstration needs Python 3; ${missing.join(', ')} missing.`);
  process.exit(1);
}
const hasEngine = missingPrograms(['opensearch']).length === 0;
if (!hasEngine) say('Java or Maven is missing: each machine has the index in memory.');
await rm(work, { recursive: true, force: true });
await mkdir(work, { recursive: true });
const running = await startServices(hasEngine ? ['ministack', 'opensearch'] : ['ministack'], say);
try {
  const isGood = await main(running);
  running.stop();
  say(isGood ? '\nEverything held. The servers are stopped.' : '\nSomething did not hold.');
  process.exitCode = isGood ? 0 : 1;
} finally {
  running.stop();
}
