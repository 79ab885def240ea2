# The image of Latchkey, for those who have a container engine. `make image` makes the same without one. docs/image.md tells more.
#
# The files come from .ci/image in both cases, so they are the same; a test holds the instructions below against it.
# Name the toolchain with its digest where you build what you run: --build-arg GO_IMAGE=golang:1.26.8@sha256:…
ARG GO_IMAGE=golang:1.26.8

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG TARGETARCH
ARG VERSION=dev
ARG REVISION=unknown
ARG SOURCE_DATE_EPOCH=0
ENV GOTOOLCHAIN=local CGO_ENABLED=0
WORKDIR /src
COPY . .
RUN cd .ci/image && SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} go run . -root /src -rootfs /rootfs -arch ${TARGETARCH} -version ${VERSION} -revision ${REVISION}

FROM scratch
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Latchkey"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="${VERSION}"
LABEL org.opencontainers.image.revision="${REVISION}"
LABEL org.opencontainers.image.created="${CREATED}"
ENV PATH=/
COPY --from=build /rootfs/ /
USER 65532:65532
WORKDIR /
EXPOSE 8080 9090
ENTRYPOINT ["/latchkey"]
CMD ["serve"]
