/** What the roles of `octroi start` have in common. What each does is in its own file. */

/** What was opened, to be closed in the reverse order. */
export interface Opened {
  add(close: () => unknown): void;
}

export interface Role {
  /** Where it says how it is. */
  readonly http: string;
  readonly mqttPort: number | null;
}
