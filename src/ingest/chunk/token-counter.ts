// SPDX-License-Identifier: Apache-2.0

/** Says how many tokens a text has for the model that will read it. */
export interface TokenCounter {
  /** Name and version, for the signed statement. */
  readonly id: string;
  /**
   * Tokens of a text: 0 only for the empty text, never fewer for a longer text that starts the same, and never more for
   * two texts joined than for both apart. Limits hold exactly for counters that keep this.
   */
  count(text: string): number;
}

/**
 * A token per four UTF-16 units, rounded up. English has 4 to 4.5 characters per token with the tokenizers in use; for
 * other languages, and for code, the figure is too low by up to a factor of 3.
 */
export const approximateTokens: TokenCounter = {
  id: 'chars4@1',
  count: (text) => Math.ceil(text.length / 4),
};
