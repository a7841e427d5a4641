// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.ts';
import { costTexts, tierText } from '../../src/cli/tier-text.ts';
import { hasOnnxRuntime } from '../../src/embed/onnx-runtime.ts';
import { cliTemplate } from '../support/cli-world.ts';

const template = cliTemplate();
const runtime = await hasOnnxRuntime();

describe('status', () => {
  it('says what the vault holds, on which tier it is, and what the others cost', async () => {
    const world = await template();
    const { code, stdout } = await world.run(['status']);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[2]).toMatch(/^documents +5 in 6 passages$/);
    expect(lines[3]).toMatch(/^tier +static: passages and questions by the static table$/);
    expect(lines[4]).toMatch(/^mixed would cost +.*strongroom upgrade --questions$/);
    expect(lines[5]).toMatch(/^minilm would cost +6 passages embedded again.*strongroom upgrade$/);
    expect(await world.json('status')).toMatchObject({
      tier: 'static',
      documents: 5,
      chunks: 6,
      chunksToUpgrade: 6,
    });
  });

  const report = { tier: 'static', documents: 9, upgraded: 0, chunksToUpgrade: 90 } as const;

  it('names what is missing, and what it would take', () => {
    const cost = { passagesPerSecond: null, secondsToUpgrade: null } as const;
    const [mixed, minilm] = costTexts(report, { ...cost, missing: ['runtime', 'model'] });
    expect(mixed?.[1]).toContain(
      'needs onnxruntime-node (290 MB) and @strongroom/model-minilm (25 MB)',
    );
    expect(minilm?.[1]).toContain('some minutes a thousand');
  });

  it('tells hours from minutes, and nothing above the highest tier', () => {
    const here = { missing: [], passagesPerSecond: 10, secondsToUpgrade: 7200 };
    expect(costTexts({ ...report, tier: 'mixed' }, here)).toEqual([
      ['minilm would cost', expect.stringContaining('about 2.0 h here') as string],
    ]);
    expect(costTexts({ ...report, tier: 'minilm' }, here)).toEqual([]);
    expect(tierText({ ...report, tier: 'mixed', upgraded: 4 })).toContain('(4 of 9 documents)');
    expect(tierText({ ...report, tier: null })).toContain('an embedder of its own');
  });
});

describe.skipIf(!runtime)('upgrade', () => {
  it('lets questions go first, then documents, and says how far it is', async () => {
    const world = await template();
    expect(await world.json('upgrade', '--questions')).toMatchObject({
      named: true,
      remaining: 5,
      tier: 'mixed',
    });
    const slice = await world.run(['upgrade', '--limit', '2']);
    expect(slice.code).toBe(0);
    expect(slice.stdout).toMatch(/documents +2 upgraded, 3 left/);
    expect(slice.stderr).toContain('Run it again to go on.');
    const rest = await world.run(['upgrade']);
    expect(rest.code).toBe(0);
    expect(rest.stdout).toMatch(/tier +minilm/);
    expect((await world.run(['doctor'])).stdout).toMatch(/ok +tier +minilm/);
    expect((await world.run(['fsck'])).code).toBe(0);
  });

  it('ends when it is interrupted, with what was done kept', async () => {
    const world = await template();
    let stderr = '';
    const code = await runCli(['upgrade'], {
      stdout: { write: () => undefined },
      stderr: { write: (text) => (stderr += text) },
      env: { STRONGROOM_HOME: world.home },
      cwd: world.folder,
      interrupted: () => Promise.resolve(),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('Run it again to go on.');
    expect((await world.run(['upgrade'])).code).toBe(0);
  });
});
