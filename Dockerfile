# The one image: the `attendance` program and nothing else that listens.
FROM node:22-bookworm-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=pages /src/web/node_modules web/node_modules
RUN cargo build --release --locked --bin attendance

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 attendance
# Whom mail servers and others prove to be; the slim image has none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/attendance /usr/local/bin/attendance
USER attendance
ENTRYPOINT ["attendance"]
CMD ["serve"]
