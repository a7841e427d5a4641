#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a real OpenSearch 2.19.1 server (k-NN, neural-search, security plugins) on 127.0.0.1 from Maven artifacts only:
# no container, no distribution tarball.
#   start-opensearch.sh --dir DIR [--port 9200] [--transport-port HTTP+100] [--heap 512m] [--security] [--nodes 1] [--name os]
#                       [--reset] [--fast] [--cds] [--install-only] [--timeout 240] [--setting 'key: value']...
#   --security      TLS with an own CA, internal users, DLS/FLS (CA for clients: DIR/certs/ca.pem)
#   --nodes N       N nodes; HTTP ports PORT..PORT+N-1
#   --name NAME     data and config live under DIR/NAME-<i>; started again without --reset, data and users are kept
#   --reset         drop this NAME's data and config first
#   --fast          C1 compiler only: half the start-up CPU, no slower for small test data
#   --cds           make (once) and use a class-data archive of lib/: start-up CPU 14 s -> 4.4 s together with --fast
#   --install-only  lay the distribution out, print its folder, start nothing
#   --setting       one more opensearch.yml line (repeatable)
# Prints the URL of the first node on stdout; everything else goes to stderr. Stop with: stop-opensearch.sh --dir DIR
# Needs: mvn, a JDK 11-21 (17 recommended), unzip, curl; openssl for --security; setpriv when run as root (drops to uid 65534).
# Environment: OPENSEARCH_ADMIN_PASSWORD (user admin), OPENSEARCH_JAVA_HOME, OPENSEARCH_EXTRA_JAVA_OPTS,
#              MAVEN_REPO_LOCAL (a Maven repository folder), MAVEN_OFFLINE=1 (resolve from that folder only).
set -euo pipefail
OS_VERSION=2.19.1            # core, modules;  plugins are ${OS_VERSION}.0
DIR= PORT=9200 TPORT= HEAP=512m SECURITY=0 NODES=1 RESET=0 INSTALL_ONLY=0 NAME=os TIMEOUT=240 FAST=0 CDS=0 SETTINGS=()
ADMIN_PASSWORD=${OPENSEARCH_ADMIN_PASSWORD:-Adm1n-Test-Passw0rd}
while [ $# -gt 0 ]; do case "$1" in
  --dir) DIR=$2; shift 2;; --port) PORT=$2; shift 2;; --transport-port) TPORT=$2; shift 2;;
  --heap) HEAP=$2; shift 2;; --security) SECURITY=1; shift;; --nodes) NODES=$2; shift 2;;
  --name) NAME=$2; shift 2;; --reset) RESET=1; shift;; --install-only) INSTALL_ONLY=1; shift;;
  --setting) SETTINGS+=("$2"); shift 2;;
  --fast) FAST=1; shift;; --cds) CDS=1; shift;;
  --timeout) TIMEOUT=$2; shift 2;; *) echo "unknown option $1" >&2; exit 2;; esac; done
[ -n "$DIR" ] || { echo "--dir DIR is required" >&2; exit 2; }
TPORT=${TPORT:-$((PORT + 100))}
mkdir -p "$DIR"; DIR=$(cd "$DIR" && pwd); DIST="$DIR/dist-$OS_VERSION"
say() { echo "[opensearch] $*" >&2; }

