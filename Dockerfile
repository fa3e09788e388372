# The arena, installed from requirements.lock by hash. The second stage holds Python, the packages and the source; no
# compiler, no pip, nothing that was only needed to build.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv /opt/arena
WORKDIR /srv/arena
COPY requirements.lock ./
RUN /opt/arena/bin/python -m pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY alembic alembic
COPY app app
# In its place, as `make install` does: the migrations lie beside the package.
RUN /opt/arena/bin/python -m pip install --no-deps --no-build-isolation -e . \
    && /opt/arena/bin/python -m pip uninstall --yes hatchling editables pathspec pluggy trove-classifiers setuptools pip \
    && /opt/arena/bin/python -m compileall -q -j 0 /opt/arena/lib /srv/arena/app

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Pioneer Arena 先锋擂台" \
      org.opencontainers.image.description="Live PK sessions for a broadcast: likes and votes from phones, exact tallies, overlays." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
RUN python -m pip uninstall --yes pip setuptools wheel \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin arena \
    && install -d -o arena -g arena -m 0700 /data
COPY --from=build /opt/arena /opt/arena
COPY --from=build /srv/arena /srv/arena
ENV PATH=/opt/arena/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ARENA_HOST=0.0.0.0 ARENA_PORT=8000 ARENA_DATA_DIR=/data
WORKDIR /data
USER arena
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# It lives; whether it can also write is asked by /readyz, which docker-compose.yml asks.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as asked; asked.urlopen(f'http://127.0.0.1:{os.environ[\"ARENA_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["arena"]
CMD ["serve"]
