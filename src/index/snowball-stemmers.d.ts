// SPDX-License-Identifier: Apache-2.0
declare module 'snowball-stemmers' {
  /** What this project uses of the package, which brings no types. */
  const snowball: {
    newStemmer(algorithm: string): { stem(word: string): string };
  };
  export default snowball;
}
