#!/usr/bin/env bash
# Provides a real Apache Kafka for tests and development, as the jars of its release, and prints the folder that holds them.
# About 15 s and 55 MB a version, once; then at once. Kept in OCTROI_SERVERS_DIR (default ~/.cache/octroi-servers).
# Usage: kafka.sh [4.1.1|3.9.1]. Needs Maven and a JDK (17 for Kafka 4, 11 for Kafka 3).
# In the folder: lib/ (the class path is lib/*) and formatted/, the storage of a node that was never started.
set -euo pipefail
version=${1:-4.1.1}
case $version in
  4.1.1) logging='<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency><dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.24.3</version></dependency>' ;;
  3.9.1) logging='<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId><version>1.7.36</version></dependency>' ;;
  *)
    echo "kafka.sh: version $version is none of 4.1.1, 3.9.1" >&2
    exit 1
    ;;
esac
folder=${OCTROI_SERVERS_DIR:-$HOME/.cache/octroi-servers}/kafka-$version
if [ -d "$folder" ]; then
  echo "$folder"
  exit 0
fi
for tool in java mvn; do
  if ! command -v "$tool" >/dev/null; then
    echo "kafka.sh: $tool is missing; it fetches and runs Kafka $version" >&2
    exit 1
  fi
done
mkdir -p "$(dirname "$folder")"
# Beside its final place: it gets its name when it is whole.
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<POM
<project><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
$logging</dependencies></project>
POM
mvn -q -B -f "$work/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
  -DincludeScope=runtime -DoutputDirectory="$work/lib" >&2
# What formatting writes names the node and the cluster, no port: every node of a test begins with a copy of it.
cat >"$work/format.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:1
listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1
controller.listener.names=CONTROLLER
log.dirs=$work/formatted
PROPERTIES
java -cp "$work/lib/*" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qk -c "$work/format.properties" >&2
rm "$work/format.properties" "$work/pom.xml"
mv "$work" "$folder"
trap - EXIT
echo "$folder"
