#include "tests/e2e/host.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "base/bytes.h"
#include "base/digest.h"
#include "partitions/slot_selection.h"
#include "tests/e2e/publisher.h"

namespace test {
namespace {

std::string MakeDirectory(const std::string& path) {
  std::filesystem::create_directories(path);
  return path;
}

std::string Quote(const std::string& text) {
  return "\"" + text + "\"";
}

std::string DigestOf(const std::string& bytes) {
  return base::HexEncode(base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(bytes)));
}

}  // namespace

Host::Host(std::string dir, const std::string& trusted_root, const std::string& repository_url,
           const DiskImageOptions& disk)
    : dir_(MakeDirectory(dir)), disk_(DiskImage::Create(dir_ + "/disk.img", disk)) {
  // What runs: bytes that an update must not touch.
  for (const std::uint32_t number : {kBootA, kRootA, kHashA}) {
    const partitions::Extent extent = disk_.extent(number);
    disk_.Write(extent.offset_bytes,
                MakeBytes(extent.size_bytes, "running " + std::to_string(number)));
  }
  std::filesystem::copy_file(trusted_root, dir_ + "/root.json");
  test::WriteAll(dir_ + "/os-release",
                 "VARIANT_ID=demo\nVERSION_ID=1.0.0\nBUILD_ID=1\nPRETTY_NAME=\"Demo 1.0.0\"\n");
  config_ = {{"metadata_base_url", Quote(repository_url + "/metadata")},
             {"targets_base_url", Quote(repository_url + "/targets")},
             {"seed", "42"},
             {"arch", Quote("x86_64")},
             {"trusted_root", Quote(dir_ + "/root.json")},
             {"metadata_dir", Quote(metadata_dir())},
             {"migrations_dir", Quote(migrations_dir())},
             {"state_dir", Quote(state_dir())},
             {"os_release", Quote(dir_ + "/os-release")},
             {"disk", Quote(disk_.path())},
             {"active_set", Quote("a")}};
  WriteConfig();
  active_set_ = DigestActiveSet();
  whole_disk_ = DigestDisk();
}

void Host::SetConfig(const std::string& key, const std::string& value) {
  config_[key] = value;
  WriteConfig();
}

void Host::WriteConfig() const {
  std::string text;
  for (const auto& [key, value] : config_) {
    if (!value.empty()) text.append(key).append(" = ").append(value).append("\n");
  }
  test::WriteAll(config_path(), text);
}

ProcessOptions Host::UpdogOptions(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"--config", config_path()});
  return {.program = Program("updog/updog"), .arguments = std::move(arguments)};
}

ProcessResult Host::Updog(std::vector<std::string> arguments) const {
  return RunProcess(UpdogOptions(std::move(arguments)));
}

ProcessResult Host::Signpost(std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--disk", disk_.path(), "--active", "a"});
  return RunProcess({.program = Program("signpost/signpost"), .arguments = std::move(arguments)});
}

std::string Host::Next() const {
  const auto flags = [this](std::uint32_t number) {
    return partitions::BootFlagsOf(disk_.attributes(number));
  };
  switch (partitions::SelectSlot(flags(kBootA), flags(kBootB))) {
    case partitions::Selection::kA:
      return "A";
    case partitions::Selection::kB:
      return "B";
    case partitions::Selection::kNone:
      return "none";
  }
  return "none";
}

bool Host::SetBHolds(const std::string& boot, const std::string& root,
                     const std::string& hash) const {
  return disk_.Read(disk_.extent(kBootB)).starts_with(boot) &&
         disk_.Read(disk_.extent(kRootB)).starts_with(root) &&
         disk_.Read(disk_.extent(kHashB)).starts_with(hash);
}

std::string Host::DigestActiveSet() const {
  return DigestOf(disk_.Read(disk_.extent(kBootA)) + disk_.Read(disk_.extent(kRootA)) +
                  disk_.Read(disk_.extent(kHashA)));
}

std::string Host::DigestDisk() const {
  return DigestOf(disk_.Read());
}

void Host::ExpectActiveSetUnchanged() const {
  EXPECT_EQ(DigestActiveSet(), active_set_) << "the active set has changed";
}

void Host::ExpectUnharmed() const {
  EXPECT_EQ(Next(), "A");
  ExpectActiveSetUnchanged();
}

void Host::ExpectDiskUntouched() const {
  EXPECT_EQ(DigestDisk(), whole_disk_) << "the disk has changed";
}

}  // namespace test
