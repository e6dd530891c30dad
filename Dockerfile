# One image for api, worker and command line; docker-compose.yml says which of them a container runs.
#   docker run --rm durable-billing node dist/billing.mjs --help
FROM node:20.20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --ignore-scripts
COPY domain domain
COPY config config
COPY db db
COPY temporal temporal
COPY telemetry telemetry
COPY process process
COPY activities activities
COPY workflows workflows
COPY worker worker
COPY api api
COPY web web
COPY cli cli
COPY stack stack
COPY stripe-simulator stripe-simulator
COPY scripts scripts
RUN npm run build

# Temporal's native part comes for five platforms; one of them is ours.
FROM node:20.20-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && \
    find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM node:20.20-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json package.json
COPY api/openapi/page api/openapi/page
COPY temporal/encrypted-failures.cjs temporal/encrypted-failures.cjs
COPY web/assets web/assets
USER node
CMD ["node", "dist/api.mjs"]
