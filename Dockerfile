# Builds the self-contained archive, and puts it with the C library into an image that has nothing
# else: no shell, no package manager, a user that owns nothing but /data.
#
#   docker build --build-arg PENSTOCK_COMMIT=$(git rev-parse --short=12 HEAD) -t penstock .
#   docker run --read-only --cap-drop ALL -v "$PWD/penstock.yaml:/etc/penstock/penstock.yaml:ro" \
#     -v penstock-data:/data -p 8080:8080 penstock
FROM maven:3.9-eclipse-temurin-25 AS build
ARG PENSTOCK_COMMIT=unknown
WORKDIR /src
COPY pom.xml ./
COPY .mvn .mvn
COPY bin bin
COPY conf conf
COPY docs docs
COPY proxy-bench/pom.xml proxy-bench/pom.xml
COPY proxy-server proxy-server
COPY LICENSE README.md CHANGELOG.md SECURITY.md ./
RUN mvn -B -ntp -Pdist -pl proxy-server verify -DskipTests "-Dpenstock.commit=$PENSTOCK_COMMIT" \
  && proxy-server/src/dist/image.sh proxy-server/target/dist /image

FROM scratch
COPY --from=build /image /
COPY --from=build --chown=65532:65532 /image/data /data
ENV PENSTOCK_DATA_DIR=/data
WORKDIR /etc/penstock
USER 65532:65532
VOLUME /data
EXPOSE 8080 9091
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD \
  ["/opt/penstock/runtime/bin/java", "@/opt/penstock/lib/image.options", "health", "-c", "/etc/penstock/penstock.yaml"]
ENTRYPOINT ["/opt/penstock/runtime/bin/java", "@/opt/penstock/lib/image.options"]
CMD ["serve", "-c", "/etc/penstock/penstock.yaml"]
