/** What a topic says, by its form alone: its device, and whether it may be published or subscribed to. Who may speak for a device is left to the pipeline. */
import type { DoorLimits } from './limits.ts';

export const publicPrefix = 'city/v1/public/';
/** What only operators may read. */
export const operatorPrefix = 'city/v1/operators/';

export interface TopicRule {
  readonly topic: string;
  /** The device of `city/v1/<area>/<device>/telemetry`; empty where the topic has another form. */
  readonly subject: string;
  /** Why nobody may publish there: such a PUBLISH ends its connection. Null for every other topic, also where the pipeline will not know it. */
  readonly fault: string | null;
}

const subjectOf = (topic: string): string => {
  const levels = topic.split('/');
  const [city, version, area, device, telemetry] = levels;
  return levels.length === 5 && city === 'city' && version === 'v1' && area !== '' && device !== undefined && telemetry === 'telemetry' ? device : '';
};

/** True for text with NUL, other control characters, or what stands for ill-formed UTF-8 (MQTT 3.1.1, 1.5.3). */
export const hasControl = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || (code >= 127 && code < 160) || code === 0xfffd) return true;
  }
  return false;
};

const faultOf = (topic: string, limits: DoorLimits): string | null => {
  if (topic === '') return 'an empty topic';
  if (topic.length > limits.topicCharsMax) return 'topicCharsMax';
  if (topic.startsWith('$')) return 'a topic of the broker itself';
  if (topic.includes('#') || topic.includes('+')) return 'a wildcard in a topic';
  if (hasControl(topic)) return 'a control character in a topic';
  return topic.split('/').length > limits.topicLevelsMax ? 'topicLevelsMax' : null;
};

/** The rules of a topic. */
export const topicRule = (topic: string, limits: DoorLimits): TopicRule => {
  const fault = faultOf(topic, limits);
  return { topic, subject: fault === null ? subjectOf(topic) : '', fault };
};

/** Only what lies wholly under `city/v1/public/` can be subscribed to, and by an operator what lies wholly under `city/v1/operators/`. */
export const maySubscribe = (filter: string, limits: DoorLimits, isOperator = false): boolean =>
  (filter.startsWith(publicPrefix) || (isOperator && filter.startsWith(operatorPrefix))) &&
  filter.length <= limits.topicCharsMax &&
  !hasControl(filter) &&
  filter.split('/').length <= limits.topicLevelsMax;

const slash = 47;

/** True where a filter of valid form matches a topic (MQTT 3.1.1, 4.7). Takes no memory: one SUBSCRIBE may compare 20 filters with 10,000 topics. */
export const matchesFilter = (filter: string, topic: string): boolean => {
  let at = 0;
  for (let i = 0; i < filter.length; i++) {
    const sign = filter[i];
    if (sign === '#') return true;
    if (sign === '+') while (at < topic.length && topic.charCodeAt(at) !== slash) at++;
    else if (at < topic.length && filter.charCodeAt(i) === topic.charCodeAt(at)) at++;
    // `a/#` is also for `a` itself.
    else return at === topic.length && filter.slice(i) === '/#';
  }
  return at === topic.length;
};
