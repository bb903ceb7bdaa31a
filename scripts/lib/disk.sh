# shellcheck shell=bash
# GPT disk images with two sets, made and read by public tools on plain files. Sourced.

# Numbers of a set's partitions.
declare -A partition=([boot-a]=2 [root-a]=3 [hash-a]=4 [boot-b]=5 [root-b]=6 [hash-b]=7)

# make_disk FILE RELEASE [MIB]: set A holds the images of the directory RELEASE and has the flags with
# which a disk is shipped: priority 1 (bit 48), 3 tries (bits 52 and 53), successful (bit 56). B is
# empty. Root partitions have MIB (512).
make_disk() {
  local boot=6b636168-7420-6568-2070-6c616e657421 root=5526016a-1a97-4ea4-b39a-b7c8c6ca4502
  local hash=598f10af-c955-4456-6a99-7720068a6cea private=440408bb-eb0b-4328-a6e5-a29038fad706
  local root_mib=${3:-512}
  truncate -s $((2 * root_mib + 276))M "$1"
  sgdisk --clear \
    --new=1:0:+16M --typecode=1:ef00 --change-name=1:EFI \
    --new=2:0:+64M --typecode=2:$boot --change-name=2:BOOT-A \
    --new=3:0:"+${root_mib}M" --typecode=3:$root --change-name=3:ROOT-A \
    --new=4:0:+16M --typecode=4:$hash --change-name=4:HASH-A \
    --new=5:0:+64M --typecode=5:$boot --change-name=5:BOOT-B \
    --new=6:0:"+${root_mib}M" --typecode=6:$root --change-name=6:ROOT-B \
    --new=7:0:+16M --typecode=7:$hash --change-name=7:HASH-B \
    --new=8:0:+16M --typecode=8:$private --change-name=8:PRIVATE \
    --new=9:0:0 --typecode=9:8300 --change-name=9:DATA \
    --attributes=2:set:48 --attributes=2:set:52 --attributes=2:set:53 --attributes=2:set:56 \
    "$1" >/dev/null
  local image
  for image in boot root hash; do
    dd if="$2/$image.img" of="$1" bs=1M oflag=seek_bytes seek="$(partition_start "$1" $image-a)" \
      conv=notrunc,sparse status=none
  done
}

# Both in bytes; the second argument is a key of `partition`.
partition_start() { echo $(($(partx -rgo START --nr "${partition[$2]}" "$1") * 512)); }
partition_size() { echo $(($(partx -rgo SECTORS --nr "${partition[$2]}" "$1") * 512)); }

# read_partition FILE NAME: its bytes, to standard output.
read_partition() {
  dd if="$1" bs=1M iflag=skip_bytes,count_bytes status=none \
    skip="$(partition_start "$1" "$2")" count="$(partition_size "$1" "$2")"
}
