// UEFI device paths (UEFI 10.3), as bytes: from the partition that the selector was started from to
// the whole disk, and from there to another partition.
//
// Every function stops at the end node, at a node whose length is impossible, or after
// kMaxPathBytes, whichever is first: firmware's paths are trusted, yet never to the point of an
// endless loop.
//
// Freestanding. Pure functions.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace selector {

constexpr size_t kMaxPathBytes = 4096;

// How many bytes of `path` lead to the disk, that is stand before its last hard-drive node; 0 where
// there is none.
size_t DiskPathBytes(const uint8_t* path);

// Whether `path` is exactly the disk's path followed by the end node.
bool IsDisk(const uint8_t* path, const uint8_t* disk_path, size_t disk_path_bytes);

// Whether `path` is exactly the disk's path, the hard-drive node of the GPT partition with this
// unique GUID (as it stands in the table), and the end node.
bool IsPartition(const uint8_t* path, const uint8_t* disk_path, size_t disk_path_bytes,
                 const uint8_t (&unique_guid)[16]);

}  // namespace selector
