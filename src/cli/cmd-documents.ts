// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import type { ClassRecord, Reason } from '../access/index.ts';
import { fail } from '../core/index.ts';
import type { AccessExplanation, DocumentDescription } from '../vault/index.ts';
import { addCommand, type Invocation, personNamed, type World } from './command.ts';
import { writeNamed } from './files.ts';
import type { Paint } from './output.ts';
import { bytesText, count, facts, timeText, visible } from './text.ts';

interface NamespaceOption {
  readonly namespace: string;
}

interface ExplainOptions extends NamespaceOption {
  readonly as?: string;
}

/** `strongroom inspect`, `explain`, `delete` and `erase`. */
export function registerDocuments(program: Command, world: World): void {
  const namespace = (command: Command): Command =>
    command.option('--namespace <id>', 'source namespace of the document', 'files');
  addCommand<NamespaceOption>(program, world, {
    usage: 'inspect <document>',
    description: 'what is known of a document, by path or id, freshly proven',
    examples: ['strongroom inspect people/leave.md', 'strongroom inspect d-2xq... --json'],
    configure: namespace,
    run: inspect,
  });
  addCommand<ExplainOptions>(program, world, {
    usage: 'explain <document>',
    description: 'why a person may or may not read a document',
    examples: ['strongroom explain people/leave.md --as bob'],
    configure: (command) => namespace(command).option('--as <person>', 'the person (required)'),
    run: explain,
  });
  addCommand<NamespaceOption>(program, world, {
    usage: 'delete <documents...>',
    description: 'delete documents: gone for everybody, history kept',
    examples: ['strongroom delete drafts/old.md'],
    configure: namespace,
    run: async ({ open, arguments: names, options, output }) => {
      const deleted = await (await open()).delete(names, options.namespace);
      output.data({ deleted }, () => `${count(deleted, 'document')} deleted`);
    },
  });
  addCommand<EraseOptions>(program, world, {
    usage: 'erase <document>',
    description: 'erase a document: its keys are destroyed, nobody can open or guess it again',
    examples: [
      'strongroom erase people/cv-17.md --reason "erasure request" --yes --receipt erased.json',
    ],
    configure: (command) =>
      namespace(command)
        .option('--reason <text>', 'noted in the log in clear: no names', 'requested')
        .option('--receipt <file>', 'write the signed result')
        .option('--yes', 'this cannot be undone, and is meant', false),
    run: erase,
  });
}

async function inspect(invocation: Invocation<NamespaceOption>): Promise<void> {
  const { options, output } = invocation;
  const vault = await invocation.open();
  const found = await vault.describe(invocation.arguments[0] ?? '', options.namespace);
  output.data(found, () => facts([...contentRows(found), ...provenanceRows(found)]));
}

function contentRows({ content, docId, status, version }: DocumentDescription): [string, string][] {
  const rows: [string, string][] = [['document', `${docId}  ${status}, version ${version}`]];
  if (content === null) return rows;
  const { findings, verdict } = content;
  const found = findings.map(({ kind, count }) => `${kind} x${count}`).join(', ');
  return [
    ...rows,
    ['path', visible(content.sourceUri)],
    ['title', visible(content.title ?? '-')],
    ['type', content.mediaType ?? '-'],
    ['chunks', `${content.chunks}, sealed in ${bytesText(content.sealedBytes)}`],
    ['made by', `${content.parser}, ${content.chunker}, ${content.model}`],
    ['screening', `${verdict}${found === '' ? '' : `: ${found}`}`],
    ['ingested', timeText(content.ingestedAt)],
  ];
}

function provenanceRows({ provenance, access }: DocumentDescription): [string, string][] {
  const until = access.validUntil;
  return [
    [
      'log entry',
      `${provenance.entry} of ${provenance.headSize}, proven by ${provenance.proofHashes} hashes`,
    ],
    ['signer', provenance.signer],
    ['head root', provenance.headRoot],
    [
      'class',
      `${access.classNo ?? 'unknown'}, ACL epoch ${access.epoch}, bound by ${access.signer.slice(0, 16)}`,
    ],
    [
      'readers',
      access.record === null ? 'nobody: its class record was refused' : readersText(access.record),
    ],
    ...(until === null ? [] : [['expires', timeText(until)] as [string, string]]),
  ];
}