# ---- a JDK that can run 2.x (11..21; the security manager is gone in 24+) -------------------------------------
java_major() { "$1" -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p'; }
JAVA=
for c in "${OPENSEARCH_JAVA_HOME:-/nonexistent}" /usr/lib/jvm/java-17-openjdk-* "${JAVA_HOME:-/nonexistent}" /usr/lib/jvm/*; do
  [ -x "$c/bin/java" ] || continue; v=$(java_major "$c/bin/java"); [ "${v:-0}" -ge 11 ] && [ "$v" -le 21 ] && { JAVA="$c/bin/java"; break; }
done
[ -n "$JAVA" ] || { say "no JDK 11-21 found (apt-get install openjdk-17-jre-headless)"; exit 3; }

# ---- 1. install: resolve with Maven, lay out lib/ modules/ plugins/ -------------------------------------------
item() { printf '<artifactItem><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version><type>%s</type><outputDirectory>%s</outputDirectory></artifactItem>\n' "$@"; }
dep() { printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n' "$@"; }
descriptor() { # dir name class [extends]
  cat > "$1/plugin-descriptor.properties" <<P
description=$2 module
version=$OS_VERSION
name=$2
classname=$3
java.version=11
opensearch.version=$OS_VERSION
extended.plugins=${4:-}
has.native.controller=false
P
}
install_dist() {
  local tmp="$DIR/.install.$$" S="$OS_VERSION" N=4.1.118.Final A=9.7 m
  rm -rf "$tmp"; mkdir -p "$tmp/zips" "$tmp/dist/lib" "$tmp/dist/plugins"; m="$tmp/dist/modules"
  { cat <<P
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>opensearch-layout</artifactId><version>1</version><packaging>pom</packaging><dependencies>
P
    dep org.opensearch opensearch $S; dep org.opensearch opensearch-plugin-classloader $S
    dep org.apache.logging.log4j log4j-core 2.21.0
    dep org.locationtech.jts jts-core 1.15.0; dep org.locationtech.spatial4j spatial4j 0.7
    cat <<P
</dependencies><build><plugins><plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>2.8</version><executions>
<execution><id>lib</id><phase>initialize</phase><goals><goal>copy-dependencies</goal></goals><configuration><includeScope>runtime</includeScope><outputDirectory>$tmp/dist/lib</outputDirectory></configuration></execution>
<execution><id>rest</id><phase>initialize</phase><goals><goal>copy</goal></goals><configuration><artifactItems>
P
    for x in buffer codec codec-http common handler resolver transport transport-native-unix-common; do item io.netty netty-$x $N jar $m/transport-netty4; done
    item org.opensearch.plugin transport-netty4-client $S jar $m/transport-netty4
    item org.opensearch.plugin analysis-common $S jar $m/analysis-common
    item org.opensearch.plugin mapper-extras-client $S jar $m/mapper-extras
    item org.opensearch.plugin parent-join-client $S jar $m/parent-join
    item org.opensearch.plugin aggs-matrix-stats-client $S jar $m/aggs-matrix-stats
    item org.opensearch.plugin reindex-client $S jar $m/reindex
    item org.opensearch opensearch-ssl-config $S jar $m/reindex
    item org.opensearch.client opensearch-rest-client $S jar $m/reindex
    item org.apache.httpcomponents httpclient 4.5.14 jar $m/reindex
    item org.apache.httpcomponents httpcore 4.4.16 jar $m/reindex
    item org.apache.httpcomponents httpcore-nio 4.4.16 jar $m/reindex
    item org.apache.httpcomponents httpasyncclient 4.1.5 jar $m/reindex
    item commons-codec commons-codec 1.16.1 jar $m/reindex
    item commons-logging commons-logging 1.2 jar $m/reindex
    item org.opensearch.plugin lang-painless $S jar $m/lang-painless
    item org.opensearch.plugin opensearch-scripting-painless-spi $S jar $m/lang-painless
    item org.antlr antlr4-runtime 4.13.1 jar $m/lang-painless
    for x in asm asm-util asm-tree asm-commons asm-analysis; do item org.ow2.asm $x $A jar $m/lang-painless; done
    item org.opensearch.plugin opensearch-knn $S.0 zip $tmp/zips
    item org.opensearch.plugin neural-search $S.0 zip $tmp/zips
    item org.opensearch.plugin opensearch-security $S.0 zip $tmp/zips
    echo '</artifactItems></configuration></execution></executions></plugin></plugins></build></project>'
  } > "$tmp/pom.xml"
  say "resolving OpenSearch $S with Maven"
  mvn -q -B -ntp -Dstyle.color=never ${MAVEN_OFFLINE:+-o} ${MAVEN_REPO_LOCAL:+-Dmaven.repo.local="$MAVEN_REPO_LOCAL"} -f "$tmp/pom.xml" initialize >&2
  descriptor $m/transport-netty4 transport-netty4 org.opensearch.transport.Netty4Plugin
  descriptor $m/analysis-common analysis-common org.opensearch.analysis.common.CommonAnalysisPlugin lang-painless
  descriptor $m/mapper-extras mapper-extras org.opensearch.index.mapper.MapperExtrasPlugin
  descriptor $m/parent-join parent-join org.opensearch.join.ParentJoinPlugin
  descriptor $m/aggs-matrix-stats aggs-matrix-stats org.opensearch.search.aggregations.matrix.MatrixAggregationPlugin
  descriptor $m/reindex reindex org.opensearch.index.reindex.ReindexPlugin
  descriptor $m/lang-painless lang-painless org.opensearch.painless.PainlessPlugin
  cat > $m/transport-netty4/plugin-security.policy <<'P'
grant {
  permission java.io.FilePermission "/proc/sys/net/core/somaxconn", "read";
  permission java.net.SocketPermission "*", "accept,connect";
  permission java.lang.RuntimePermission "setContextClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
  permission java.lang.RuntimePermission "accessDeclaredMembers";
  permission java.util.PropertyPermission "*", "read,write";
};
P
  cat > $m/lang-painless/plugin-security.policy <<'P'
grant {
  permission java.lang.RuntimePermission "createClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
};
P
  local z
  for z in opensearch-knn neural-search opensearch-security; do
    mkdir -p "$tmp/dist/plugins/$z"; unzip -q -o "$tmp/zips/$z-$S.0.zip" -d "$tmp/dist/plugins/$z"
  done
  # opensearch.sha256 beside this script pins every jar and policy file.
  local lock; lock="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/opensearch.sha256"
  (cd "$tmp/dist" && sha256sum --quiet --strict -c "$lock" >&2) || { say "checksum mismatch"; exit 4; }
  chmod -R a+rX "$tmp/dist"; rm -rf "$DIST"; mv "$tmp/dist" "$DIST"; rm -rf "$tmp"; touch "$DIST/.ok"
}
[ -f "$DIST/.ok" ] || install_dist
OPTS=(); [ "$FAST" = 1 ] && OPTS+=(-XX:TieredStopAtLevel=1)
if [ "$CDS" = 1 ]; then # archive is tied to the exact JDK and to the path of lib/
  JSA="$DIST/$("$JAVA" -version 2>&1 | sha256sum | cut -c1-12).jsa"
  if [ ! -s "$JSA" ]; then
    say "making the class-data archive (one throw-away start)"
    OPENSEARCH_EXTRA_JAVA_OPTS="-XX:ArchiveClassesAtExit=$DIR/cds-0/tmp/os.jsa" \
      bash "${BASH_SOURCE[0]}" --dir "$DIR" --port "$PORT" --transport-port "$TPORT" --name cds --reset --fast >/dev/null
    p=$(cat "$DIR/cds-0/pid"); kill "$p"; while kill -0 "$p" 2>/dev/null; do sleep 0.2; done
    [ -s "$DIR/cds-0/tmp/os.jsa" ] && cp "$DIR/cds-0/tmp/os.jsa" "$JSA" && chmod a+r "$JSA"; rm -rf "$DIR/cds-0"
  fi
  [ -s "$JSA" ] && OPTS+=(-XX:SharedArchiveFile="$JSA")
fi
[ "$INSTALL_ONLY" = 1 ] && { echo "$DIST"; exit 0; }

CP=$(printf "%s\n" "$DIST"/lib/*.jar | LC_ALL=C sort | paste -sd:)

# ---- 2. per-node home (hard links to dist) and config ---------------------------------------------------------
RUN_AS=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
  if setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$DIST/.ok" 2>/dev/null; then
    RUN_AS=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  else say "uid 65534 cannot read $DIR: running without JNA (no native root check)"; NOJNA=1; fi
fi
make_certs() { # $1 = dir; CA + node + admin, EC P-256, PKCS#8
  openssl x509 -checkend 86400 -noout -in "$1/node.pem" >/dev/null 2>&1 && return; mkdir -p "$1"
  ( cd "$1"; exec 2>/dev/null
    openssl ecparam -genkey -name prime256v1 -noout | openssl pkcs8 -topk8 -nocrypt -out ca.key
    openssl req -x509 -new -key ca.key -sha256 -days 30 -subj "/O=test/CN=test-ca" -out ca.pem
    for n in node admin; do
      openssl ecparam -genkey -name prime256v1 -noout | openssl pkcs8 -topk8 -nocrypt -out $n.key
      openssl req -new -key $n.key -subj "/O=test/CN=$n" -out $n.csr
      printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' > $n.ext
      openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -days 30 -extfile $n.ext -out $n.pem
    done; rm -f *.csr *.ext )
}
names=(); seeds=()
for i in $(seq 0 $((NODES - 1))); do names+=("$NAME-$i"); seeds+=("127.0.0.1:$((TPORT + i))"); done
join() { local IFS=,; echo "$*"; }
for i in $(seq 0 $((NODES - 1))); do
  H="$DIR/${names[$i]}"
  if [ -f "$H/pid" ] && kill -0 "$(cat "$H/pid")" 2>/dev/null; then say "${names[$i]} is running already (pid $(cat "$H/pid"))"; continue; fi
  [ "$RESET" = 1 ] && rm -rf "$H"
  rm -rf "$H/lib" "$H/modules" "$H/plugins"; mkdir -p "$H/bin" "$H/plugins" "$H/config/opensearch-security" "$H/data" "$H/logs" "$H/tmp"
  mkdir -p "$H/lib"; cp -al "$DIST/modules" "$H/"; cp -al "$DIST/plugins/opensearch-knn" "$DIST/plugins/neural-search" "$H/plugins/"
  [ "$SECURITY" = 1 ] && cp -al "$DIST/plugins/opensearch-security" "$H/plugins/"
  { echo "cluster.name: $NAME"; echo "node.name: ${names[$i]}"
    echo "network.host: 127.0.0.1"; echo "http.port: $((PORT + i))"; echo "transport.port: $((TPORT + i))"
    echo "path.data: $H/data"; echo "path.logs: $H/logs"
    echo "cluster.routing.allocation.disk.threshold_enabled: false"
    echo "action.auto_create_index: true"
    if [ "$NODES" = 1 ]; then echo "discovery.type: single-node"
    else echo "discovery.seed_hosts: [$(join "${seeds[@]}")]"; echo "cluster.initial_cluster_manager_nodes: [$(join "${names[@]}")]"; fi
    if [ "$SECURITY" = 1 ]; then cat <<Y
plugins.security.ssl.transport.pemcert_filepath: node.pem
plugins.security.ssl.transport.pemkey_filepath: node.key
plugins.security.ssl.transport.pemtrustedcas_filepath: ca.pem
plugins.security.ssl.transport.enforce_hostname_verification: true
plugins.security.ssl.http.enabled: true
plugins.security.ssl.http.pemcert_filepath: node.pem
plugins.security.ssl.http.pemkey_filepath: node.key
plugins.security.ssl.http.pemtrustedcas_filepath: ca.pem
plugins.security.allow_default_init_securityindex: true
plugins.security.authcz.admin_dn: ["CN=admin,O=test"]
plugins.security.nodes_dn: ["CN=node,O=test"]
plugins.security.restapi.roles_enabled: ["all_access"]
plugins.security.audit.type: log4j
Y
    fi
    for x in ${SETTINGS[@]+"${SETTINGS[@]}"}; do echo "$x"; done
  } > "$H/config/opensearch.yml"
  cat > "$H/config/log4j2.properties" <<'Y'
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name]%marker %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
Y
  if [ "$SECURITY" = 1 ]; then
    make_certs "$DIR/certs"; cp "$DIR"/certs/{ca.pem,node.pem,node.key} "$H/config/"; chmod 600 "$H/config/node.key"
    S="$H/config/opensearch-security"; cp "$DIST"/plugins/opensearch-security/config/*.yml "$S/"
    HASH="$DIR/certs/admin.$(printf %s "$ADMIN_PASSWORD" | sha256sum | cut -c1-12).bcrypt"
    if [ ! -s "$HASH" ]; then
      "$JAVA" -Xshare:auto -XX:TieredStopAtLevel=1 -cp "$DIST/plugins/opensearch-security/*:$DIST/lib/*" org.opensearch.security.tools.Hasher -p "$ADMIN_PASSWORD" 2>/dev/null | grep '^\$2' | tail -1 > "$HASH"
    fi
    cat > "$S/internal_users.yml" <<Y
_meta: {type: "internalusers", config_version: 2}
admin: {hash: "$(cat "$HASH")", reserved: true, backend_roles: ["admin"]}
Y
    cat > "$S/roles_mapping.yml" <<'Y'
_meta: {type: "rolesmapping", config_version: 2}
all_access: {reserved: false, backend_roles: ["admin"]}
Y
  fi
  [ ${#RUN_AS[@]} -gt 0 ] && { chown -R 65534:65534 "$H/config" "$H/data" "$H/logs" "$H/tmp"; }
  say "starting ${names[$i]} on 127.0.0.1:$((PORT + i)) with $JAVA"
  ( cd "$H"; exec </dev/null >"$H/logs/console.log" 2>&1
    exec setsid ${RUN_AS[@]+"${RUN_AS[@]}"} env HOME="$H/tmp" "$JAVA" -Xms"$HEAP" -Xmx"$HEAP" -Xss1m -XX:+UseSerialGC -Xshare:auto \
      -Djava.io.tmpdir="$H/tmp" -Djava.awt.headless=true -Dfile.encoding=UTF-8 -Djava.locale.providers=SPI,COMPAT \
      -Dopensearch.networkaddress.cache.ttl=60 -Dopensearch.networkaddress.cache.negative.ttl=10 \
      -Djna.nosys=true ${NOJNA:+-Djna.noclasspath=true -Djna.nounpack=true} -XX:-OmitStackTraceInFastThrow \
      -Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true -Dio.netty.recycler.maxCapacityPerThread=0 \
      -Dio.netty.allocator.numDirectArenas=0 -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true \
      $( [ "$(java_major "$JAVA")" -ge 17 ] && echo -Djava.security.manager=allow ) \
      -Dopensearch.path.home="$H" -Dopensearch.path.conf="$H/config" -Dopensearch.distribution.type=tar -Dopensearch.bundled_jdk=false \
      ${OPTS[@]+"${OPTS[@]}"} ${OPENSEARCH_EXTRA_JAVA_OPTS:-} -cp "$CP" org.opensearch.bootstrap.OpenSearch
  ) & echo $! > "$H/pid"
done

# ---- 3. wait ---------------------------------------------------------------------------------------------------
if [ "$SECURITY" = 1 ]; then URL="https://127.0.0.1:$PORT"; C=(--cacert "$DIR/certs/ca.pem" -u "admin:$ADMIN_PASSWORD"); else URL="http://127.0.0.1:$PORT"; C=(); fi
H="$DIR/${names[0]}"; end=$((SECONDS + TIMEOUT))
until curl -sf --noproxy '*' ${C[@]+"${C[@]}"} "$URL/_cluster/health?wait_for_status=yellow&wait_for_nodes=$NODES&timeout=5s" >/dev/null 2>&1; do
  for n in "${names[@]}"; do kill -0 "$(cat "$DIR/$n/pid")" 2>/dev/null || { say "$n died:"; tail -30 "$DIR/$n/logs/console.log" >&2; exit 5; }; done
  [ $SECONDS -lt $end ] || { say "not up after ${TIMEOUT}s"; tail -30 "$H/logs/console.log" >&2; exit 6; }
  sleep 0.3
done
say "up after ${SECONDS}s"; echo "$URL"
