// SPDX-License-Identifier: Apache-2.0
// What `doctor` looks at in a vault: trust, key ring, log, people, index, audit trail. The vault is opened to read.
import { jcs, isStrongroomError } from '../core/index.ts';
import { FileTrustStore } from '../store/index.ts';
import { MINILM_PACKAGE, missingForMinilm } from '../embed/index.ts';
import {
  isVault,
  listKeys,
  readAccessFile,
  readConfig,
  type Session,
  tierReport,
} from '../vault/index.ts';
import { type Finding, ok, problem, warning } from './doctor-finding.ts';
import { type Invocation, passphraseFrom } from './command.ts';
import { count, timeText } from './text.ts';
import { tierText } from './tier-text.ts';

/** What the parts of the transformer are called where they are installed from. */
const PACKAGES = { runtime: 'onnxruntime-node', model: MINILM_PACKAGE } as const;

/** Roles without which a vault cannot be written. */
const WRITING_ROLES = ['sequencer', 'ingest', 'acl', 'directory', 'eraser', 'indexer', 'retriever'];

/** Opens the vault and looks at its parts; what fails says how it is repaired. */
export async function checkVault(invocation: Invocation<unknown>): Promise<Finding[]> {
  const { vault } = invocation;
  if (!(await isVault(vault))) {
    return [warning('vault', `none at ${vault}: strongroom init, or name one by --vault`)];
  }
  const findings: Finding[] = [];
  const add = async (check: string, work: () => Promise<Finding[]>): Promise<boolean> => {
    try {
      findings.push(...(await work()));
      return true;
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      findings.push(problem(check, `${error.code}: ${error.message}. ${error.remedy}`));
      return false;
    }
  };
  if (!(await add('trust', () => trustFindings(invocation)))) return findings;
  if (!(await add('vault', () => logFindings(invocation)))) return findings;
  const { session } = await invocation.open();
  await add('key ring', () => keyFindings(session, passphraseFrom(invocation.world.env)));
  await add('people', () => peopleFindings(session, invocation.accessFile()));
  await add('index', () => indexFindings(session));
  await add('tier', () => tierFindings(session));
  await add('audit', () => Promise.resolve(auditFindings(session)));
  return findings;
}

async function trustFindings({ vault, home }: Invocation<unknown>): Promise<Finding[]> {
  const { vaultId } = await readConfig(vault);
  const { file, head } = await new FileTrustStore(home, vaultId).read();
  const seen = head === null ? 'no head seen yet' : `head of ${head.size} entries seen`;
  if (file.origin === 'tofu') {
    return [
      warning('trust', `${seen}; keys believed on first use: compare trust show with the owner`),
    ];
  }
  const how = file.origin === 'init' ? 'founded here' : 'added by fingerprint';
  return [ok('trust', `${seen}; ${how}`)];
}

async function logFindings(invocation: Invocation<unknown>): Promise<Finding[]> {
  const { session } = await invocation.open();
  const { ledger, context } = session;
  const { last } = ledger.view.state;
  const at = last === null ? '' : `, last signed ${timeText(last.time)}`;
  return [ok('vault', `${context.config.vaultId}, log of ${ledger.head.size} entries proven${at}`)];
}

async function keyFindings(session: Session, passphrase: string | undefined): Promise<Finding[]> {
  const { signing, branches } = await listKeys(session);
  const live = signing.filter(({ endIndex, held }) => endIndex === null && held);
  const missing = WRITING_ROLES.filter((role) => !live.some((key) => key.role === role));
  const lock = passphrase === undefined ? 'unlocked: its key file lies beside it' : 'by passphrase';
  const findings = [ok('key ring', `${count(live.length, 'live signing key')}; ${lock}`)];
  for (const role of missing) {
    findings.push(warning('key ring', `no live key for ${role}: strongroom keys delegate ${role}`));
  }
  const old = branches.slice(0, -1).reduce((sum, { rows }) => sum + rows, 0);
  if (old > 0) {
    const text = `${count(old, 'data key')} under an older wrapping key: strongroom keys rewrap`;
    findings.push(warning('key ring', text));
  }
  return findings;
}

async function peopleFindings({ access }: Session, accessFile: string): Promise<Finding[]> {
  const { records, epoch } = access.directory;
  const known = count(records.length, 'person', 'people');
  const text = `${known}, directory ${epoch}, policy ${access.policyEpoch}`;
  const findings = [
    records.length > 0 ? ok('people', text) : warning('people', `${text}: nobody can read`),
  ];
  const file = await readAccessFile(accessFile).catch(() => null);
  if (file === null) return findings;
  const signed = records.toSorted((a, b) => (a.p < b.p ? -1 : 1));
  if (jcs(signed) !== jcs(file.directory)) {
    const advice = 'the access file names other people: strongroom access apply';
    findings.push(warning('people', advice));
  }
  return findings;
}

async function indexFindings(session: Session): Promise<Finding[]> {
  const { index } = await session.index();
  const { documents, rows, classes } = await index.counts();
  const live = [...session.ledger.documents()].filter(({ status }) => status === 'live').length;
  const distrusted = [...session.ledger.documents()].filter((doc) => doc.status === 'distrusted');
  const text = `${count(documents, 'document')}, ${count(rows, 'chunk')}, ${count(classes, 'class', 'classes')}`;
  const findings = [
    documents === live
      ? ok('index', text)
      : problem(
          'index',
          `${text}; ${live - documents} of ${live} failed a proof: strongroom verify --all`,
        ),
  ];
  if (distrusted.length > 0) {
    const advice = 'their signing key was revoked: ingest them again';
    findings.push(
      warning('index', `${count(distrusted.length, 'distrusted document')}: ${advice}`),
    );
  }
  return findings;
}

/** A vault whose log names the transformer searches worse without it, and says so before somebody asks. */
async function tierFindings(session: Session): Promise<Finding[]> {
  const report = await tierReport(session);
  const text = tierText(report);
  if (report.tier === null || report.tier === 'static') return [ok('tier', text)];
  const missing = await missingForMinilm();
  if (missing.length === 0) return [ok('tier', text)];
  const install = `npm install ${missing.map((part) => PACKAGES[part]).join(' ')}`;
  const instead =
    session.context.queries === 'required'
      ? 'no question is answered'
      : 'questions go by the table';
  return [warning('tier', `${text}; here ${instead}: ${install}`)];
}

function auditFindings({ context }: Session): Finding[] {
  const broken = context.trail.firstBreak();
  return [
    broken === null
      ? ok('audit', 'the trail is whole')
      : problem(
          'audit',
          `the trail was altered at event ${broken}: find out who may write the home directory`,
        ),
  ];
}
