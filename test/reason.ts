/** Why tests are left out on this machine, as their titles say it. */

/** The title of tests that this machine may be unable to run: with the reason where it is. */
export const withReason = (title: string, reason: string | null): string => (reason === null ? title : `${title}: ${reason}`);
