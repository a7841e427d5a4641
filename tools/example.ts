// Builds the package if it is older than its source, and runs one of the examples against it.
//
//   npm run example                   list them
//   npm run example -- 01             run the one whose name begins so
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = path.join(root, 'examples');
const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
const [wanted] = process.argv.slice(2);

function node(...args: string[]): number {
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}

/** Time of the newest file below a folder, in milliseconds; 0 when there is none. */
function newest(place: string): number {
  if (!existsSync(place)) return 0;
  const files = readdirSync(place, { recursive: true, encoding: 'utf8' });
  return Math.max(0, ...files.map((file) => statSync(path.join(place, file)).mtimeMs));
}

function run(name: string): number {
  const isStale = newest(path.join(root, 'dist')) < newest(path.join(root, 'src'));
  const built = isStale ? node(path.join(root, 'tools', 'build.ts')) : 0;
  return built === 0 ? node(path.join(folder, name)) : built;
}

const found = wanted === undefined ? undefined : names.find((name) => name.startsWith(wanted));
if (found === undefined) {
  process.stdout.write(`npm run example -- NAME, one of\n${names.map((n) => `  ${n}\n`).join('')}`);
  process.exitCode = wanted === undefined ? 0 : 2;
} else process.exitCode = run(found);
