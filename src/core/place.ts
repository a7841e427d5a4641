// SPDX-License-Identifier: Apache-2.0

/** UTF-16 units kept of a place: the nearest folders say most. */
const MAX_PLACE = 160;

/**
 * The words of a document's source name: folders and file without its ending, `guides/kms/key-rotation.md` giving
 * `guides kms key rotation`. Collections often say in their folders what their documents take for granted.
 */
export function placeWords(sourceUri: string): string {
  const isAddress = /^[a-z][a-z0-9+.-]*:/i.test(sourceUri);
  const path = isAddress ? sourceUri.replace(/^[a-z0-9+.-]*:\/*|[?#].*$/gis, '') : sourceUri;
  const words = path.replace(/\.[^./]{1,8}$/, '').replace(/[-_./\\+%\s]+/g, ' ');
  return words.trim().slice(-MAX_PLACE).toWellFormed();
}
