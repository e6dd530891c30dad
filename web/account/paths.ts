/** Where the account page is. */
export const ACCOUNT_PATH = '/account';

/** The address of something below it. */
export function accountPath(...below: readonly string[]): string {
  return [ACCOUNT_PATH, ...below.map(encodeURIComponent)].join('/');
}
