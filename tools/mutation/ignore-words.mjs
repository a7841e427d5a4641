// SPDX-License-Identifier: Apache-2.0
// Words for people are not behaviour: message and details of a refusal and the id of a check are left alone.
import { PluginKind } from '@stryker-mutator/api/plugin';

/** Which arguments of a call are words, by its name: fail(code, MESSAGE, DETAILS), need(ID, condition, code, MESSAGE, DETAILS), holds(ID). */
const WORDS = { fail: [1, 2], need: [0, 3, 4], holds: [0] };

function shouldIgnore(path) {
  const { parent } = path;
  if (parent?.type !== 'CallExpression') return undefined;
  const at = parent.arguments.indexOf(path.node);
  const isWords = WORDS[parent.callee.name]?.includes(at) ?? false;
  return isWords ? 'words for people' : undefined;
}

export const strykerPlugins = [{ kind: PluginKind.Ignore, name: 'words', value: { shouldIgnore } }];
