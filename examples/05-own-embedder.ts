// An embedder of one's own through its port. A vault belongs to one embedder for ever: another one is refused.
import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  createVault,
  type Embedder,
  hashEmbedder,
  isStrongroomError,
  openVault,
  parseAccessFile,
} from 'strongroom';

const TOPICS = ['dog', 'cat', 'ship', 'train'];

/** One component for each topic that a text speaks of. Real ones call a model; the contract is the same. */
function topicEmbedder(): Embedder {
  const embed = (text: string): Float32Array => {
    const words = text.toLowerCase();
    const vector = Float32Array.from(TOPICS, (topic) => (words.includes(topic) ? 1 : 0));
    // No text may give the zero vector.
    return vector.some((x) => x > 0) ? vector : vector.fill(0.01);
  };
  return {
    identity: {
      space: 'example/topics/v1',
      // Another behaviour is another digest: it is signed into the log and compared at every opening.
      model: { id: 'topics-1', sha256: createHash('sha256').update(TOPICS.join()).digest('hex') },
      dims: TOPICS.length,
      dtype: 'i8',
    },
    embedDocuments: (texts) => Promise.resolve(texts.map(embed)),
    embedQuery: (text) => Promise.resolve(embed(text)),
  };
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'strongroom-example-'));
const place = { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
await mkdir(path.join(folder, 'docs'));
await writeFile(path.join(folder, 'docs/port.txt'), 'Ships leave at noon.\n');
await writeFile(path.join(folder, 'docs/station.txt'), 'Trains leave at every full hour.\n');
const access = parseAccessFile(
  'v: 1\ndefault: owner\nowner: ada\npeople: { ada: { actions: all } }\n',
);
await createVault({ ...place, access, embedder: topicEmbedder() });
const vault = await openVault({ ...place, embedder: topicEmbedder() });
await vault.ingest([path.join(folder, 'docs')], { access });

const caller = { id: 'ada', identity: 'impersonated' } as const;
const request = { caller, query: 'by train', mode: 'vector', k: 1 } as const;
const { passages } = await vault.search(request);
console.log(`nearest: ${passages[0]?.source.uri}`);
vault.close();

try {
  await openVault({ ...place, embedder: hashEmbedder() });
} catch (error) {
  if (!isStrongroomError(error)) throw error;
  console.log(`another embedder: ${error.code}`);
}
await rm(folder, { recursive: true });
