/** The errors of the Explore API v2.1, in the words and shapes that its clients know. */

export class OdsError extends Error {
  readonly status: number;
  readonly code: 'ODSQLError' | 'InvalidRESTParameterError' | 'NotFoundResource' | 'TooManyRequests';
  constructor(status: number, code: OdsError['code'], message: string) {
    super(message);
    this.name = 'OdsError';
    this.status = status;
    this.code = code;
  }
}

/** A clause that cannot be read, or asks for what there is not. */
export const odsql = (clause: string, what: string): OdsError =>
  new OdsError(400, 'ODSQLError', `ODSQL query is malformed: ${what}. Clause(s) containing the error(s): ${clause}.`);

/** A parameter that does not exist here, or whose value is not allowed. */
export const badParameter = (message: string): OdsError => new OdsError(400, 'InvalidRESTParameterError', message);

export const notFound = (what: string): OdsError => new OdsError(404, 'NotFoundResource', `${what} does not exist.`);

export const tooMany = (message: string): OdsError => new OdsError(429, 'TooManyRequests', message);
