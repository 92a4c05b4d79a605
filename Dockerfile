# The bot, for either door: `run` (Socket Mode, the default) or `web` (HTTP on PORT).

FROM python:3.13-slim AS build
WORKDIR /build
ENV PIP_CACHE_DIR=/pip-cache
RUN python -m venv /opt/bot
COPY requirements.txt .
RUN --mount=type=cache,target=/pip-cache /opt/bot/bin/pip install --require-hashes --only-binary :all: -r requirements.txt
COPY pyproject.toml README.md manifest.yml ./
COPY bot bot
COPY handlers handlers
COPY sandbox sandbox
RUN --mount=type=cache,target=/pip-cache /opt/bot/bin/pip install --no-deps .

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home bot && install -d -o bot -g bot -m 700 /data
COPY --from=build /opt/bot /opt/bot
# What is built in needs no more than this; SQLite lies in /data by default, where the working folder is /.
ENV PATH=/opt/bot/bin:$PATH MALLOC_ARENA_MAX=2 PYTHONUNBUFFERED=1 METRICS_PORT=9100
USER bot
VOLUME /data
EXPOSE 3000 9100
# SIGTERM reaches the bot itself, which then finishes what is on its way: give it 30 seconds.
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"METRICS_PORT\"]}/healthz', timeout=5)"]
ENTRYPOINT ["assign-reviews"]
CMD ["run"]
