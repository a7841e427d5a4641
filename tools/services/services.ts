// SPDX-License-Identifier: Apache-2.0
// Servers for tests and demonstrations on this machine: started on free loopback ports, stopped whatever happens.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Servers that can be started. */
export const SERVICES = ['ministack', 'moto', 'opensearch', 'secured', 'versitygw'] as const;

/** Name of one of {@link SERVICES}. */
export type ServiceName = (typeof SERVICES)[number];

/** Programs without which a server cannot be installed. */
const NEEDS: Readonly<Record<ServiceName, readonly string[]>> = {
  ministack: ['python3', 'curl', 'flock', 'setsid'],
  moto: ['python3', 'curl', 'flock', 'setsid'],
  opensearch: ['java', 'mvn', 'unzip', 'curl', 'setsid'],
  secured: ['java', 'mvn', 'unzip', 'curl', 'setsid', 'openssl'],
  versitygw: ['go'],
};

const SCRIPTS = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.dirname(path.dirname(SCRIPTS));
const VERSITYGW = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const PASSWORD = 'Adm1n-Test-Passw0rd';

/** Where servers are installed, kept between runs: STRONGROOM_SERVICES_DIR, default `.services` in the checkout. */
export function servicesDirectory(): string {
  return path.resolve(process.env['STRONGROOM_SERVICES_DIR'] ?? path.join(ROOT, '.services'));
}

/** Programs that are missing for these servers, each once. */
export function missingPrograms(names: readonly ServiceName[]): string[] {
  const needed = new Set(names.flatMap((name) => NEEDS[name]));
  return [...needed].filter((program) => spawnSync('which', [program]).status !== 0).sort();
}

/** Servers that run, until `stop`. */
export interface Running {
  /** Their addresses, as environment variables that tests read. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends every server; also done when the process ends or is interrupted. */
  readonly stop: () => void;
}

/** Addresses and the way to end what was started. */
interface Started {
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => void;
}

/**
 * Starts servers one after the other; what cannot start ends all. One run at a time in a directory.
 * @param say told of each step
 */
export async function startServices(
  names: readonly ServiceName[],
  say: (line: string) => void,
): Promise<Running> {
  const dir = servicesDirectory();
  mkdirSync(dir, { recursive: true });
  takeTurn(dir);
  const stops: (() => void)[] = [];
  const stop = (): void => {
    for (const each of stops.splice(0).reverse()) each();
    rmSync(path.join(dir, 'run.pid'), { force: true });
  };
  process.once('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  // What a run that was killed has left.
  for (const name of ['ministack', 'moto', 'opensearch']) stopScript(name, dir);
  const env: Record<string, string> = {};
  try {
    for (const name of names) {
      say(`starting ${name}`);
      const started = await START[name](dir, stops);
      Object.assign(env, started.env);
    }
  } catch (error) {
    stop();
    throw error;
  }
  return { env, stop };
}

type Start = (dir: string, stops: (() => void)[]) => Promise<Pick<Started, 'env'>>;

const START: Readonly<Record<ServiceName, Start>> = {
  ministack: python('ministack', 'STRONGROOM_TEST_MINISTACK'),
  moto: python('moto', 'STRONGROOM_TEST_MOTO'),
  opensearch: async (dir, stops) => {
    const url = await openSearch(dir, stops, ['--name', 'plain']);
    return { env: { STRONGROOM_TEST_OPENSEARCH: url } };
  },
  secured: async (dir, stops) => {
    const url = await openSearch(dir, stops, ['--name', 'secured', '--security']);
    return {
      env: {
        STRONGROOM_TEST_OPENSEARCH_SECURED: url,
        STRONGROOM_TEST_OPENSEARCH_CA: path.join(dir, 'certs', 'ca.pem'),
        STRONGROOM_TEST_OPENSEARCH_PASSWORD: PASSWORD,
      },
    };
  },
  versitygw: startVersitygw,
};

function python(name: string, variable: string): Start {
  return async (dir, stops) => {
    stops.push(() => {
      stopScript(name, dir);
    });
    const port = String(await freePort());
    return {
      env: { [variable]: await script(`start-${name}.sh`, ['--dir', dir, '--port', port]) },
    };
  };
}

async function openSearch(
  dir: string,
  stops: (() => void)[],
  more: readonly string[],
): Promise<string> {
  stops.push(() => {
    stopScript('opensearch', dir);
  });
  const ports = ['--port', String(await freePort()), '--transport-port', String(await freePort())];
  const args = ['--dir', dir, ...ports, '--fast', '--reset', '--timeout', '600', ...more];
  return script('start-opensearch.sh', args, { OPENSEARCH_ADMIN_PASSWORD: PASSWORD });
}

/** An S3 with durable files and checked signatures, built once by Go. */
async function startVersitygw(
  dir: string,
  stops: (() => void)[],
): Promise<{ env: Record<string, string> }> {
  const binary = path.join(dir, 'bin', 'versitygw');
  if (!existsSync(binary)) {
    const built = spawnSync('go', ['install', VERSITYGW], {
      env: { ...process.env, GOBIN: path.dirname(binary) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (built.status !== 0) throw new Error('versitygw could not be built');
  }
  const [files, versions] = [
    path.join(dir, 'versitygw', 'files'),
    path.join(dir, 'versitygw', 'versions'),
  ];
  rmSync(path.dirname(files), { recursive: true, force: true });
  for (const folder of [files, versions]) mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const keys = ['--access', 'test-access', '--secret', 'test-secret', '--region', 'us-east-1'];
  const listen = ['--port', `127.0.0.1:${port}`, ...keys, '--quiet'];
  const server = spawn(binary, [...listen, 'posix', '--versioning-dir', versions, files], {
    stdio: 'ignore',
  });
  stops.push(() => void server.kill());
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(url)); tries++) {
    if (tries === 100 || server.exitCode !== null) throw new Error('versitygw did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { env: { STRONGROOM_TEST_VERSITYGW: url } };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

/** Runs a start script; what it says goes to stderr. @returns the address it prints */
function script(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env } };
    const child = execFile(path.join(SCRIPTS, file), args, options, (error, stdout) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(`${file} ended with code ${error.code ?? 'none'}`));
    });
    child.stderr?.pipe(process.stderr);
  });
}

function stopScript(name: string, dir: string): void {
  const args = ['--dir', dir];
  spawnSync(path.join(SCRIPTS, `stop-${name}.sh`), args, {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** A port of the loopback address that nobody uses. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

/** @throws when another run is using the directory: it would lose its servers */
function takeTurn(dir: string): void {
  const file = path.join(dir, 'run.pid');
  const other = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (other > 0 && isAlive(other)) throw new Error(`process ${other} runs servers in ${dir}`);
  writeFileSync(file, String(process.pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
