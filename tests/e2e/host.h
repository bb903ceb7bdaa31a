// A host on a disk image: set A runs version 1.0.0 of variant "demo", set B is empty; updog and
// signpost are run as processes, with a configuration of their own.
//
// The host knows what must never change, and says so (ExpectUnharmed).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/disk_image.h"
#include "tests/support/process.h"

namespace test {

class Host {
 public:
  // Makes the directory, with a disk image in it. `trusted_root` is copied.
  Host(std::string dir, const std::string& trusted_root, const std::string& repository_url,
       const DiskImageOptions& disk = {});

  // A key of the configuration, as TOML has it: SetConfig("seed", "7"). Empty: not set.
  void SetConfig(const std::string& key, const std::string& value);
  std::string config_path() const { return dir_ + "/updog.toml"; }
  std::string metadata_dir() const { return dir_ + "/metadata"; }
  std::string migrations_dir() const { return dir_ + "/migrations"; }
  std::string state_dir() const { return dir_ + "/state"; }
  const DiskImage& disk() const { return disk_; }

  // What running `updog` with these arguments would take.
  ProcessOptions UpdogOptions(std::vector<std::string> arguments) const;
  ProcessResult Updog(std::vector<std::string> arguments) const;
  ProcessResult Signpost(std::vector<std::string> arguments) const;

  // Which set the firmware would start, from the flags as libfdisk reads them: "A", "B", "none".
  std::string Next() const;
  // Whether the inactive set's partitions begin with these images.
  bool SetBHolds(const std::string& boot, const std::string& root, const std::string& hash) const;

  // Fails the test unless set A is next to boot, and its partitions are what they were.
  void ExpectUnharmed() const;
  // The active set's partitions only.
  void ExpectActiveSetUnchanged() const;
  // Fails the test unless the whole disk is what it was.
  void ExpectDiskUntouched() const;

 private:
  void WriteConfig() const;
  std::string DigestActiveSet() const;
  std::string DigestDisk() const;

  std::string dir_;
  DiskImage disk_;
  std::map<std::string, std::string> config_;
  // As they were. Digests, since a test may have a fleet of hosts.
  std::string active_set_;
  std::string whole_disk_;
};

}  // namespace test
