# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # shared with scripts/bench: programs; source_dir, work, web_port
# An update from a web server onto a disk image, beside SWUpdate, dd and the decompressor alone; the
# first time it fetches 250 MB of Debian packages for the image. Sourced by scripts/bench, in
# build/bench and with its functions.

level=9 frame_mib=4 root_mib=1280
# A container host with the runtimes that its containers bring: about 1 GB.
packages=(
  systemd-sysv systemd-resolved udev dbus iproute2 containerd runc docker.io git python3
  openjdk-17-jre-headless nodejs nginx vim openssh-server linux-image-cloud-amd64
)

programs=$work/programs/bin
build_programs() {
  cmake --build --preset release --target programs && install_programs "$work/programs"
}

# An ext4 image of real files, and its two compressed forms. Kept from run to run.
make_image() {
  [ ! -e image/complete ] || return 0
  say "Making the image from Debian packages"
  rm -rf image tree && mkdir -p image tree/usr/{bin,sbin,lib,lib64}
  ln -s usr/{bin,sbin,lib,lib64} tree
  (cd "$source_dir" && find_package_lists && package_files "${packages[@]}" |
    while read -r file; do unpack "$file" "$work/tree"; done)
  local blocks
  blocks=$(($(du -s -B 4096 --apparent-size tree | cut -f1) * 105 / 100 + 8192))
  truncate -s 0 image/root.img
  mke2fs -q -F -t ext4 -b 4096 -m 0 -O ^has_journal -N $(($(find tree | wc -l) + 64)) -d tree \
    image/root.img $blocks
  rm -rf tree
  truncate -s 1M image/boot.img image/hash.img # the root image is what is measured
  updata compress-image image/root.img --out image/one.zst --level $level
  updata compress-image image/root.img --out image/frames.zst --level $level --frame-size $frame_mib
  touch image/complete
}

