# The wheel is built in a stage of its own, so that no build tool is part of the image.
FROM python:3.11-slim AS build
# GraphiQL, which is part of the wheel, comes from npm.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE constraints.txt ./
COPY gateway ./gateway
COPY docs ./docs
RUN GATEWAY_REQUIRE_EXPLORER=1 python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv /opt/gateway \
    && /opt/gateway/bin/pip install --no-cache-dir --constraint constraints.txt "$(echo /wheels/*.whl)[postgres]"

FROM python:3.11-slim
COPY --from=build /opt/gateway /opt/gateway
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway \
    && install --directory --owner=gateway --group=gateway /data
ENV PATH=/opt/gateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GATEWAY_HOST=0.0.0.0 \
    GATEWAY_PORT=8000 \
    XDG_CACHE_HOME=/data \
    GATEWAY_DATABASE=/data/gateway.db
USER gateway
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# The address is loopback itself: a proxy that the environment names is not to be asked.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"GATEWAY_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["gateway"]
CMD ["serve", "/content"]
