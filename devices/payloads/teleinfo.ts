/** Turns the two common relays of the TIC (teleinfo2mqtt, Tasmota) into native messages. Units and labels are left to the type's fields. */

type Fields = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Labels that are read; EAST = ΣEASF = ΣEASD, so the parts are left out. */
const labels = ['EAST', 'EAIT', 'BASE', 'SINSTS', 'PAPP', 'URMS1', 'IRMS1', 'IINST'] as const;

/** Off-peak and peak registers count the same meter: their sum is its register. */
const base = (of: (label: string) => unknown): Fields => {
  const low = of('HCHC');
  const high = of('HCHP');
  return typeof low === 'number' && typeof high === 'number' ? { BASE: low + high } : {};
};

const pick = (of: (label: string) => unknown): Fields => {
  const found: [string, unknown][] = [];
  for (const label of labels) {
    const value = of(label);
    if (value !== undefined) found.push([label, value]);
  }
  return { ...base(of), ...Object.fromEntries(found) };
};

/** `{"EAST": {"raw": "006231973", "value": 6231973}, …}` */
const groupValue =
  (payload: Fields) =>
  (label: string): unknown => {
    const group = Object.hasOwn(payload, label) ? payload[label] : undefined;
    return isRecord(group) ? group.value : undefined;
  };

const dateOf = (payload: Fields): { ts?: string } => {
  const date = payload.DATE;
  const stamp = isRecord(date) ? date.timestamp : undefined;
  const text = isRecord(stamp) ? stamp.date : undefined;
  return typeof text === 'string' ? { ts: text } : {};
};

/**
 * A native message from what a TIC relay publishes; anything else is returned as it came.
 * Tasmota's `Time` is local without zone and its `ENERGY` contradicts the registers: neither is read.
 * @param payload parsed JSON
 */
export const teleinfoToNative = (payload: unknown): unknown => {
  if (!isRecord(payload) || 'values' in payload) return payload;
  const tic = payload.TIC;
  if (isRecord(tic)) return { values: pick((label) => (Object.hasOwn(tic, label) ? tic[label] : undefined)) };
  const values = pick(groupValue(payload));
  return Object.keys(values).length === 0 ? payload : { ...dateOf(payload), values };
};