# Version 1.0.0 of the repository has one frame, 2.0.0 independent ones.
make_repository() {
  local key=publisher/key.pem root=publisher/root.json manifest=publisher/targets/manifest.json
  rm -rf publisher www && mkdir -p publisher/targets www
  {
    tuftool root init $root
    tuftool root expire $root 'in 1 week'
    tuftool root gen-ed25519-key $root $key --role root --role targets --role snapshot --role timestamp
    tuftool root sign $root --key $key
    updata init $manifest
  } >/dev/null
  ln image/boot.img image/hash.img image/one.zst image/frames.zst publisher/targets
  local version name
  for version in 1.0.0:one.zst 2.0.0:frames.zst; do
    name=${version#*:} version=${version%:*}
    updata add-update $manifest --variant bench --arch "$(uname -m)" --version "$version" \
      --max-version 2.0.0 --boot boot.img --root "$name" --hash hash.img >/dev/null
  done
  tuftool create --root $root --key $key --add-targets publisher/targets --targets-expires 'in 1 week' \
    --snapshot-expires 'in 1 week' --timestamp-expires 'in 1 week' --outdir www >/dev/null
}

# What SWUpdate takes: a signed description with the digest of the image, which it streams.
make_swu() {
  mkdir -p swu
  openssl req -x509 -newkey rsa:2048 -nodes -keyout swu/key.pem -out swu/certificate.pem -days 7 \
    -subj /CN=bench -addext extendedKeyUsage=emailProtection 2>/dev/null
  cat >swu/sw-description <<END
software = {
  version = "1.0";
  hardware-compatibility: [ "1.0" ];
  images: ( {
    filename = "root.zst"; device = "$work/plain.img"; type = "raw"; compressed = "zstd";
    installed-directly = true; sha256 = "$(sha256sum image/one.zst | cut -d' ' -f1)";
  } );
}
END
  openssl cms -sign -in swu/sw-description -out swu/sw-description.sig -signer swu/certificate.pem \
    -inkey swu/key.pem -outform DER -nosmimecap -binary
  ln -f image/one.zst swu/root.zst
  (cd swu && printf '%s\n' sw-description sw-description.sig root.zst |
    cpio -o -H crc --quiet) >www/image.swu
}

make_host() {
  rm -rf host && mkdir -p host
  make_disk host/disk.img image $root_mib
  cat >host/os-release <<'END'
VARIANT_ID=bench
VERSION_ID=0.9.0
END
  cat >host/updog.toml <<END
metadata_base_url = "http://127.0.0.1:$web_port/metadata"
targets_base_url = "http://127.0.0.1:$web_port/targets"
seed = 0
trusted_root = "$work/publisher/root.json"
os_release = "$work/host/os-release"
metadata_dir = "$work/host/metadata"
migrations_dir = "$work/host/migrations"
state_dir = "$work/host/state"
disk = "$work/host/disk.img"
active_set = "a"
END
  # Blocks that the file system has already given out, as a partition has.
  dd if=/dev/zero of=plain.img bs=1M count=$root_mib conv=fsync status=none
  dd if=/dev/zero of=host/disk.img bs=1M count=$root_mib oflag=seek_bytes conv=notrunc,fsync \
    seek="$(partition_start host/disk.img root-b)" status=none
}

# holds_image FILE OFFSET
holds_image() {
  cmp --bytes="$(stat -c %s image/root.img)" --ignore-initial="$2:0" "$1" image/root.img ||
    die "$1 does not hold the image"
}

image_sizes() {
  printf '{ "bytes": %d, "one_frame_bytes": %d, "frames_bytes": %d, "frame_mib": %d, "zstd_level": %d }' \
    "$(stat -c %s image/root.img)" "$(stat -c %s image/one.zst)" "$(stat -c %s image/frames.zst)" \
    $frame_mib $level
}

bench_install() {
  local rounds=$1 round name updog url order
  make_image
  make_repository
  make_swu
  ln image/one.zst www/one.zst
  start_web_server www server
  make_host

  local -A title=(
    [floor]="zstd -dc, one frame, to nowhere: the floor"
    [one]="updog update-image, one frame"
    [frames]="updog update-image, frames of $frame_mib MiB"
    [swupdate]="SWUpdate, streaming"
    [dd]="curl | zstd -dc | dd oflag=direct conv=fsync"
    [check]="updog check-update"
  )
  updog="updog --config host/updog.toml"
  url=http://127.0.0.1:$web_port
  local -A commands=(
    [floor]="zstd -dc image/one.zst >/dev/null"
    [one]="$updog update-image --image 1.0.0"
    [frames]="$updog update-image --image 2.0.0"
    [swupdate]="swupdate -H bench:1.0 -k swu/certificate.pem -d '-u $url/image.swu'"
    [dd]="curl -sf $url/one.zst | zstd -dc |
      dd of=plain.img bs=4M iflag=fullblock oflag=direct conv=notrunc,fsync"
  )
  order=(floor one frames swupdate dd)

  # Once without counting: everything is in the cache, and everybody shows that the work gets done.
  say "A round that is not counted, and a look at what each has written"
  for name in "${order[@]}"; do
    dd if=/dev/zero of=plain.img bs=1M count=1 conv=notrunc status=none
    measure "$name" sh -c "${commands[$name]}"
    case $name in
      one | frames) holds_image host/disk.img "$(partition_start host/disk.img root-b)" ;;
      swupdate | dd) holds_image plain.img 0 ;;
    esac
  done
  : >measured
  for ((round = 1; round <= rounds; round++)); do
    say "Round $round of $rounds"
    for name in "${order[@]}"; do measure "$name" sh -c "${commands[$name]}"; done
  done
  say "The check for an update, against a warm cache"
  for _ in {1..20}; do measure check sh -c "$updog check-update"; done

  say
  say "Image $(numfmt --to=iec-i --suffix=B <<<"$(stat -c %s image/root.img)"), zstd -$level; $rounds rounds, interleaved; $(swupdate --version 2>/dev/null | head -n 1)"
  {
    for name in "${order[@]}" check; do echo "title $name ${title[$name]}"; done
    cat measured
  } | awk -v json=install.json -v machine="$(machine)" -v image="$(image_sizes)" -v rounds="$rounds" \
    -v floor=floor -v rival=swupdate -f "$source_dir/scripts/lib/median.awk" \
    -f "$source_dir/scripts/lib/bench-install.awk"
  say
  note "All times are in build/bench/install.json."
}
