FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
RUN node node_modules/@nestjs/cli/bin/nest.js build && npm prune --omit=dev --ignore-scripts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production BIND_ADDRESS=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER 1000:1000
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const { API_PORT = 3000, WORKER_PORT = 3001 } = process.env; Promise.any([API_PORT, WORKER_PORT].map(async (port) => { if (!(await fetch(`http://127.0.0.1:${port}/health/live`)).ok) throw 0 })).then(() => process.exit(0), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
