/** Whether the octroi of this container lives, by exit code: what the Dockerfile's health check runs. */
const port = process.env.OCTROI_HTTP_PORT || '8080';
const answer = await fetch(`http://127.0.0.1:${port}/health/live`).catch(() => null);
process.exit(answer?.ok ? 0 : 1);