async function explain(invocation: Invocation<ExplainOptions>): Promise<void> {
  const { options, output } = invocation;
  const person = personNamed(invocation);
  const vault = await invocation.open();
  const [name = ''] = invocation.arguments;
  const found = await vault.explain(name, person, options.namespace);
  output.data(found, (paint) => explanationText(found, paint));
}

function explanationText(found: AccessExplanation, paint: Paint): string {
  const { allowed, principal, document } = found;
  const verdict = allowed ? paint('green', 'MAY READ') : paint('red', 'MAY NOT READ');
  const reasons = found.reasons.map(
    (reason) => `${reason.effect === 'allows' ? '+' : '-'} ${reasonText(reason)}`,
  );
  if (found.record === null) reasons.push('- its class record is missing, or not the signed one');
  if (document !== 'live') reasons.push(`- ${GONE[document]}`);
  return facts([
    [verdict, principal],
    ['groups', found.groups.join(', ')],
    ['clearance', found.clearance],
    ['readers', found.record === null ? 'nobody' : readersText(found.record)],
    ...reasons.map((reason, i) => [i === 0 ? 'because' : '', reason] as const),
  ]);
}

const GONE = {
  tombstone: 'the document was deleted',
  shredded: 'the document was erased',
  distrusted: 'the key that signed the document, or its permissions, was revoked',
  expired: 'the document has expired',
};

function reasonText({ because, subject }: Reason): string {
  const named = subject ?? '';
  const texts: Record<Reason['because'], string> = {
    'allow-user': 'is named as a reader',
    'allow-group': `is in ${named}, whose members may read`,
    'deny-user': 'is denied by name',
    'deny-group': `is in ${named}, whose members are denied`,
    'no-match': 'is neither named as a reader nor in a group that is',
    clearance: `needs clearance ${named}`,
    'not-before': 'may not read yet',
    'not-after': 'may no longer read',
    attribute: `the request must have the attribute ${named}`,
    action: `has no right to the action ${named}, as everybody outside the directory`,
  };
  return texts[because];
}

/** A class record in one line. */
function readersText(record: ClassRecord): string {
  const parts = [[...record.allowUsers, ...record.allowGroups].join(', ') || 'nobody'];
  const denied = [...record.denyUsers, ...record.denyGroups];
  if (denied.length > 0) parts.push(`but not ${denied.join(', ')}`);
  if (record.classification > 0) parts.push(`clearance ${record.classification}`);
  for (const [key, value] of Object.entries(record.attrs)) parts.push(`${key}=${value}`);
  const hour = (h: number): string => new Date(h * 3_600_000).toISOString();
  if (record.notBefore !== null) parts.push(`from ${hour(record.notBefore)}`);
  if (record.notAfter !== null) parts.push(`until ${hour(record.notAfter)}`);
  return parts.join('; ');
}

interface EraseOptions extends NamespaceOption {
  readonly reason: string;
  readonly receipt?: string;
  readonly yes: boolean;
}

async function erase(invocation: Invocation<EraseOptions>): Promise<void> {
  const { options, output } = invocation;
  if (!options.yes) throw fail('USAGE', 'erasing cannot be undone: add --yes if it is meant');
  const vault = await invocation.open();
  const report = await vault.erase(
    invocation.arguments[0] ?? '',
    options.reason,
    options.namespace,
  );
  output.data(report, () =>
    facts([
      ['erased', report.docId],
      ['effective now', report.result.effectiveNow.join('; ')],
      ['against backups', report.result.againstBackups],
      ['pending', report.result.pending.join('; ') || 'nothing'],
      [
        'not covered',
        'copies of the source file; file systems that keep old blocks; SSD remapping',
      ],
      [
        'destroyed',
        `${count(report.keysDestroyed, 'data key')}, ${count(report.objectsDeleted, 'sealed object')}`,
      ],
    ]),
  );
  // Last: should the file not be written, the result was shown all the same.
  if (options.receipt === undefined) return;
  await writeNamed(invocation, options.receipt, 'receipt', JSON.stringify(report, null, 2));
}
