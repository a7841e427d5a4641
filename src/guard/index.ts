// SPDX-License-Identifier: Apache-2.0
// The public face of guard: screening of hidden text, its findings and verdicts.
export {
  type Finding,
  FINDING_KINDS,
  type FindingInfo,
  type FindingKind,
  HIDDEN_TEXT_RULESET,
  judge,
  type ScreenReport,
  type Severity,
  Tally,
  type Verdict,
} from './findings.ts';
export {
  eachHiddenCharacter,
  type Fate,
  type HiddenCharacter,
  type HiddenVisitor,
  MAX_MARKS,
} from './hidden-characters.ts';
export { type Screen, screenHiddenText } from './screen.ts';
