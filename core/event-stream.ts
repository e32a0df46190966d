/** Server-sent events on an answer that stays open: what every stream does alike. What it tells and when, the heartbeat's timer included, is left to its route. */

/** Bytes that may wait for one reader; a slower one is cut, and comes back with its last id. */
export const streamBufferBytesMax = 1_048_576;
/** Silence after which a stream says that it lives, ms. */
export const heartbeatMs = 15_000;

/** What a stream needs of a server's reply. */
export interface StreamedReply {
  /** From here on nobody else answers. */
  hijack(): unknown;
  getHeaders(): Readonly<Record<string, unknown>>;
  readonly raw: {
    readonly destroyed: boolean;
    readonly writableLength: number;
    writeHead(status: number, headers: Record<string, string>): unknown;
    write(text: string): unknown;
    destroy(): unknown;
  };
}

/** One event: its fields as lines, and the empty line that ends it. */
export const eventText = (event: string, data: unknown, id?: string | number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** Begins the stream. @returns what writes to its reader, as long as there is one that reads */
export const openEventStream = (reply: StreamedReply): ((text: string) => void) => {
  reply.hijack();
  const { raw } = reply;
  const given = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  const own = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
  raw.writeHead(200, { ...(Object.fromEntries(given) as Record<string, string>), ...own });
  return (text) => {
    if (raw.destroyed) return;
    if (raw.writableLength > streamBufferBytesMax) raw.destroy();
    else raw.write(text);
  };
};
