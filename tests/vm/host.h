// What every VM test has: a host's disk that runs 1.0.0, a publisher, a web server.
//
// A test's files are in BUILD/vm/tests/NAME, and stay there when it fails. What it starts from was
// made by tests/vm/prepare.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "partitions/boot_flags.h"
#include "partitions/slot_selection.h"
#include "tests/e2e/nginx.h"
#include "tests/vm/machine.h"

namespace test {

// What is prepared: BUILD/vm.
std::string PreparedDirectory();

class VmTest : public testing::Test {
 protected:
  VmTest();
  // Whatever happened to the machine, the whole table is as it should be, as sgdisk sees it.
  void TearDown() override;

  // --- The host ---
  const std::string& directory() const { return directory_; }
  std::string disk() const { return directory_ + "/disk.img"; }
  // The disk in a machine that is switched on.
  std::unique_ptr<Machine> PowerOn();
  // The same, and what it writes goes into a log too (write_log.h).
  std::unique_ptr<Machine> PowerOnRecording(const std::string& log);
  // Where the machine finds what is published: Url("/metadata").
  std::string Url(const std::string& path);
  // Tells updog where the publisher is, once the API server, which writes the configuration when it
  // starts, is up. /etc is empty again after each start.
  void Configure(Machine& machine);
  // The version that answers, after it was marked successful.
  std::string WaitUntilGood(Machine& machine);

  // The disk as public tools see it.
  partitions::BootFlags Flags(partitions::Slot slot) const;
  void SetFlags(partitions::Slot slot, partitions::BootFlags flags) const;
  // Puts the raw images of a prepared release on a set; its flags stay as they are.
  void Install(const std::string& release, partitions::Slot slot) const;
  // Where a partition ("root-b") begins on the disk, in bytes.
  std::uint64_t Offset(const std::string& partition) const;
  void WriteAt(std::uint64_t offset, const std::string& bytes) const;
  std::string ReadAt(std::uint64_t offset, std::size_t size_bytes) const;
  // All that is in a set's partitions.
  std::string ReadSet(partitions::Slot slot) const;

  // --- The publisher ---
  struct Release {
    std::string version;
    std::string prepared;  // its name in BUILD/vm/releases
  };
  // A signed repository of these releases, in place of what was published before.
  void Publish(const std::vector<Release>& releases);
  // From the next Publish() on the manifest lists the demonstration's migrations, from 1.0.0
  // to 2.0.0 and on to 3.0.0.
  void PublishMigrations() { migrations_ = true; }
  // As Publish(), signed with keys of somebody else's.
  void PublishAsAttacker(const std::vector<Release>& releases);
  // Changes one bit in the middle of the published target whose name ends like this.
  void FlipByteOfTarget(const std::string& name_end) const;
  std::string web_root() const { return directory_ + "/www"; }

 private:
  // Where a publisher's root.json and keys are.
  void PublishWith(const std::string& keys, const std::vector<Release>& releases);
  void RunTool(const std::string& program, const std::vector<std::string>& arguments) const;

  std::string directory_;
  std::unique_ptr<Nginx> server_;
  void AddMigrations(const std::string& targets) const;

  bool published_ = false;
  bool migrations_ = false;
};

}  // namespace test
