# One image for api and worker; docker-compose.yml says which of them a container runs.
FROM node:20.20-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --omit=dev
COPY domain domain
COPY config config
COPY db db
COPY temporal temporal
COPY telemetry telemetry
COPY activities activities
COPY workflows workflows
COPY worker worker
COPY api api
COPY web web
COPY cli cli
COPY stack stack
USER node
CMD ["node", "--import", "tsx", "api/main.ts"]
