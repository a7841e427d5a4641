// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { readAccessFile, runWorker, type WorkerReport } from '../vault/index.ts';
import { openDocuments } from './buckets.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { interruption } from './interruption.ts';
import { positive } from './numbers.ts';
import { facts } from './text.ts';

interface WorkerCommandOptions {
  readonly queue: string;
  readonly deadLetter?: string;
  readonly access?: string;
  readonly namespace?: string;
  readonly concurrency?: number;
  readonly tries: number;
  readonly visibility: number;
  readonly endpoint?: string;
  readonly catalogue?: string;
  readonly region?: string;
}

/** `strongroom worker`. */
export function registerWorker(program: Command, world: World): void {
  addCommand<WorkerCommandOptions>(program, world, {
    usage: 'worker',
    description: 'take changes of S3 documents from an SQS queue until SIGTERM',
    examples: [
      'strongroom worker --queue https://sqs.eu-central-1.amazonaws.com/111122223333/work',
      'strongroom worker --queue URL --dead-letter URL --tries 3',
    ],
    configure: (command) =>
      command
        .requiredOption('--queue <url>', 'queue of S3 event notifications and of jobs')
        .option('--dead-letter <url>', 'queue for messages that failed too often, with the reason')
        .option('--access <file>', 'access file (default: strongroom.access.yaml beside the vault)')
        .option('--namespace <id>', 'source namespace of the documents (default: s3)')
        .option('--concurrency <n>', 'documents at work at the same time', positive)
        .option('--tries <n>', 'receipts of a message before it is put aside', positive, 5)
        .option('--visibility <seconds>', 'time for which a message is hidden', positive, 60)
        .option('--catalogue <file>', 'LF-tags that restrict documents (docs/cloud.md)')
        .option('--region <name>', 'Region of queue and buckets; default: of the environment')
        .option('--endpoint <url>', 'address of a stand-in for S3 and SQS'),
    run: work,
  });
}

async function work(invocation: Invocation<WorkerCommandOptions>): Promise<void> {
  const { options, output } = invocation;
  const access = await readAccessFile(invocation.accessFile(options.access));
  const { session } = await invocation.open();
  const { SqsQueue } = await import('../aws/index.ts');
  const { region, endpoint, visibility, tries, namespace, concurrency } = options;
  const connection = { region, endpoint };
  const queue = new SqsQueue({ ...connection, queue: options.queue, visibility });
  const deadLetters =
    options.deadLetter === undefined
      ? undefined
      : new SqsQueue({ ...connection, queue: options.deadLetter });
  const source = await openDocuments(invocation);
  const stop = new AbortController();
  void interruption(invocation.world).then(() => {
    output.note('stopping: what is under way is finished');
    stop.abort();
  });
  output.note('waiting for messages; SIGTERM or Ctrl-C ends it');
  try {
    const report = await runWorker(
      {
        ...{ session, queue, source, access, tries, visibility },
        ...(deadLetters && { deadLetters }),
        ingest: {
          ...(namespace !== undefined && { namespace }),
          ...(concurrency !== undefined && { concurrency }),
        },
        onBatch: ({ messages, done, returned, dead }) => {
          output.note(`${messages} received, ${done} done, ${returned} given back, ${dead} dead`);
        },
      },
      stop.signal,
    );
    output.data(report, () => summary(report));
  } finally {
    for (const one of [queue, deadLetters, source]) one?.close();
  }
}

function summary({ messages, done, returned, dead, reasons }: WorkerReport): string {
  const why = Object.entries(reasons).map(([reason, n]) => `${n} ${reason}`);
  return facts([
    ['messages', messages],
    ['done', done],
    ['given back', returned],
    ['dead letters', dead],
    ['reasons', why.join(', ') || 'none'],
  ]);
}
