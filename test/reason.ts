/** Why tests are left out on this machine, as their titles say it. */
import { noServerHere } from '../bin/missing-servers.mjs';

/** The title of tests that this machine may be unable to run: with the reason where it is. */
export const withReason = (title: string, reason: string | null): string => (reason === null ? title : `${title}: ${reason}`);

/** The reason of tests that need a real server; `npm test` counts them by it. @param what is missing, and how it comes here */
export const noServer = (what: string): string => `${noServerHere}${what}`;
