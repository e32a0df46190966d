/** Who may enter, and as whom. What a sender may publish is left to the pipeline, which knows the registry that held at the time. */
import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';

/** A declared device, gateway or operator. */
export interface Credential {
  readonly id: string;
  /** SHA-256 of its secret, hex. Secrets are long random keys, so a slow hash would only slow the door. */
  readonly secretSha256?: string;
  /** May read what is for operators. Whoever has shown no secret is none. */
  readonly operator?: true;
}

export interface Credentials {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
}

export type Admission =
  | {
      readonly admitted: true;
      /** The declared id; empty where nobody is declared. */
      readonly sender: string;
      readonly stranger: boolean;
      /** Of an operator the hash of the secret that was shown; null: it is none. */
      readonly operatorSecret: string | null;
    }
  | { readonly admitted: false /** Of CONNACK: 3 full, 4 bad user name or password. */; readonly returnCode: 3 | 4 };

export interface AdmissionRules {
  /** `open`: everybody enters. `declared`: who is not declared enters as a stranger, as far as there is room. Who has a secret must show it in both. */
  readonly policy: 'open' | 'declared';
  readonly lookup: (id: string) => Credential | undefined;
  readonly strangersMax: number;
}

const matches = (password: Uint8Array | undefined, secretSha256: string): boolean => {
  const expected = Buffer.from(secretSha256, 'hex');
  const found = createHash('sha256')
    .update(password ?? Buffer.alloc(0))
    .digest();
  return password !== undefined && expected.length === found.length && timingSafeEqual(expected, found);
};

/**
 * Judges credentials.
 * @param strangers connections that are strangers now
 */
export const admit = (credentials: Credentials, rules: AdmissionRules, strangers: number): Admission => {
  const known = credentials.userName === undefined ? undefined : rules.lookup(credentials.userName);
  if (known !== undefined) {
    if (known.secretSha256 !== undefined && !matches(credentials.password, known.secretSha256)) return { admitted: false, returnCode: 4 };
    return { admitted: true, sender: known.id, stranger: false, operatorSecret: known.operator === true ? (known.secretSha256 ?? null) : null };
  }
  if (rules.policy === 'open') return { admitted: true, sender: '', stranger: false, operatorSecret: null };
  return strangers < rules.strangersMax ? { admitted: true, sender: '', stranger: true, operatorSecret: null } : { admitted: false, returnCode: 3 };
};
