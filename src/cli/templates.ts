// SPDX-License-Identifier: Apache-2.0
import os from 'node:os';
import { isPrincipal } from '../core/index.ts';

/** The name of the person at the keyboard, as a principal. */
export function ownName(): string {
  let name = '';
  try {
    name = os.userInfo().username;
  } catch {
    // A container may run under a user without a name.
  }
  return isPrincipal(name) ? name : 'owner';
}

/** The access file that `init` writes. */
export function accessTemplate(owner: string, defaultRule: 'owner' | 'refuse'): string {
  const meaning =
    defaultRule === 'owner'
      ? 'only the owner may read it'
      : 'it is not ingested, and the refusal lists the lines to add';
  return `# Who may read what. Apply changes with \`strongroom access apply\`; ingestion applies them too.
v: 1

# A document that no rule below names: ${meaning}.
default: ${defaultRule}
owner: ${owner}

# Whether FILE.access.yaml beside a document, or \`access:\` in its front matter, may name readers.
# Either way they can only add denials and limits to what the rules demand.
sidecars: false
frontMatter: false

# Actions default to [read, receipt]; clearance to 0.
people:
  ${owner}: { clearance: 9, actions: all }
#  bob: { clearance: 2 }

# Members are people or other groups. \`everyone\` is built in.
groups: {}
#  engineering: [bob]
#  staff: [engineering, ${owner}]

# The first rule that matches a path and has \`allow\` names its readers. Denials, classification and
# time limits of every rule that matches are added. Deny wins.
rules: []
#  - path: "handbook/**"
#    allow: [everyone]
#  - path: "people/**"
#    allow: [staff]
#    deny: [bob]
#    classification: 2
#    notAfter: 2030-01-01
#  - path: "mail/**"
#    allow: [staff]
#    readers: from-to        # of these only those whom the message names, people being named by address
`;
}
