// SPDX-License-Identifier: Apache-2.0
// Entry of the thread that reads one file of a foreign format.
import { parentPort, workerData } from 'node:worker_threads';
import { isStrongroomError } from '../../core/index.ts';
import type { IsolatedAnswer, IsolatedReading, IsolatedTask } from './isolated.ts';

async function read({ format, bytes, maxBytes }: IsolatedTask): Promise<IsolatedReading> {
  // Loaded when needed: each is large.
  switch (format) {
    case 'pdf':
      return (await import('./pdf-reader.ts')).readPdf(bytes, maxBytes);
    case 'docx':
      return (await import('./docx-reader.ts')).readDocx(bytes, maxBytes);
    case 'epub':
      return (await import('./epub-reader.ts')).readEpub(bytes, maxBytes);
    case 'odt':
      return (await import('./odt-reader.ts')).readOdt(bytes, maxBytes);
    case 'mail':
      return (await import('./mail-reader.ts')).readMail(bytes, maxBytes);
  }
}

async function answer(): Promise<IsolatedAnswer> {
  try {
    return { ok: true, reading: await read(workerData as IsolatedTask) };
  } catch (error) {
    if (isStrongroomError(error)) return { ok: false, code: error.code, message: error.message };
    // What foreign code says of a file may quote it.
    const message = 'the file cannot be read as what its name says';
    return { ok: false, code: 'SOURCE_MALFORMED', message };
  }
}

parentPort?.postMessage(await answer());
