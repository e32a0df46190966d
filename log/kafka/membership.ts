/** Sharing the partitions of a log: members of a group are told which are theirs, and take over those of one that is gone. Reading them is left to the readers. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Failure, FailureError } from '../../core/failure.ts';
import { causeOf, type KafkaAccess, severable } from './client.ts';

/** A member that says nothing for so long is gone, and its partitions go to the others: the shortest that brokers allow unless told, ms. */
const sessionMs = 6_000;
const heartbeatMs = 1_000;
/** Members that do not join within that time after a change are left out, ms. */
const rebalanceMs = 10_000;
/** How often a member looks whether it is still one, ms. */
const lookMs = 500;
/** A member of which nothing is heard for so long is replaced, ms; while Kafka is away that is tried in vain. */
const silentMsMax = 20_000;
/** Pause before another one joins, ms. */
const againMs = 1_000;
const leaveMsMax = 3_000;

export interface Membership {
  /** Leaves the group: the others need not wait to learn it. */
  close(): Promise<void>;
}

export interface MembershipOptions {
  readonly access: KafkaAccess;
  readonly topic: string;
  /** Name of the group. */
  readonly group: string;
  /** Told which partitions are this member's, each time the group has shared them. Until the next time they stay its own. */
  readonly assigned: (partitions: readonly number[]) => void;
  /** Told what keeps the member out for good. */
  readonly failed: (cause: Failure) => void;
}

/** One member, until it leaves or ends. */
interface Member {
  /** Leaves the group where it can, and is gone in any case. */
  leave(): Promise<void>;
}

/** What a member hears of itself. */
interface Heard {
  assigned(partitions: readonly number[]): void;
  /** The group knows it still. */
  alive(): void;
  /** It ended, and does not come back by itself. */
  ended(error: unknown): void;
}

/** Rejects with whatever keeps it out. */
const join = async ({ access, topic, group }: MembershipOptions, heard: Heard): Promise<Member> => {
  const { kafka, sever } = severable(access);
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: sessionMs,
    heartbeatInterval: heartbeatMs,
    rebalanceTimeout: rebalanceMs,
    maxWaitTimeInMs: lookMs,
    allowAutoTopicCreation: false,
    // It is replaced as a whole: one that kafkajs starts again can leave its former self in the group.
    retry: { retries: 5, initialRetryTime: 200, maxRetryTime: 2_000, restartOnFailure: async () => false },
  });
  const member: Member = {
    async leave() {
      // It may hang, or be in the middle of joining.
      await Promise.race([consumer.disconnect().catch(() => {}), delay(leaveMsMax, undefined, { ref: false })]);
      sever();
    },
  };
  consumer.on('consumer.group_join', ({ payload }) => {
    // The group only shares the partitions out: what is in them is read by offset, from where the store stands.
    consumer.pause([{ topic }]);
    heard.alive();
    heard.assigned(payload.memberAssignment[topic] ?? []);
  });
  consumer.on('consumer.heartbeat', () => heard.alive());
  consumer.on('consumer.crash', ({ payload: { error } }) => heard.ended(error));
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    await consumer.run({ autoCommit: false, eachBatch: async () => {} });
    return member;
  } catch (error) {
    await member.leave();
    throw error;
  }
};

/** What no other try would mend. */
const isForGood = ({ code }: Failure): boolean => code === 'log-denied' || code === 'log-not-set-up';

/**
 * Joins a group. A member that has ended, or of which nothing is heard, is replaced by another for as long as the membership lasts: the
 * partitions of one that is gone and does not know it would otherwise be nobody's.
 * @returns the membership; rejects with `log-unreachable`, `log-denied`, `log-not-set-up`
 */
export const joinGroup = async (options: MembershipOptions): Promise<Membership> => {
  const { access, group, assigned, failed } = options;
  const where = `Kafka ${access.brokers.join(',')}, group ${group}`;
  let closed = false;
  let heardAt = performance.now();
  let generation = 0;
  let isReplacing = false;
  let member: Member | null = null;

  const joined = (): Promise<Member> => {
    const own = ++generation;
    const isCurrent = (): boolean => own === generation && !closed;
    heardAt = performance.now();
    return join(options, {
      assigned: (partitions) => isCurrent() && assigned(partitions),
      alive() {
        if (isCurrent()) heardAt = performance.now();
      },
      ended(error) {
        if (isCurrent()) replace(error);
      },
    });
  };
  const again = async (cause: Failure | null): Promise<void> => {
    generation++; // who was the member is not listened to any more
    await member?.leave();
    for (let last = cause; !closed; await delay(againMs)) {
      if (last !== null && isForGood(last)) return failed(last);
      try {
        const made = await joined();
        if (closed) await made.leave();
        else member = made;
        return;
      } catch (error) {
        last = causeOf(error, where);
      }
    }
  };
  const replace = (error: unknown): void => {
    if (isReplacing || closed) return;
    isReplacing = true;
    void again(error === null ? null : causeOf(error, where)).finally(() => {
      isReplacing = false;
    });
  };

  member = await joined().catch((error: unknown) => {
    throw new FailureError(causeOf(error, where));
  });
  const looking = setInterval(() => {
    if (performance.now() - heardAt > silentMsMax) replace(null);
  }, heartbeatMs);
  return {
    async close() {
      closed = true;
      clearInterval(looking);
      await member?.leave();
    },
  };
};
