/** Sharing the partitions of a log: members of a group are told which are theirs, and take over those of one that is gone. Reading them is left to the readers. */
import { type Failure, FailureError } from '../../core/failure.ts';
import { administration, causeOf, type KafkaAccess } from './client.ts';

/** A member that says nothing for so long is gone, and its partitions go to the others: the shortest that brokers allow unless told, ms. */
const sessionMs = 6_000;
const heartbeatMs = 1_000;
/** Members that do not join within that time after a change are left out, ms. */
const rebalanceMs = 10_000;
/** How often a member looks whether it is still one, ms. */
const lookMs = 500;

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

/**
 * Joins a group.
 * @returns the membership; rejects with `log-unreachable`, `log-denied`, `log-not-set-up`
 */
export const joinGroup = async ({ access, topic, group, assigned, failed }: MembershipOptions): Promise<Membership> => {
  const where = `Kafka ${access.brokers.join(',')}, group ${group}`;
  const consumer = administration(access).consumer({
    groupId: group,
    sessionTimeout: sessionMs,
    heartbeatInterval: heartbeatMs,
    rebalanceTimeout: rebalanceMs,
    maxWaitTimeInMs: lookMs,
    allowAutoTopicCreation: false,
    retry: { retries: 5, initialRetryTime: 200, maxRetryTime: 2_000, restartOnFailure: async () => true },
  });
  consumer.on('consumer.group_join', ({ payload }) => {
    // The group only shares the partitions out: what is in them is read by offset, from where the store stands.
    consumer.pause([{ topic }]);
    assigned(payload.memberAssignment[topic] ?? []);
  });
  consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
    if (!restart) failed(causeOf(error, where));
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    await consumer.run({ autoCommit: false, eachBatch: async () => {} });
  } catch (error) {
    await consumer.disconnect().catch(() => {});
    throw new FailureError(causeOf(error, where));
  }
  return { close: () => consumer.disconnect().catch(() => {}) };
};
