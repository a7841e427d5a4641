// SPDX-License-Identifier: Apache-2.0
import { judge, type ScreenReport, Tally } from './findings.ts';
import { eachHiddenCharacter } from './hidden-characters.ts';

/** Looks at a text and says what a human reader of it would not see. Pure: the same text gets the same report. */
export type Screen = (text: string) => ScreenReport;

/**
 * Screens decoded text for hidden characters, under the rules `hidden-text@1`. Reports characters only: hidden parts of
 * HTML or Markdown are found by the loaders, whose findings `judge` adds. Linear in the length of the text.
 */
export const screenHiddenText: Screen = (text) => {
  const tally = new Tally();
  eachHiddenCharacter(text, ({ kind }) => {
    tally.add(kind);
  });
  return judge(tally.findings());
};
