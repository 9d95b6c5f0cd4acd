# Take both bases by digest for a release:
#   --build-arg BUILD_BASE=…@sha256:… --build-arg BASE=…@sha256:… --build-arg REVISION=$(git rev-parse HEAD)
ARG BUILD_BASE=docker.io/library/node:24-trixie-slim
ARG BASE=gcr.io/distroless/nodejs24-debian13:nonroot

FROM ${BUILD_BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No package's own script runs: the build needs none.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN npm run build
# To be filled by the user that will read it: a cache of compiled code is kept apart by uid.
RUN mkdir cache

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="afk" \
      org.opencontainers.image.description="Label an issue, walk away from the keyboard, come back to a verdict." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
# The bundle and nothing else; owned by root, so that who runs it cannot change it.
COPY --from=build --chown=0:0 /build/dist dist
COPY --from=build --chown=65532:65532 /build/cache cache
# By number: Kubernetes cannot tell of a name that it is not root.
USER 65532:65532
RUN --mount=type=bind,from=build,source=/build/scripts,target=/scripts ["/nodejs/bin/node", "/scripts/warm-cache.ts"]
# On a read-only root Node reads the cache and writes nothing.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/cache
ENTRYPOINT ["/nodejs/bin/node", "dist/afk.cjs"]
CMD ["--help"]
