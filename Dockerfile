# syntax=docker/dockerfile:1
# Two stages: the first builds a virtual environment from the hashed lock, the second holds only what runs.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY requirements/app.txt requirements/build.txt requirements/
RUN python -m pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/build.txt \
 && python -m venv /opt/aftercare \
 && /opt/aftercare/bin/python -m pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/app.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY smart_app smart_app
COPY templates templates
COPY static static
COPY fhir_mappings fhir_mappings
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist . \
 && /opt/aftercare/bin/python -m pip install --no-cache-dir --no-deps /dist/*.whl \
 && /opt/aftercare/bin/python -m pip uninstall --yes pip

FROM python:3.13-slim-trixie
# Noto CJK: names in Chinese, Japanese and Korean on the handout (AFTERCARE_FONT_DIRS).
# hadolint ignore=DL3008 # Debian's stable release pins the font; a fixed version would vanish with its next point release
RUN apt-get update \
 && apt-get install -y --no-install-recommends fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/* \
 && python -m pip uninstall --yes pip \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin aftercare \
 && install -d -o aftercare -g aftercare -m 0700 /var/lib/aftercare
COPY --from=build /opt/aftercare /opt/aftercare
COPY gunicorn.conf.py /etc/aftercare/gunicorn.conf.py
ENV PATH=/opt/aftercare/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AFTERCARE_HOST=0.0.0.0 \
    AFTERCARE_PORT=8000 \
    AFTERCARE_GUNICORN_CONF=/etc/aftercare/gunicorn.conf.py \
    AFTERCARE_STORE=sqlite:////var/lib/aftercare/aftercare.db \
    AFTERCARE_FONT_DIRS=/usr/share/fonts/opentype/noto
USER 10001:10001
VOLUME /var/lib/aftercare
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['AFTERCARE_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["aftercare"]
CMD ["serve"]
