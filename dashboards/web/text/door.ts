/** The limits of the door, and what else it refuses, in the words of each language. Which were reached is left to the gate. */
import type { Language } from '../models.ts';

type Words = Readonly<Record<string, string>>;

const fr: Words = {
  packetBytesMax: 'messages trop longs',
  controlPacketBytesMax: 'paquets de service trop longs',
  connectBytesMax: 'demandes de connexion trop longues',
  connectionsMax: 'connexions au-delà du nombre admis',
  strangersMax: 'connexions d’inconnus au-delà du nombre admis',
  connectTimeoutMs: 'connexions qui n’ont pas dit à temps qui elles sont',
  inFlightPerClientMax: 'connexions ralenties : trop de messages à la fois',
  inFlightBytesPerClientMax: 'connexions ralenties : trop d’octets à la fois',
  heldEnvelopesMax: 'messages retenus : le journal en avait trop en main',
  heldBytesMax: 'messages retenus : le journal avait trop d’octets en main',
  waitingBytesMax: 'connexions ralenties : trop d’octets attendaient le journal',
  gatheredBytesMax: 'connexions ralenties : trop d’octets de paquets inachevés',
  packetTimeoutMs: 'paquets jamais achevés',
  ratePerDeviceMax: 'connexions ralenties : trop de messages par seconde',
  qos2OpenPerClientMax: 'connexions avec trop de messages QoS 2 ouverts',
  subscriptionsPerClientMax: 'abonnements au-delà du nombre admis',
  clientIdCharsMax: 'identifiants de client trop longs',
  userNameCharsMax: 'noms d’utilisateur trop longs',
  topicCharsMax: 'sujets trop longs',
  topicLevelsMax: 'sujets à trop de niveaux',
  retainedMax: 'sujets à garder au-delà du nombre admis',
  drainTimeoutMs: 'abonnés coupés : ils ne lisaient plus',
  unreadAckBytesMax: 'connexions coupées : elles ne lisaient pas leurs accusés',
  forwardsDropped: 'messages publics manqués par des abonnés lents',
  keepalive: 'connexions devenues muettes',
  'bad-credentials': 'noms ou mots de passe refusés',
  'subscribe-denied': 'abonnements refusés',
};

const en: Words = {
  packetBytesMax: 'messages that are too long',
  controlPacketBytesMax: 'control packets that are too long',
  connectBytesMax: 'connection requests that are too long',
  connectionsMax: 'connections beyond the number admitted',
  strangersMax: 'connections of strangers beyond the number admitted',
  connectTimeoutMs: 'connections that did not say in time who they are',
  inFlightPerClientMax: 'connections slowed down: too many messages at once',
  inFlightBytesPerClientMax: 'connections slowed down: too many bytes at once',
  heldEnvelopesMax: 'messages held back: the log had too many in hand',
  heldBytesMax: 'messages held back: the log had too many bytes in hand',
  waitingBytesMax: 'connections slowed down: too many bytes waited for the log',
  gatheredBytesMax: 'connections slowed down: too many bytes of unfinished packets',
  packetTimeoutMs: 'packets that were never finished',
  ratePerDeviceMax: 'connections slowed down: too many messages a second',
  qos2OpenPerClientMax: 'connections with too many open QoS 2 messages',
  subscriptionsPerClientMax: 'subscriptions beyond the number admitted',
  clientIdCharsMax: 'client ids that are too long',
  userNameCharsMax: 'user names that are too long',
  topicCharsMax: 'topics that are too long',
  topicLevelsMax: 'topics with too many levels',
  retainedMax: 'topics to be kept beyond the number admitted',
  drainTimeoutMs: 'subscribers cut off: they no longer read',
  unreadAckBytesMax: 'connections cut off: they did not read their acknowledgements',
  forwardsDropped: 'public messages that slow subscribers missed',
  keepalive: 'connections that fell silent',
  'bad-credentials': 'names or passwords refused',
  'subscribe-denied': 'subscriptions refused',
};

/** For what has no name of its own: the packet breaks the rules of MQTT, and the reason says how, in English. */
const others: Readonly<Record<Language, string>> = { fr: 'paquets contraires aux règles de MQTT', en: 'packets against the rules of MQTT' };

const words: Readonly<Record<Language, Words>> = { fr, en };

/** @param name of a limit, or the reason of a refusal */
export const doorWords = (language: Language, name: string): string => words[language][name] ?? others[language];
